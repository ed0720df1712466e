import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SpinPolicy } from './spin-policy.js';

function times(count: number, fn: () => void): void {
  for (let index = 0; index < count; index += 1) fn();
}

/** Of 1,000 sleeps of so many ms, before how many it looked, always in vain. */
function looksInVain(policy: SpinPolicy, sleepMs: number): number {
  let looked = 0;
  times(1_000, () => {
    if (policy.pays) {
      looked += 1;
      policy.miss();
    }
    policy.slept(sleepMs);
  });
  return looked;
}

describe('whether looking again pays', () => {
  it('stops after a few looks in vain and comes back when sleeps turn out short', () => {
    const policy = new SpinPolicy(0.05, 0.1);
    times(5, () => policy.miss());
    assert.equal(policy.pays, false);
    times(100, () => policy.slept(5));
    assert.equal(policy.pays, false);
    times(60, () => policy.slept(0.08));
    assert.equal(policy.pays, true);
  });

  it('bears a miss now and then', () => {
    const policy = new SpinPolicy(0.05, 0.1);
    times(100, () => {
      times(9, () => policy.hit(0.01));
      policy.miss();
      assert.equal(policy.pays, true);
    });
  });

  it('looks a few times as long as it took lately, and for the whole budget after a look in vain', () => {
    const policy = new SpinPolicy(0.25, 0.25);
    assert.equal(policy.lookMs(0.25), 0.25, 'nothing is known yet');
    times(100, () => policy.hit(0.03));
    assert.ok(Math.abs(policy.lookMs(0.25) - 0.09) < 0.001, `${policy.lookMs(0.25)}`);
    assert.equal(policy.lookMs(0.05), 0.05, 'never longer than the most');
    policy.miss();
    assert.equal(policy.lookMs(0.25), 0.25);
    times(100, () => policy.hit(0.001));
    assert.equal(policy.lookMs(0.25), 0.02);
  });

  it('hardly looks where nothing ever comes while it looks, though all sleeps are short', () => {
    const policy = new SpinPolicy(0.25, 0.25);
    const looked = looksInVain(policy, 0.03);
    assert.ok(looked <= 25, `${looked} of 1000`);
    times(70, () => policy.slept(0.03));
    assert.equal(policy.pays, true, 'but looks again');
    times(4, () => policy.hit(0.01));
    policy.miss();
    assert.equal(policy.pays, true, 'and bears misses as before once something came');
  });

  it('never pays without a budget', () => {
    const policy = new SpinPolicy(0, 0.1);
    times(10, () => policy.hit(0.01));
    assert.equal(policy.pays, false);
  });

  it('wastes little on answers that are always late', () => {
    const policy = new SpinPolicy(0.05, 0.1);
    const looked = looksInVain(policy, 1);
    assert.ok(looked <= 5, `${looked} of 1000`);
  });
});
