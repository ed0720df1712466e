import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { flapCalmed, flapGrew, flapShrank, NO_FLAPS, type FlapMemory } from './flap-guard.js';

describe('the flap factor', () => {
  it('doubles with every growth soon after a shrink, up to eight', () => {
    let memory: FlapMemory = NO_FLAPS;
    const factors: number[] = [];
    for (let nowMs = 0; nowMs < 60_000; nowMs += 12_000) {
      memory = flapGrew(flapShrank(memory, nowMs), nowMs + 6_000, 5_000 * memory.factor);
      factors.push(memory.factor);
    }
    assert.deepEqual(factors, [2, 4, 8, 8, 8]);
  });

  it('does not count growth long after, growth upon growth, or a shrink alone', () => {
    assert.equal(flapGrew(flapShrank(NO_FLAPS, 0), 10_001, 5_000).factor, 1);
    assert.equal(flapGrew(flapGrew(flapShrank(NO_FLAPS, 0), 60_000, 5_000), 60_100, 5_000).factor, 1);
    assert.equal(flapShrank(flapShrank(NO_FLAPS, 0), 100).factor, 1);
  });

  it('halves after six quiet idle timeouts, down to one', () => {
    let memory: FlapMemory = { ...NO_FLAPS, factor: 4, changedAtMs: 0 };
    memory = flapCalmed(memory, 119_999, 20_000);
    assert.equal(memory.factor, 4);
    memory = flapCalmed(memory, 120_000, 20_000);
    assert.equal(memory.factor, 2);
    memory = flapCalmed(flapCalmed(memory, 180_000, 10_000), 500_000, 5_000);
    assert.equal(memory.factor, 1);
  });
});
