import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '../../runtime/random.js';
import { arrivalEstimate, noArrivals, observeArrivals, type ArrivalMemory, type ArrivalScales } from './arrival-rate.js';

const scales: ArrivalScales = { windowMs: 300, fastMs: 1_200, slowMs: 30_000, serviceMs: 100 };
const LOOK_MS = 250;

/** Arrivals at `perS(ms)`, independent of each other or in batches, looked at four times a second. */
function watch(
  forMs: number,
  perS: (ms: number) => number,
  seed: number,
  batch = 1,
): { at(ms: number): ReturnType<typeof arrivalEstimate>; perSecond: number[] } {
  const random = seededRandom(seed);
  let memory: ArrivalMemory = noArrivals(0, 0);
  let arrived = 0;
  const looks: ReturnType<typeof arrivalEstimate>[] = [];
  for (let nowMs = 1; nowMs <= forMs; nowMs += 1) {
    if (random() < perS(nowMs) / 1_000 / batch) arrived += batch;
    if (nowMs % LOOK_MS !== 0) continue;
    memory = observeArrivals(memory, nowMs, arrived, scales);
    looks.push(arrivalEstimate(memory, scales));
  }
  return { at: (ms) => looks[Math.floor(ms / LOOK_MS) - 1] as ReturnType<typeof arrivalEstimate>, perSecond: looks.map((look) => look.perS) };
}

describe('the rate of arrivals', () => {
  it('is known to within a fifth after five seconds, and does not jump for chance', () => {
    for (let seed = 1; seed <= 10; seed += 1) {
      const { perSecond } = watch(300_000, () => 100, seed);
      const settled = perSecond.slice(40);
      assert.ok(
        settled.every((perS) => perS > 75 && perS < 130),
        `seed ${seed}: ${Math.min(...settled)} to ${Math.max(...settled)}`,
      );
    }
  });

  it('follows a step by ten within a second, up and down', () => {
    for (let seed = 1; seed <= 10; seed += 1) {
      const { at } = watch(60_000, (ms) => (ms > 20_000 && ms <= 40_000 ? 1_000 : 100), seed);
      assert.ok(at(21_000).perS > 800, `seed ${seed}: ${at(21_000).perS} a second after the step up`);
      assert.ok(at(41_500).perS < 250, `seed ${seed}: ${at(41_500).perS} a second after the step down`);
    }
  });

  it('follows a day: it is off by less than a tenth on the way up, at noon and on the way down', () => {
    const day = (ms: number): number => 100 - 80 * Math.cos((2 * Math.PI * ms) / 1_200_000);
    for (let seed = 1; seed <= 3; seed += 1) {
      const { at } = watch(1_200_000, day, seed);
      for (const fromMs of [250_000, 550_000, 850_000]) {
        const off = Array.from({ length: 100 }, (_, index) => at(fromMs + index * 1_000).perS / day(fromMs + index * 1_000) - 1);
        const mean = off.reduce((sum, share) => sum + share, 0) / off.length;
        assert.ok(Math.abs(mean) < 0.06, `seed ${seed}, at ${fromMs}: off by ${mean} on average`);
        assert.ok(Math.sqrt(off.reduce((sum, share) => sum + share ** 2, 0) / off.length) < 0.1, `seed ${seed}, at ${fromMs}: ${off.join(' ')}`);
      }
    }
  });

  it('takes independent arrivals for what they are, and batches for bursts', () => {
    assert.ok(watch(60_000, () => 100, 3).at(60_000).burstiness < 1.5);
    assert.ok(watch(60_000, () => 100, 3, 30).at(60_000).burstiness > 4);
  });

  it('sees a burst before its window is over', () => {
    let memory = noArrivals(0, 0);
    for (let nowMs = 300; nowMs <= 3_000; nowMs += 300) memory = observeArrivals(memory, nowMs, nowMs / 100, scales);
    memory = observeArrivals(memory, 3_010, 30 + 200, scales);
    assert.ok(arrivalEstimate(memory, scales).perS > 500);
  });

  it('knows a step by ten within a tenth of a second when it is asked that often', () => {
    let memory = noArrivals(0, 0);
    for (let nowMs = 250; nowMs <= 10_000; nowMs += 250) memory = observeArrivals(memory, nowMs, nowMs / 10, scales);
    for (let ms = 25; ms <= 100; ms += 25) memory = observeArrivals(memory, 10_000 + ms, 1_000 + ms, scales, { atMs: 10_000, count: 1_000 });
    const { perS, sinceMs } = arrivalEstimate(memory, scales);
    assert.ok(perS > 700 && perS < 1_300 && sinceMs < 200, `${perS}/s since ${sinceMs} ms`);
  });

  it('never gives anything but a finite rate from 0 on, for clocks and counters that stand still or go back too', () => {
    let memory = noArrivals(1_000, 50);
    for (const [nowMs, arrived] of [
      [1_000, 50],
      [900, 40],
      [1e9, 40],
      [1e9, 1e12],
      [1e9 + 1, 1e12],
      [2e9, 1e12],
    ] as const) {
      memory = observeArrivals(memory, nowMs, arrived, scales);
      const { perS, burstiness } = arrivalEstimate(memory, scales);
      assert.ok(Number.isFinite(perS) && perS >= 0 && burstiness >= 1 && burstiness <= 16, `${perS} ${burstiness}`);
    }
  });
});
