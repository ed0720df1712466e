import assert from 'node:assert/strict';
import { test } from 'node:test';
import { erlangC, findOptimum } from './optimum.js';
import type { LoadSlot } from './recorder.js';

const slot = (workers: number): LoadSlot => ({
  arrivals: workers * 50,
  serviceMs: workers * 1_000,
  serviceSquaredMs: workers * 50 * 20 ** 2,
  workMs: workers * 1_000,
});
const model = { missWeight: 1, bootS: 0.1, waitTargetMs: 100, slotMs: 1_000, concurrency: 1, max: 64 };

test('Erlang C has its known values', () => {
  assert.ok(Math.abs(erlangC(1, 0.5) - 0.5) < 1e-12);
  assert.ok(Math.abs(erlangC(2, 1) - 1 / 3) < 1e-12);
  assert.ok(Math.abs(erlangC(10, 8) - 0.4092) < 1e-3);
});

test('the optimum follows the load, with room for chance, and is never dearer than the best fixed size', () => {
  const slots = [...Array.from({ length: 20 }, () => slot(2)), ...Array.from({ length: 20 }, () => slot(20)), ...Array.from({ length: 20 }, () => slot(2))];
  const found = findOptimum(slots, model);
  assert.ok(found.sizes.every((size, index) => size > (slots[index] as LoadSlot).workMs / 1_000));
  assert.ok((found.sizes[5] as number) <= 5 && (found.sizes[30] as number) <= 26, found.sizes.join(' '));
  assert.ok(found.cost <= found.fixedCost);
  assert.ok(found.fluidWorkerS <= found.workerS);
  assert.ok(found.boots <= 20);
});

test('a gap that costs less than a boot is bridged', () => {
  const slots = [slot(5), slot(0), slot(5)];
  assert.equal(new Set(findOptimum(slots, { ...model, bootS: 10 }).sizes).size, 1);
  assert.equal(findOptimum(slots, { ...model, bootS: 0.01 }).sizes[1], 0);
});
