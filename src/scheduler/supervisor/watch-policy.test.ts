import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { judge } from './watch-policy.js';
import type { WatchLimits } from './watch-policy.js';

const LIMITS: WatchLimits = { stuckAfterMs: Infinity, reportAfterMs: 30_000, breaksDeadlocks: true };
const DAY_MS = 86_400_000;

describe('what becomes of a worker that does not answer', () => {
  test('one that computes is healthy for ever when no limit was set', () => {
    assert.equal(judge('computing', 365 * DAY_MS, false, LIMITS).action, 'none');
    assert.equal(judge('unknown', DAY_MS, false, LIMITS).action, 'none');
  });

  test('one that computes is ended at the limit, not before', () => {
    const limits = { ...LIMITS, stuckAfterMs: 500 };
    assert.equal(judge('computing', 499, false, limits).action, 'none');
    assert.deepEqual(judge('computing', 500, false, limits), { action: 'end', reason: 'limit' });
  });

  for (const activity of ['blocked', 'locked', 'stopped'] as const) {
    test(`one that is ${activity} is reported, and ended only where a limit says so`, () => {
      assert.equal(judge(activity, 29_999, false, LIMITS).action, 'none');
      assert.deepEqual(judge(activity, 30_000, false, LIMITS), { action: 'report', reason: 'blocked' });
      assert.deepEqual(judge(activity, 40_000, false, { ...LIMITS, stuckAfterMs: 35_000 }), { action: 'end', reason: 'limit' });
    });
  }

  test('a deadlock is believed when it is seen twice, and needs no limit', () => {
    assert.equal(judge('deadlocked', 1_000, false, LIMITS).action, 'none');
    assert.deepEqual(judge('deadlocked', 1_000, true, LIMITS), { action: 'end', reason: 'deadlock' });
    assert.deepEqual(judge('deadlocked', 1_000, true, { ...LIMITS, breaksDeadlocks: false }), { action: 'report', reason: 'deadlock' });
  });

  test('one that is idle, starts, waits for events or has ended is nobody’s concern', () => {
    for (const activity of ['idle', 'starting', 'waiting', 'dead'] as const)
      assert.equal(judge(activity, DAY_MS, true, { ...LIMITS, stuckAfterMs: 1 }).action, 'none');
  });
});
