import assert from 'node:assert/strict';
import { it } from 'node:test';
import { IsolationBudget } from './isolation-budget.js';

it('allows a third of the workers within 30 s, one at least', () => {
  for (const [workers, allowed] of [
    [1, 1],
    [3, 1],
    [8, 2],
    [64, 21],
  ] as const) {
    const budget = new IsolationBudget();
    let taken = 0;
    while (budget.take(1_000, workers)) taken += 1;
    assert.equal(taken, allowed);
    assert.equal(budget.freeAt(1_000), 31_000);
    assert.equal(budget.take(30_999, workers), false);
    assert.equal(budget.take(31_000, workers), true);
  }
});

it('is free from the start', () => {
  assert.equal(new IsolationBudget().freeAt(7), 7);
});
