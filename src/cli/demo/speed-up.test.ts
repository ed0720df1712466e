import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeSpeedUp } from './speed-up.js';

test('the ratio is of the medians, and all times are told', () => {
  const files = [{ path: 'a', bytes: 2_048, kind: '.js' }];
  assert.equal(
    describeSpeedUp({ files, passes: 1, workers: 2, oneMs: [4_000, 9_000, 4_200], allMs: [2_100, 1_000, 2_100] }),
    'speed-up 2.00x with 2 workers: the same 1 file (2.0 KB) took 4.0s, 9.0s, 4.2s on 1 worker, 2.1s, 1.0s, 2.1s on 2, measured in turn',
  );
  assert.match(describeSpeedUp({ files, passes: 3, workers: 2, oneMs: [1_000], allMs: [500] }), /\(2\.0 KB, 3 times over\) took/);
});
