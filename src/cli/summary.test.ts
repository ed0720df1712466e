import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { parseHalt } from './halt.js';
import type { JobReport } from './job.js';
import { describeRest, renderSummary } from './summary.js';
import type { SummaryContext } from './summary.js';

const report: JobReport = {
  ok: 9_998,
  failed: 0,
  skipped: 0,
  unfinished: [],
  nextIndex: 9_998,
  exhausted: true,
  elapsedMs: 8_300,
  workersMax: 8,
  cause: undefined,
  error: undefined,
};
const context: SummaryContext = {
  argv: ['run', 'm.js', '-i', 'x.csv'],
  worker: 'thread',
  joblog: undefined,
  halt: undefined,
  deadlineMs: undefined,
  failures: [],
};

describe('renderSummary', () => {
  test('a clean run is one line', () => assert.deepEqual(renderSummary(report, context), ['9,998 ok, 0 failed in 8.3s, 1,205/s, up to 8 thread workers']));

  test('failures are shown, counted, and can be retried when there is a log', () => {
    const lines = renderSummary(
      { ...report, failed: 5 },
      { ...context, joblog: 'run.log', failures: ['input 1: Error: a', 'input 2: Error: b', 'input 3: Error: c'] },
    );
    assert.deepEqual(lines.slice(1), [
      '  input 1: Error: a',
      '  input 2: Error: b',
      '  input 3: Error: c',
      '  and 2 more',
      'retry the failed: millrace run m.js -i x.csv --resume-failed',
    ]);
  });

  test('a stopped run says why, what is left and how to go on', () => {
    const lines = renderSummary(
      { ...report, ok: 12, skipped: 3, unfinished: [14, 15], nextIndex: 16, exhausted: false, cause: { kind: 'signal', signal: 'SIGINT' } },
      { ...context, joblog: 'run.log' },
    );
    assert.deepEqual(lines, [
      'stopped: SIGINT',
      '12 ok, 0 failed, 3 skipped in 8.3s, 1.4/s, up to 8 thread workers',
      'not finished: all from 14 on (numbered from 0)',
      'go on with: millrace run m.js -i x.csv --resume',
    ]);
  });

  test('without a log it says how a run could have been resumed', () => {
    const lines = renderSummary({ ...report, failed: 1, cause: { kind: 'halt' } }, { ...context, halt: parseHalt('--halt', 'now,fail=1') });
    assert.equal(lines[0], 'stopped: --halt now,fail=1');
    assert.equal(lines.at(-1), 'a run with a log can be resumed: millrace run m.js -i x.csv --joblog run.joblog');
  });
});

test('what is left is listed as ranges', () => {
  assert.equal(describeRest({ unfinished: [3, 5, 6, 7], nextIndex: 9, exhausted: false }), 'inputs 3, 5-7 and all from 9 on (numbered from 0)');
  assert.equal(describeRest({ unfinished: [2, 3], nextIndex: 4, exhausted: true }), 'inputs 2-3 (numbered from 0)');
  assert.equal(describeRest({ unfinished: [], nextIndex: 0, exhausted: false }), 'all from 0 on (numbered from 0)');
});
