import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '../../runtime/random.js';
import { agreedTrends, fadedTrend, lineOf, NO_TREND, slowestTrend, type FadingTrend } from './fading-trend.js';

const LOOK_MS = 100;
const TAUS_MS = [1_000, 5_000, 25_000];

/** Looks at a counter that gains `perMs(ms)`, give or take the chance of independent events. */
function watch(forMs: number, perMs: (ms: number) => number, seed?: number): FadingTrend[] {
  const random = seed === undefined ? undefined : seededRandom(seed);
  let trends: FadingTrend[] = [];
  for (let ms = LOOK_MS; ms <= forMs; ms += LOOK_MS) {
    const expected = perMs(ms - LOOK_MS / 2) * LOOK_MS;
    let sum = random === undefined ? expected : 0;
    if (random !== undefined) for (let part = 0; part < LOOK_MS; part += 1) if (random() < expected / LOOK_MS) sum += 1;
    const next = TAUS_MS.map((tau, index) => fadedTrend(trends[index] ?? NO_TREND, Math.exp(-LOOK_MS / tau), { sum, weight: LOOK_MS }));
    trends = agreedTrends(next, 1, () => 2);
  }
  return trends;
}

describe('fading trends', () => {
  it('know the rate of now, not of a while ago, while it grows or falls steadily', () => {
    for (const perS of [-4, 4]) {
      const { level, slope } = lineOf(slowestTrend(watch(60_000, (ms) => 0.5 + (perS * ms) / 1e6)), 1);
      const now = 0.5 + (perS * 60_000) / 1e6;
      assert.ok(Math.abs(level - now) < 0.02, `${level} a ms, and it is ${now}`);
      assert.ok(Math.abs(slope * 1e6 - perS) < 1, `${slope * 1e6} a second more each second, and it is ${perS}`);
    }
  });

  it('take for a slope only what chance does not explain', () => {
    let steep = 0;
    for (let seed = 1; seed <= 20; seed += 1) if (lineOf(slowestTrend(watch(60_000, () => 0.1, seed)), 1).slope !== 0) steep += 1;
    assert.ok(steep <= 4, `${steep} of 20`);
  });

  it('forget what no longer continues: a rate that stops growing is not taken on', () => {
    const { level } = lineOf(slowestTrend(watch(80_000, (ms) => 0.2 + (10 * Math.min(ms, 60_000)) / 1e6)), 1);
    assert.ok(Math.abs(level - 0.8) < 0.04, `${level} a ms, and it is 0.8`);
  });

  it('have the exact line after any looks, whatever the time between them', () => {
    let trend = NO_TREND;
    let last = 0;
    for (let look = 0; last < 5_000; look += 1) {
      const ms = last + ([1, 40, 7, 22, 3][look % 5] as number);
      // 1 a ms, and 0.01 more after each.
      trend = fadedTrend(trend, 1, { sum: ms - last + (0.01 * (ms ** 2 - last ** 2)) / 2, weight: ms - last });
      last = ms;
    }
    const { level, slope } = lineOf(trend, 0);
    assert.equal(trend.weight, last);
    assert.ok(Math.abs(level / (1 + 0.01 * last) - 1) < 0.02, `${level} a ms after ${last} ms`);
    assert.ok(slope > 0.0095 && slope < 0.0101, `${slope}`);
  });

  it('are nothing before the first look', () => {
    assert.deepEqual(slowestTrend([]), NO_TREND);
    assert.deepEqual(lineOf(NO_TREND, 1), { level: 0, slope: 0, error: 0 });
  });
});
