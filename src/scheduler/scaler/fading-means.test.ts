import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { agreed, deviates, faded, NOTHING, slowest, type FadingMean } from './fading-means.js';

const FADES = [0.5, 0.9, 0.99];

function watch(looks: readonly number[]): FadingMean[] {
  let means: FadingMean[] = [];
  for (const sum of looks)
    means = agreed(
      FADES.map((fade, index) => faded(means[index] ?? NOTHING, fade, { sum, weight: 1 })),
      1,
      1,
    );
  return means;
}

describe('fading means', () => {
  it('reach back as far as their fading lets them while nothing changes', () => {
    const means = watch(Array.from({ length: 1_000 }, () => 100));
    for (const [index, { sum, weight }] of means.entries()) {
      assert.ok(Math.abs(weight - 1 / (1 - (FADES[index] as number))) < 0.01, `weight ${weight}`);
      assert.ok(Math.abs(sum / weight - 100) < 1e-9);
    }
  });

  it('forget what was before a change, the slowest too', () => {
    const means = watch([...Array.from({ length: 1_000 }, () => 100), ...Array.from({ length: 4 }, () => 200)]);
    assert.ok(slowest(means).weight < 10, `${slowest(means).weight}`);
    assert.ok(slowest(means).sum / slowest(means).weight > 175);
  });

  it('take what chance does to small counts for chance', () => {
    assert.equal(deviates(11, 3.5, 1, 4), false);
    assert.equal(deviates(16, 3.5, 1, 4), true);
    assert.equal(deviates(130, 100, 9, 2), false, 'bursts stray further');
    assert.equal(deviates(0, 0, 1, 4), false);
  });

  it('are nothing before the first look', () => {
    assert.deepEqual(slowest([]), NOTHING);
  });
});
