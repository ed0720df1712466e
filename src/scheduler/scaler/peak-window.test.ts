import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from '../../runtime/fixtures/fast-check.js';
import { observePeak, peak, type PeakMemory } from './peak-window.js';

describe('the windowed maximum', () => {
  it('is the largest value of the window, whatever the order', () => {
    const steps = fc.array(fc.record({ afterMs: fc.integer({ min: 1, max: 400 }), value: fc.nat(20) }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(steps, (seen) => {
        const all: { atMs: number; value: number }[] = [];
        let memory: PeakMemory = [];
        let nowMs = 0;
        for (const { afterMs, value } of seen) {
          nowMs += afterMs;
          all.push({ atMs: nowMs, value });
          memory = observePeak(memory, nowMs, value, 1_000);
          const inside = all.filter(({ atMs }) => atMs > nowMs - 1_000).map((each) => each.value);
          assert.equal(peak(memory, nowMs, 1_000, -1), Math.max(...inside));
        }
      }),
    );
  });

  it('keeps few values, and none that is too old', () => {
    let memory: PeakMemory = [];
    for (let at = 0; at < 100_000; at += 1) memory = observePeak(memory, at, 100_000 - at, 50_000);
    assert.ok(memory.length <= 130, `${memory.length} values`);
    assert.equal(peak(memory, 1e6, 50_000, 7), 7, 'nothing in the window');
  });
});
