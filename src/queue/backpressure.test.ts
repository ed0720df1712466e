import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from '../runtime/fixtures/fast-check.js';
import { BackpressureGauge } from './backpressure.js';

describe('BackpressureGauge', () => {
  it('turns on at 80 % and off at 50 %, and says so once', () => {
    const gauge = new BackpressureGauge({ max: 10, bytesMax: Infinity });
    const changes = [7, 8, 9, 8, 7, 6, 5, 4, 7, 8].map((depth) => gauge.update(depth, 0));
    assert.deepEqual(changes, [undefined, 'on', undefined, undefined, undefined, undefined, 'off', undefined, undefined, 'on']);
    assert.equal(gauge.on, true);
  });

  it('is on for count or bytes, off for both', () => {
    const gauge = new BackpressureGauge({ max: 10, bytesMax: 100 });
    assert.deepEqual([gauge.update(1, 80), gauge.update(9, 0), gauge.update(5, 51), gauge.update(5, 50)], ['on', undefined, undefined, 'off']);
  });

  it('takes marks of its own', () => {
    const gauge = new BackpressureGauge({ max: 100, bytesMax: Infinity, highWaterMark: 0.2, lowWaterMark: 0 });
    assert.deepEqual([gauge.update(20, 0), gauge.update(1, 0), gauge.update(0, 0)], ['on', undefined, 'off']);
  });

  it('never turns on without bounds, nor for an empty queue', () => {
    const unbounded = new BackpressureGauge({ max: Infinity, bytesMax: Infinity, highWaterMark: 0 });
    assert.equal(unbounded.update(1_000_000, 1e12), undefined);
    assert.equal(new BackpressureGauge({ max: 1, bytesMax: 0, highWaterMark: 0 }).update(0, 0), undefined);
  });

  it('turns off at the latest when the queue is empty, and never flaps at one depth', () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(fc.nat({ max: 50 }), share, share, fc.array(fc.nat({ max: 60 })), (max, a, b, depths) => {
        const gauge = new BackpressureGauge({ max, bytesMax: Infinity, highWaterMark: Math.max(a, b), lowWaterMark: Math.min(a, b) });
        for (const depth of depths) {
          gauge.update(depth, 0);
          assert.equal(gauge.update(depth, 0), undefined);
        }
        gauge.update(0, 0);
        assert.equal(gauge.on, false);
      }),
    );
  });
});
