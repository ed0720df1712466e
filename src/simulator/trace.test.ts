import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseTrace, traceDurationMs } from './trace.js';

test('a trace is instants, or counts over intervals', () => {
  const stamps = parseTrace('TIMESTAMP\n2023-11-16 18:15:46.680\n2023-11-16 18:15:50.995\n');
  assert.deepEqual(stamps, { kind: 'stamps', stampsMs: [0, 4_315] });
  assert.deepEqual(parseTrace('10\n10\n12.5'), { kind: 'stamps', stampsMs: [0, 0, 2.5] });
  const counts = parseTrace('period,count\r\n1998-06-22 00:00:00,13835\r\n1998-06-22 00:01:00,14760\r\n');
  assert.deepEqual(counts, { kind: 'counts', intervalMs: 60_000, counts: [13_835, 14_760] });
  assert.equal(traceDurationMs({ ...counts, speed: 60 }), 2_000);
});

test('a line that is no trace is named', () => {
  assert.throws(() => parseTrace('1\n2\nnoon'), { code: 'ERR_OPTION', message: /row 3.*date and time/ });
  assert.throws(() => parseTrace('2\n1'), { message: /row 2.*not before/ });
  assert.throws(() => parseTrace('period,count\n0,1\n60000,many'), { message: /row 2.*count/ });
  assert.throws(() => parseTrace(''), { code: 'ERR_OPTION' });
});
