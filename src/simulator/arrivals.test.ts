import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../runtime/random.js';
import { arrivalSampler } from './arrivals.js';
import type { ArrivalModel } from './arrivals.js';

/** Arrivals up to `untilMs`. */
function arrivals(model: ArrivalModel, untilMs: number, seed = 1): number[] {
  const next = arrivalSampler('arrivals', model, seededRandom(seed));
  const all: number[] = [];
  for (let at = next(); at < untilMs; at = next()) all.push(at);
  return all;
}

function scvOfGaps(stamps: readonly number[]): number {
  const gaps = stamps.slice(1).map((at, index) => at - (stamps[index] as number));
  const mean = gaps.reduce((a, b) => a + b, 0) / gaps.length;
  return gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length / mean ** 2;
}

const between = (stamps: readonly number[], from: number, to: number): number => stamps.filter((at) => at >= from && at < to).length;
const near = (value: number, wanted: number, share: number): void => assert.ok(Math.abs(value / wanted - 1) <= share, `${value}, expected about ${wanted}`);

test('Poisson arrivals have their rate and gaps of SCV 1', () => {
  const stamps = arrivals({ kind: 'poisson', ratePerS: 200 }, 100_000);
  near(stamps.length, 20_000, 0.03);
  near(scvOfGaps(stamps), 1, 0.05);
  assert.deepEqual(
    stamps,
    [...stamps].sort((a, b) => a - b),
  );
});

test('steps, waves and ramps have the rate of each stretch', () => {
  const step = arrivals({ kind: 'step', fromPerS: 10, toPerS: 100, atMs: 20_000, backAtMs: 40_000 }, 60_000);
  near(between(step, 0, 20_000), 200, 0.2);
  near(between(step, 20_000, 40_000), 2_000, 0.07);
  near(between(step, 40_000, 60_000), 200, 0.2);
  const wave = arrivals({ kind: 'square-wave', lowPerS: 0, highPerS: 100, periodMs: 2_000 }, 20_000);
  assert.equal(between(wave, 0, 1_000), 0);
  near(wave.length, 1_000, 0.1);
  const ramp = arrivals({ kind: 'ramp', fromPerS: 0, toPerS: 100, startMs: 0, endMs: 100_000 }, 100_000);
  near(between(ramp, 0, 50_000) / ramp.length, 0.25, 0.05);
});

test('a day has its mean, and its peak at noon', () => {
  const day = arrivals({ kind: 'diurnal', meanPerS: 20, peakToMean: 1.8, periodMs: 1_000_000 }, 1_000_000);
  near(day.length, 20_000, 0.03);
  near(between(day, 450_000, 550_000) / 100, 20 * 1.8, 0.06);
});

test('bursty arrivals have the rate and the SCV that were asked for', () => {
  for (const scv of [10, 100]) {
    const stamps = arrivals({ kind: 'bursty', ratePerS: 20, scv }, 40_000_000);
    near(stamps.length, 800_000, 0.05);
    near(scvOfGaps(stamps), scv, 0.12);
  }
});

test('counts of a trace come back, faster if wanted, and end', () => {
  const counts = [100, 0, 400];
  const stamps = arrivals({ kind: 'counts', counts, intervalMs: 60_000, speed: 60 }, Infinity);
  near(between(stamps, 0, 1_000), 100, 0.3);
  assert.equal(between(stamps, 1_000, 2_000), 0);
  near(between(stamps, 2_000, 3_000), 400, 0.15);
  assert.equal(between(stamps, 3_000, Infinity), 0);
});

test('stamps are taken as they are', () => {
  assert.deepEqual(arrivals({ kind: 'stamps', stampsMs: [1, 5, 9], speed: 2 }, Infinity), [0.5, 2.5, 4.5]);
});
