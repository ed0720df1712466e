import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { SojournGauge } from './sojourn-gauge.js';

const TARGET = 10;
const INTERVAL = 100;

/** Waits of one level, 10 ms apart; the times at which its state changed. */
function changes(gauge: SojournGauge, waits: readonly number[], level = 0): number[] {
  return waits.flatMap((waitMs, index) => (gauge.sample(level, index * 10, waitMs, TARGET, INTERVAL) ? [index * 10] : []));
}

const of = (count: number, waitMs: number): number[] => new Array<number>(count).fill(waitMs);

describe('SojournGauge', () => {
  it('takes a wait above the target throughout an interval for overload', () => {
    const gauge = new SojournGauge(1);
    assert.deepEqual(changes(gauge, [...of(3, 5), ...of(20, 11)]), [130]);
    assert.ok(gauge.isOverloaded(0) && gauge.any);
  });

  it('takes a burst that empties for none, however long the wait', () => {
    const gauge = new SojournGauge(1);
    assert.deepEqual(changes(gauge, [...of(9, 500), 9, ...of(9, 500), 0, ...of(9, 500), 10]), []);
    assert.equal(gauge.any, false);
  });

  it('ends when the wait was within the target throughout an interval', () => {
    const gauge = new SojournGauge(1);
    assert.deepEqual(changes(gauge, [...of(11, 50), ...of(9, 5), 11, ...of(11, 5)]), [100, 310]);
    assert.equal(gauge.any, false);
  });

  it('tells levels apart', () => {
    const gauge = new SojournGauge(2);
    changes(gauge, of(20, 1), 0);
    changes(gauge, of(20, 50), 1);
    assert.deepEqual([gauge.isOverloaded(0), gauge.isOverloaded(1), gauge.any], [false, true, true]);
    gauge.reset();
    assert.equal(gauge.any, false);
  });
});
