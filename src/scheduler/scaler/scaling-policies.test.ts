import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from '../../runtime/fixtures/fast-check.js';
import { fixed } from './fixed.js';
import { anySignals, signals } from './fixtures/signals.js';
import { scalingPolicy, type ScalingPolicyName } from './scaling-policies.js';
import type { ScalingPolicy } from './scaling-policy.js';

const NAMES: readonly ScalingPolicyName[] = ['adaptive', 'queue-depth', 'threshold', 'fixed'];

describe('scalingPolicy', () => {
  it('finds every policy by the name it bears', () => {
    for (const name of NAMES) assert.equal(scalingPolicy('policy', name).name, name);
  });

  it('hands the options to the named policy', () => {
    assert.equal(scalingPolicy('policy', 'queue-depth', { intervalMs: 50 }).intervalMs, 50);
    assert.equal(scalingPolicy('policy', 'threshold', { intervalMs: 60 }).intervalMs, 60);
    assert.throws(() => scalingPolicy('policy', 'threshold', { idleMs: 60 } as never), { code: 'ERR_OPTION', option: 'policy.idleMs' });
    assert.throws(() => scalingPolicy('policy', 'fixed', { intervalMs: 60 }), { code: 'ERR_OPTION', option: 'policy.intervalMs' });
  });

  it('refuses other names and lists its own', () => {
    for (const name of ['Adaptive', '', 'constructor', 'Fixed', null, undefined, 7, () => 1]) {
      assert.throws(
        () => scalingPolicy('policy', name as never),
        { code: 'ERR_OPTION', option: 'policy', message: /'adaptive', 'queue-depth', 'threshold', 'fixed'/ },
        String(name),
      );
    }
  });

  it('takes a policy of the user, methods of a class included', () => {
    class Doubling implements ScalingPolicy<number> {
      readonly name = 'doubling';
      readonly intervalMs = 10;
      initial(): number {
        return 1;
      }
      decide(_: unknown, size: number): ReturnType<ScalingPolicy<number>['decide']> {
        return { decision: { target: size * 2, reason: 'because' }, memory: size * 2 };
      }
    }
    const mine = new Doubling();
    assert.equal(scalingPolicy('policy', mine), mine);
    assert.throws(() => scalingPolicy('policy', mine, { intervalMs: 5 }), { code: 'ERR_OPTION', option: 'policy.intervalMs' });
  });

  it('names what a policy of the user lacks', () => {
    const whole = fixed();
    for (const [key, value] of Object.entries({ name: '', intervalMs: 0, initial: undefined, decide: 'up' })) {
      assert.throws(() => scalingPolicy('policy', { ...whole, [key]: value } as never), { code: 'ERR_OPTION', option: `policy.${key}` });
    }
  });
});

describe('fixed', () => {
  it('keeps the size it was given, within the limits', () => {
    const target = (workers: number): number =>
      fixed().decide(signals({ workers, busy: workers, queueDepth: 1_000, min: 2, max: 6 }), undefined).decision.target;
    assert.deepEqual([0, 1, 2, 4, 6, 7].map(target), [2, 2, 2, 4, 6, 6]);
  });

  it('says why', () => {
    const reason = (workers: number): string => fixed().decide(signals({ workers, min: 2, max: 6 }), undefined).decision.reason;
    assert.deepEqual([0, 3, 9].map(reason), [
      '0 workers are fewer than the minimum of 2: start 2',
      'no change: fixed at 3 workers',
      '9 workers are more than the maximum of 6: stop 3',
    ]);
  });
});

describe('every policy', () => {
  it('depends on nothing but its arguments', () => {
    fc.assert(
      fc.property(fc.constantFrom(...NAMES), anySignals, (name, seen) => {
        const policy = scalingPolicy('policy', name);
        const memory = policy.initial();
        const before = structuredClone(memory);
        const answer = policy.decide(seen, memory);
        assert.deepEqual(policy.decide(seen, memory), answer);
        assert.deepEqual(memory, before);
        assert.notEqual(answer.decision.reason, '');
      }),
    );
  });
});
