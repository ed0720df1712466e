import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from '../../runtime/fixtures/fast-check.js';
import { anySignals, signals } from './fixtures/signals.js';
import type { ScalingSignals } from './scaling-policy.js';
import { threshold, type ThresholdMemory, type ThresholdOptions } from './threshold.js';

const UP = { queueDepth: 51, cpu: 0.74 };
const DOWN = { queueDepth: 24, cpu: 0.29 };
const BETWEEN = { queueDepth: 40, cpu: 0.5 };

/** Decides every 2 s on each of `steps`, obeys at once, and returns the sizes after each decision with the last reason. */
function run(steps: readonly Partial<ScalingSignals>[], options?: ThresholdOptions, start = 4): { sizes: number[]; reason: string } {
  const policy = threshold(options);
  let memory: ThresholdMemory = policy.initial();
  let workers = start;
  let reason = '';
  const sizes = steps.map((step, index) => {
    const answer = policy.decide(signals({ workers, busy: workers, nowMs: index * 2_000, ...step }), memory);
    memory = answer.memory;
    workers = answer.decision.target;
    reason = answer.decision.reason;
    return workers;
  });
  return { sizes, reason };
}

function times<T>(count: number, value: T): T[] {
  return new Array<T>(count).fill(value);
}

describe('threshold', () => {
  it('adds two workers once the queue has been long and the CPU free for two intervals', () => {
    assert.deepEqual(run(times(5, UP)).sizes, [4, 4, 6, 8, 10]);
    assert.deepEqual(run(times(9, UP), { holdUpMs: 0 }, 4).sizes.slice(0, 3), [6, 8, 10]);
  });

  it('removes one worker once the queue has been short and the CPU idle for two intervals', () => {
    assert.deepEqual(run(times(7, { ...DOWN, min: 1 })).sizes, [4, 4, 3, 2, 1, 1, 1]);
  });

  it('does nothing at the thresholds themselves', () => {
    for (const step of [{ ...UP, queueDepth: 50 }, { ...UP, cpu: 0.75 }, { ...DOWN, queueDepth: 25 }, { ...DOWN, cpu: 0.3 }, BETWEEN]) {
      assert.deepEqual(run(times(5, step)).sizes, times(5, 4), JSON.stringify(step));
    }
  });

  it('counts the hold time anew when the condition breaks off', () => {
    assert.deepEqual(run([UP, UP, BETWEEN, UP, UP, UP]).sizes, [4, 4, 4, 4, 4, 6]);
    assert.deepEqual(run([DOWN, DOWN, UP, DOWN, DOWN, DOWN]).sizes, [4, 4, 4, 4, 4, 3]);
  });

  it('does not shrink for the hold time after it grew', () => {
    assert.deepEqual(run([UP, UP, UP, DOWN, DOWN, DOWN, DOWN, DOWN], { holdDownMs: 8_000 }).sizes, [4, 4, 6, 6, 6, 6, 6, 5]);
    assert.deepEqual(run([UP, UP, UP, DOWN, DOWN, DOWN], { holdDownMs: 0 }).sizes, [4, 4, 6, 5, 4, 3]);
    assert.deepEqual(run([DOWN, { ...DOWN, min: 6 }, DOWN, DOWN]).sizes, [4, 6, 6, 5], 'also when it grew to its minimum');
  });

  it('starts a worker at once for tasks without any', () => {
    assert.deepEqual(run([{ queueDepth: 1, cpu: 1, min: 0 }], {}, 0).sizes, [1]);
    assert.deepEqual(run([{ queueDepth: 1, cpu: 1, min: 3 }], {}, 0).sizes, [3]);
    assert.deepEqual(run([{ queueDepth: 0, min: 0 }], {}, 0).sizes, [0]);
  });

  it('keeps the last worker while there are tasks', () => {
    assert.deepEqual(run(times(5, { ...DOWN, queueDepth: 3, min: 0 }), {}, 2).sizes, [2, 2, 1, 1, 1]);
    assert.deepEqual(run(times(5, { ...DOWN, queueDepth: 0, inFlight: 1, min: 0 }), {}, 2).sizes, [2, 2, 1, 1, 1]);
    assert.deepEqual(run(times(5, { ...DOWN, queueDepth: 0, inFlight: 0, min: 0 }), {}, 2).sizes, [2, 2, 1, 0, 0]);
  });

  it('grows without and shrinks by the share of busy workers where the CPU is not known', () => {
    const unknown = { cpu: undefined };
    assert.deepEqual(run(times(3, { ...unknown, queueDepth: 51 })).sizes, [4, 4, 6]);
    assert.deepEqual(run(times(3, { ...unknown, busy: 1 })).sizes, [4, 4, 3]);
    assert.deepEqual(run(times(3, { ...unknown, busy: 2 })).sizes, [4, 4, 4]);
    assert.deepEqual(run(times(3, { ...unknown, busy: 0, starting: 4 })).sizes, [4, 4, 4], 'none is ready');
  });

  it('returns to its limits at once', () => {
    assert.deepEqual(run([{ ...BETWEEN, max: 3 }]).sizes, [3]);
    assert.deepEqual(run([{ ...BETWEEN, min: 6 }]).sizes, [6]);
  });

  it('says why with the numbers that decided', () => {
    assert.equal(run(times(3, UP)).reason, 'queue depth 51 and CPU 74 % (above 50, below 75 %) for 4000 ms: add 2, at most 16');
    assert.equal(run(times(3, DOWN)).reason, 'queue depth 24 and CPU 29 % (below 25, below 30 %) for 4000 ms: remove 1, at least 1 stay');
    assert.equal(run([{ queueDepth: 30 }]).reason, 'no change: queue depth 30 and CPU unknown, 100 % busy, 4 workers');
  });

  it('takes its numbers from the options', () => {
    const options: ThresholdOptions = {
      intervalMs: 1_000,
      depthUp: 5,
      cpuUp: 0.9,
      stepUp: 3,
      holdUpMs: 0,
      depthDown: 2,
      cpuDown: 0.5,
      stepDown: 2,
      holdDownMs: 0,
    };
    assert.equal(threshold(options).intervalMs, 1_000);
    assert.equal(threshold().intervalMs, 2_000);
    assert.deepEqual(
      run(
        [
          { queueDepth: 6, cpu: 0.89 },
          { queueDepth: 1, cpu: 0.49 },
        ],
        options,
      ).sizes,
      [7, 5],
    );
    assert.deepEqual(run(times(3, { queueDepth: 11, cpu: 0 }), { depthUp: 10 }).sizes, [4, 4, 6], 'depthDown gives way to a lower depthUp');
  });

  it('refuses conditions that could hold at once, and numbers out of range', () => {
    assert.throws(() => threshold({ depthUp: 10, depthDown: 11 }, 'policy'), { code: 'ERR_OPTION', option: 'policy.depthDown' });
    for (const [key, value] of Object.entries({ intervalMs: 0, depthUp: -1, cpuUp: 75, stepUp: 0, holdUpMs: -1, stepDown: 1.5, cpuDown: '30%', up: 1 })) {
      assert.throws(() => threshold({ [key]: value }, 'policy'), { code: 'ERR_OPTION', option: `policy.${key}` });
    }
  });

  it('keeps its target within the limits and never flaps, whatever it sees', () => {
    const step = fc.tuple(anySignals, fc.integer({ min: 1, max: 4_000 }), fc.constantFrom(UP, DOWN, {}));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.nat(10_000), (steps, holdDownMs) => {
        const policy = threshold({ holdDownMs, holdUpMs: 0 });
        let memory = policy.initial();
        let nowMs = 0;
        let grewAtMs = -Infinity;
        for (const [seen, elapsedMs, load] of steps) {
          nowMs += elapsedMs;
          const now = { ...seen, ...load, nowMs };
          const answer = policy.decide(now, memory);
          memory = answer.memory;
          const { target } = answer.decision;
          assert.ok(Number.isInteger(target) && target >= now.min && target <= now.max, String(target));
          assert.ok(memory.upSinceMs === undefined || memory.downSinceMs === undefined, 'both conditions hold');
          if (target < now.workers && now.workers <= now.max) assert.ok(nowMs - grewAtMs >= holdDownMs, 'shrank too soon after it grew');
          if (target > now.workers) grewAtMs = nowMs;
        }
      }),
    );
  });
});
