import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { NO_RETURNS, observeReturns, peakBack, peakKept, type PeakReturns } from './returning-peak.js';

const LOOK_MS = 250;
const GAP_MS_MAX = 30_000;

/** A pool that follows what is wanted, but for what is kept; `wanted` is asked at each look. Returns how many times the size changed in each stretch of `everyMs`. */
function follow(
  forMs: number,
  everyMs: number,
  wanted: (ms: number) => number,
): { readonly changes: readonly number[]; readonly kept: (ms: number) => number } {
  let memory: PeakReturns = NO_RETURNS;
  let size = 1;
  const changes: number[] = Array.from({ length: Math.ceil(forMs / everyMs) }, () => 0);
  const kept: number[] = [];
  for (let nowMs = 0; nowMs < forMs; nowMs += LOOK_MS) {
    memory = observeReturns(memory, nowMs, size, wanted(nowMs), GAP_MS_MAX);
    const next = Math.max(wanted(nowMs), peakKept(memory, nowMs, size));
    if (next !== size) changes[Math.floor(nowMs / everyMs)] = (changes[Math.floor(nowMs / everyMs)] as number) + 1;
    size = next;
    kept.push(peakKept(memory, nowMs, size));
  }
  return { changes, kept: (ms) => kept[Math.floor(ms / LOOK_MS)] as number };
}

const wave = (periodMs: number) => (ms: number) => (ms % periodMs < periodMs / 2 ? 2 : 20);

describe('a peak that comes back', () => {
  it('is kept once it has come back twice after the same time, and then nothing moves', () => {
    for (const periodMs of [5_000, 10_000, 20_000, 40_000]) {
      const { changes } = follow(10 * periodMs, periodMs, wave(periodMs));
      assert.deepEqual(changes.slice(3), [0, 0, 0, 0, 0, 0, 0], `period ${periodMs}: ${changes}`);
    }
  });

  it('is known for its height as soon as it is back, and not before', () => {
    let memory = observeReturns(NO_RETURNS, 0, 20, 20, GAP_MS_MAX);
    assert.equal(peakBack(memory), 0, 'the first time');
    memory = observeReturns(memory, 1_000, 2, 2, GAP_MS_MAX);
    memory = observeReturns(memory, 5_000, 2, 11, GAP_MS_MAX);
    assert.equal(peakBack(memory), 0, 'not high enough to be the same');
    memory = observeReturns(memory, 5_250, 11, 13, GAP_MS_MAX);
    assert.equal(peakBack(memory), 20);
  });

  it('is let go of when it stays away for twice the time', () => {
    const { kept } = follow(120_000, 10_000, (ms) => (ms < 50_000 ? wave(10_000)(ms) : 2));
    assert.equal(kept(59_000), 20);
    assert.equal(kept(60_500), 0);
  });

  it('is not waited for when it comes irregularly, or after so long that it pays to start anew', () => {
    const starts = [10_000, 13_000, 25_000, 31_000, 50_000, 54_000];
    const { kept } = follow(70_000, 70_000, (ms) => (starts.some((at) => ms >= at && ms < at + 1_000) ? 20 : 2));
    for (let ms = 0; ms < 70_000; ms += 1_000) assert.equal(kept(ms), 0, `${ms} ms`);
    const slow = follow(800_000, 800_000, wave(80_000));
    for (let ms = 0; ms < 800_000; ms += 1_000) assert.equal(slow.kept(ms), 0, `${ms} ms`);
  });

  it('is as high as what was wanted for most of it, not as what was wanted for a moment on the way up', () => {
    const { kept } = follow(170_000, 170_000, (ms) => (wave(40_000)(ms) === 20 && ms % 40_000 < 21_000 ? 33 : wave(40_000)(ms)));
    assert.ok(kept(165_000) >= 20 && kept(165_000) <= 30, `${kept(165_000)}`);
  });
});
