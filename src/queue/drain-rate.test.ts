import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DrainRate } from './drain-rate.js';

/** Looks every 10 ms at a pool that hands over `perMs`. Returns the time and the count at the end. */
function watch(rate: DrainRate, perMs: number, fromMs: number, forMs: number, count: number, busySinceMs: number): number {
  for (let at = 0; at <= forMs; at += 10) rate.note(fromMs + at, count + Math.floor(at * perMs), busySinceMs);
  return count + Math.floor(forMs * perMs);
}

describe('DrainRate', () => {
  it('knows nothing at first', () => assert.ok(Number.isNaN(new DrainRate().perMs(1_000, 50))));

  it('measures a busy pool', () => {
    const rate = new DrainRate();
    const count = watch(rate, 0.5, 0, 1_000, 0, 0);
    assert.ok(Math.abs(rate.perMs(1_000, count) - 0.5) < 0.03);
  });

  it('learns nothing from a pool that has slack', () => {
    const rate = new DrainRate();
    for (let at = 0; at <= 1_000; at += 10) rate.note(at, at * 0.01, Infinity);
    assert.ok(Number.isNaN(rate.perMs(1_000, 10)));
    const count = watch(rate, 0.5, 1_000, 1_000, 10, 1_000);
    assert.ok(Math.abs(rate.perMs(2_000, count) - 0.5) < 0.03);
  });

  it('follows a change within a second', () => {
    const rate = new DrainRate();
    let count = watch(rate, 1, 0, 1_000, 0, 0);
    count = watch(rate, 0.25, 1_000, 1_000, count, 0);
    assert.ok(Math.abs(rate.perMs(2_000, count) - 0.25) < 0.05);
  });

  it('measures long tasks over a longer time, and notices at once when they come to a stop', () => {
    const rate = new DrainRate();
    const count = watch(rate, 0.01, 0, 10_000, 0, 0);
    assert.ok(Math.abs(rate.perMs(10_000, count) - 0.01) < 0.002);
    assert.ok(rate.perMs(20_000, count) < 0.002);
  });
});
