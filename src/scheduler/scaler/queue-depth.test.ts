import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from '../../runtime/fixtures/fast-check.js';
import { anySignals, signals } from './fixtures/signals.js';
import { queueDepth } from './queue-depth.js';
import type { ScalingDecision, ScalingSignals } from './scaling-policy.js';

const policy = queueDepth();

function decide(overrides: Partial<ScalingSignals>, by = policy): ScalingDecision {
  return by.decide(signals(overrides), undefined).decision;
}

function target(overrides: Partial<ScalingSignals>, by = policy): number {
  return decide(overrides, by).target;
}

describe('queue-depth', () => {
  it('adds one worker a waiting task in one step, up to the maximum', () => {
    assert.equal(target({ workers: 2, busy: 2, queueDepth: 3, max: 8 }), 5);
    assert.equal(target({ workers: 2, busy: 2, queueDepth: 300, max: 8 }), 8);
    assert.equal(target({ workers: 8, busy: 8, queueDepth: 300, max: 8 }), 8);
  });

  it('grows only from 80 % busy', () => {
    assert.equal(target({ workers: 5, busy: 4, queueDepth: 1, max: 8 }), 6);
    assert.equal(target({ workers: 5, busy: 3, queueDepth: 1, max: 8 }), 5);
    assert.equal(target({ workers: 5, busy: 5, queueDepth: 0, max: 8 }), 5);
  });

  it('counts starting workers as capacity to come', () => {
    const busy = { busy: 2, max: 16, concurrency: 2 };
    assert.equal(target({ ...busy, workers: 5, starting: 3, queueDepth: 6 }), 5);
    assert.equal(target({ ...busy, workers: 5, starting: 3, queueDepth: 8 }), 7);
    assert.equal(target({ workers: 1, starting: 1, queueDepth: 1, max: 8 }), 1);
  });

  it('starts from nothing', () => {
    assert.equal(target({ workers: 0, busy: 0, queueDepth: 2, min: 0, max: 8 }), 2);
    assert.equal(target({ workers: 0, busy: 0, queueDepth: 0, min: 3, max: 8 }), 3);
    assert.equal(target({ workers: 0, busy: 0, queueDepth: 1, min: 3, max: 8 }), 3);
  });

  it('lets as many leave as have been idle for 5 s, down to the minimum', () => {
    const idle = { workers: 6, busy: 2, max: 8, idleMs: [9_000, 5_000, 4_999, 0] };
    assert.equal(target({ ...idle, min: 1 }), 4);
    assert.equal(target({ ...idle, min: 5 }), 5);
    assert.equal(target({ ...idle, min: 6 }), 6);
    assert.equal(target({ workers: 2, busy: 0, min: 0, idleMs: [6_000, 6_000] }), 0);
  });

  it('lets nobody leave while a worker is starting', () => {
    assert.equal(target({ workers: 4, starting: 1, busy: 1, min: 1, idleMs: [9_000, 9_000] }), 4);
  });

  it('keeps the last worker of a paused pool with waiting tasks', () => {
    assert.equal(target({ workers: 2, busy: 0, min: 0, queueDepth: 5, idleMs: [9_000, 9_000] }), 1);
  });

  it('returns to its limits when they have moved', () => {
    assert.equal(target({ workers: 9, busy: 9, queueDepth: 5, max: 8 }), 8);
    assert.equal(target({ workers: 1, busy: 0, min: 2 }), 2);
  });

  it('says why with the numbers that decided', () => {
    const grown = decide({ workers: 2, busy: 2, queueDepth: 3, max: 8 });
    assert.equal(grown.reason, 'queue depth 3, 2 of 2 ready workers busy, 0 starting (grows from 80 % busy): add 3, at most 8');
    assert.equal(decide({ workers: 3, busy: 1, min: 1, idleMs: [8_000, 7_000] }).reason, '2 of 3 workers idle for 5000 ms: remove 2, at least 1 stay');
    assert.equal(decide({ workers: 3, busy: 1 }).reason, 'no change: queue depth 0, 1 of 3 ready workers busy, 0 starting');
  });

  it('takes its numbers from the options', () => {
    const eager = queueDepth({ intervalMs: 100, busyShareMin: 0.5, idleMs: 1_000 });
    assert.equal(eager.intervalMs, 100);
    assert.equal(policy.intervalMs, 500);
    assert.equal(target({ workers: 4, busy: 2, queueDepth: 1, max: 8 }, eager), 5);
    assert.equal(target({ workers: 4, busy: 3, min: 1, idleMs: [1_000] }, eager), 3);
    for (const [key, value] of Object.entries({ intervalMs: 0, busyShareMin: 80, idleMs: -1, idle: 5 })) {
      assert.throws(() => queueDepth({ [key]: value }, 'policy'), { code: 'ERR_OPTION', option: `policy.${key}` });
    }
  });

  it('keeps its target within the limits, whatever it sees', () => {
    fc.assert(
      fc.property(anySignals, (seen) => {
        const wanted = target(seen);
        assert.ok(Number.isInteger(wanted) && wanted >= seen.min && wanted <= seen.max, String(wanted));
      }),
    );
  });

  it('does not shrink what it has just grown, nor grow again for the same tasks', () => {
    fc.assert(
      fc.property(anySignals, (seen) => {
        const wanted = target(seen);
        if (wanted <= seen.workers) return;
        const grown = { ...seen, workers: wanted, starting: seen.starting + wanted - seen.workers };
        assert.equal(target(grown), wanted);
      }),
    );
  });
});
