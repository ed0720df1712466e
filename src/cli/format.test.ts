import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { formatBytes, formatCount, formatDuration, formatLatency, formatRate, plural, shorten } from './format.js';

describe('format', () => {
  test('durations have the two units that matter', () => {
    const cases: readonly (readonly [number, string])[] = [
      [0, '0.0s'],
      [430, '0.4s'],
      [9_940, '9.9s'],
      [9_960, '10s'],
      [59_400, '59s'],
      [59_600, '1m00s'],
      [184_000, '3m04s'],
      [3_599_700, '1h00m'],
      [3_720_000, '1h02m'],
      [183_600_000, '2d03h'],
      [Infinity, '?'],
    ];
    for (const [ms, text] of cases) assert.equal(formatDuration(ms), text);
  });

  test('latencies keep what is significant', () => {
    assert.deepEqual([0.051, 5.94, 99.9, 210.4, 1_250, 12_000].map(formatLatency), ['0.05ms', '5.9ms', '99.9ms', '210ms', '1.25s', '12s']);
  });

  test('bytes never show four digits before the point', () => {
    assert.deepEqual([0, 812, 1_000, 1_434, 23 * 1_024 ** 2, 999.6 * 1_024 ** 2, 5 * 1_024 ** 5].map(formatBytes), [
      '0 B',
      '812 B',
      '1.0 KB',
      '1.4 KB',
      '23.0 MB',
      '1.0 GB',
      '5120 TB',
    ]);
  });

  test('counts and rates', () => {
    assert.equal(formatCount(1_234_567), '1,234,567');
    assert.deepEqual([0.42, 99.94, 1_204.4].map(formatRate), ['0.4/s', '99.9/s', '1,204/s']);
    assert.deepEqual([plural(1, 'input'), plural(2_000, 'input')], ['1 input', '2,000 inputs']);
  });

  test('a long text is cut to one line', () => {
    assert.equal(shorten('a\n  b', 10), 'a b');
    assert.equal(shorten('abcdef', 4), 'abc…');
  });
});
