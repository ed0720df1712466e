import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from '../runtime/fixtures/fast-check.js';
import { RetryBudget } from './retry-budget.js';

function grantedAt(budget: RetryBudget, nowMs: number, tries: number): number {
  let granted = 0;
  for (let i = 0; i < tries; i += 1) if (budget.tryRetry(nowMs)) granted += 1;
  return granted;
}

describe('RetryBudget', () => {
  it('lets a pool without traffic retry 10 times a second over the window', () => {
    const budget = new RetryBudget();
    assert.equal(grantedAt(budget, 0, 1_000), 100);
    assert.equal(grantedAt(budget, 9_999, 1_000), 0);
    assert.equal(grantedAt(budget, 10_000, 1_000), 100);
  });

  it('adds 20 % of the first attempts', () => {
    const budget = new RetryBudget();
    budget.onFirstAttempt(0, 1_000);
    assert.equal(grantedAt(budget, 0, 1_000), 300);
  });

  it('adds up single first attempts without loss', () => {
    const budget = new RetryBudget(0.2, 0);
    assert.equal(budget.tryRetry(0), false);
    for (let i = 0; i < 15; i += 1) budget.onFirstAttempt(0);
    assert.equal(grantedAt(budget, 0, 10), 3);
  });

  it('forgets first attempts after 10 s', () => {
    const budget = new RetryBudget(0.2, 0);
    budget.onFirstAttempt(500, 100);
    assert.equal(grantedAt(budget, 9_999, 5), 5);
    assert.equal(grantedAt(budget, 10_500, 50), 0);
  });

  it('starts anew after a long silence', () => {
    const budget = new RetryBudget();
    for (let second = 0; second < 10; second += 1) budget.onFirstAttempt(second * 1_000, 50);
    assert.equal(grantedAt(budget, 1e9, 1_000), 100);
  });

  it('stands still when time goes backwards', () => {
    const budget = new RetryBudget();
    grantedAt(budget, 50_000, 60);
    assert.equal(grantedAt(budget, 20_000, 1_000), 40);
  });

  it('never grants more than the reserve and 20 % of the first attempts of the window', () => {
    const step = fc.record({ afterMs: fc.oneof(fc.nat(500), fc.nat(15_000)), first: fc.nat(300), tries: fc.nat(300) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: -100_000, max: 100_000 }), (steps, startMs) => {
        const budget = new RetryBudget();
        const log: { slot: number; first: number; granted: number }[] = [];
        let nowMs = startMs;
        for (const { afterMs, first, tries } of steps) {
          nowMs += afterMs;
          budget.onFirstAttempt(nowMs, first);
          const granted = grantedAt(budget, nowMs, tries);
          const slot = Math.floor(nowMs / 1_000);
          log.push({ slot, first, granted });
          const window = log.filter((entry) => entry.slot > slot - 10);
          const allowed = 100 + 0.2 * window.reduce((sum, entry) => sum + entry.first, 0);
          const total = window.reduce((sum, entry) => sum + entry.granted, 0);
          if (granted > 0) assert.ok(total <= allowed + 1e-3, `${total} granted of ${allowed}`);
          if (granted < tries) assert.ok(total > allowed - 1 - 1e-3, `stopped at ${total} of ${allowed}`);
        }
      }),
    );
  });
});
