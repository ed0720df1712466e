/**
 * How many tasks arrive a second, and in what bursts, from nothing but a counter read at irregular times.
 *
 *     count |      one window       | next window |
 *           +-----------------------+-------------+--> time
 *            means:      arrivals / time, each fading with its own time constant, from fast to slow (so the first window is believed whole)
 *            bursts:     (arrivals - expected)^2 / expected, which is 1 on average for a Poisson process
 *
 * The fast mean would take its time constant to notice a step, so a window that deviates from the faster means by more than four standard deviations
 * of what bursts explain replaces them all: a change point. A step up shows before a window is over, in the part of it since the step: the readings of the last
 * window are kept, and any stretch that ends now may be the proof. Smaller changes climb from mean to mean (`fading-means.ts`).
 */
import { agreed, deviates, faded, NOTHING, slowest, type FadingMean } from './fading-means.js';

/** What is remembered of the arrivals. */
export interface ArrivalMemory {
  /** The window that is being filled. */
  readonly windowStartMs: number;
  readonly windowStartCount: number;
  /** Readings of the counter within about the last window, the first of them not later than its beginning. */
  readonly readings: readonly Reading[];
  /** Sums of arrivals over ms, the one that fades fastest first; none before the first window. */
  readonly means: readonly FadingMean[];
  /** Fading mean of the squared deviation over the expectation, and its weight. */
  readonly dispersion: number;
  readonly dispersionWeight: number;
}

/** The counter at an instant. */
export interface Reading {
  readonly atMs: number;
  readonly count: number;
}

/** Time scales of the estimate, in ms. */
export interface ArrivalScales {
  /** Length of a window: the time in which the pool can react. */
  readonly windowMs: number;
  readonly fastMs: number;
  readonly slowMs: number;
  /** How long a task occupies a worker: bursts much shorter than that average out. */
  readonly serviceMs: number;
}

/** What is known of the arrivals. */
export interface ArrivalEstimate {
  /** Tasks a second: the slowest mean, or what a faster one proves beyond it. */
  readonly perS: number;
  /** Standard error of the slowest mean as a share of it: how much of `perS` may be chance. */
  readonly error: number;
  /** How long the rate has been what it is, in ms: how far the slowest mean reaches back. */
  readonly sinceMs: number;
  /** Peakedness: 1 for arrivals that know nothing of each other, more for bursts; at most {@link BURSTINESS_MAX}. */
  readonly burstiness: number;
}

/** Beyond it the estimate says more about the window than about the load. */
const BURSTINESS_MAX = 16;
const DEVIATIONS_MAX = 4;
/**
 * There are many stretches to choose from, and the one that deviates most is taken; but just after a change it takes less to believe that there is more to it:
 * so many deviations, and this much more for each time that the age of the rate grows by a factor of e.
 */
const STRETCH_DEVIATIONS_MIN = 2.5;
const STRETCH_DEVIATIONS_AGE = 0.4;
/** Standard deviations by which a faster mean must exceed the slowest one to count: the headroom is there for the rest. */
const DOUBT = 2;
/** Means between the fastest and the slowest, both included; each fades slower than the one before by the same factor. */
const MEANS = 6;
/** No stretch is taken for shorter than this share of a window: what came at one instant is no rate. */
const STRETCH_SHARE = 0.25;
/** Readings kept of one window. */
const READINGS = 16;
/** One window counts no more than this, whatever it holds. */
const DISPERSION_MAX = 64;
const DISPERSION_MS = 10_000;

export function noArrivals(nowMs: number, arrived: number): ArrivalMemory {
  return {
    windowStartMs: nowMs,
    windowStartCount: arrived,
    readings: [{ atMs: nowMs, count: arrived }],
    means: [],
    dispersion: 0,
    dispersionWeight: 0,
  };
}

/**
 * Takes a reading of the counter. Readings sooner than a window after the last change nothing but by a burst that is already plain.
 *
 * @param before what it was at an earlier instant, where that is known although nobody looked: all that waits has come since the oldest of it did
 */
export function observeArrivals(memory: ArrivalMemory, nowMs: number, arrived: number, scales: ArrivalScales, before?: Reading): ArrivalMemory {
  const { windowMs } = scales;
  const elapsedMs = nowMs - memory.windowStartMs;
  const burst = mostUntil(before === undefined ? memory : { ...memory, readings: [...memory.readings, before] }, nowMs, arrived, scales);
  const readings = keptReadings(memory.readings, { atMs: nowMs, count: arrived }, windowMs);
  if (burst === undefined && elapsedMs < windowMs) return { ...memory, readings };
  const window = { sum: Math.max(0, arrived - memory.windowStartCount), weight: Math.max(elapsedMs, windowMs * STRETCH_SHARE) };
  const spread = dispersionOf(memory);
  const next = { ...memory, windowStartMs: nowMs, windowStartCount: arrived, readings };
  const change = burst ?? (contradicts(memory, window, DEVIATIONS_MAX) ? leastUntil(memory, window, nowMs, arrived, scales) : undefined);
  if (change !== undefined) return { ...next, means: Array.from({ length: MEANS }, () => change) };
  const fadesOf = fades(window.weight, scales);
  return {
    ...next,
    ...dispersed(memory, window),
    means: agreed(
      fadesOf.map((fade, index) => faded(memory.means[index] ?? NOTHING, fade, window)),
      1,
      spread,
    ),
  };
}

export function arrivalEstimate({ means, ...memory }: ArrivalMemory, { serviceMs, windowMs }: ArrivalScales): ArrivalEstimate {
  const share = Math.min(1, serviceMs / Math.max(serviceMs, windowMs));
  const msMin = windowMs * STRETCH_SHARE;
  const spread = dispersionOf(memory);
  const slow = slowest(means);
  const slowPerMs = rate(slow, msMin);
  const perMs = means.reduce((most, mean) => Math.max(most, rate(mean, msMin) - DOUBT * errorOf(mean, spread, msMin)), slowPerMs);
  return {
    perS: perMs * 1_000,
    error: slowPerMs > 0 ? errorOf(slow, spread, msMin) / slowPerMs : 0,
    sinceMs: slow.weight,
    burstiness: Math.min(BURSTINESS_MAX, Math.max(1, spread * share)),
  };
}

/** Standard error of a rate. A fading mean over tau has the variance of a plain one over 2 tau. */
function errorOf(mean: FadingMean, spread: number, msMin: number): number {
  const overMs = Math.max(mean.weight, msMin);
  return overMs > 0 ? Math.sqrt((Math.max(1, spread) * rate(mean, msMin)) / (2 * overMs)) : 0;
}

/** The stretch up to now in which the most came, if that is plainly more than the means explain. */
function mostUntil(memory: ArrivalMemory, nowMs: number, arrived: number, scales: ArrivalScales): FadingMean | undefined {
  const slow = slowest(memory.means);
  const by = STRETCH_DEVIATIONS_MIN + STRETCH_DEVIATIONS_AGE * Math.log(Math.max(1, slow.weight / scales.windowMs));
  let most: FadingMean | undefined;
  let mostPerMs = rate(slow, 0);
  for (const stretch of stretches(memory, nowMs, arrived, scales)) {
    // The one with the most would be one that chance made the most of.
    const sure = (stretch.sum - Math.sqrt(stretch.sum)) / stretch.weight;
    if (sure <= mostPerMs || !contradicts(memory, stretch, by)) continue;
    most = stretch;
    mostPerMs = sure;
  }
  return most;
}

/** After a window that is too thin to be chance: the part of it since the change, where it was thinnest. */
function leastUntil(memory: ArrivalMemory, window: FadingMean, nowMs: number, arrived: number, scales: ArrivalScales): FadingMean {
  let least = window;
  for (const stretch of stretches(memory, nowMs, arrived, scales))
    if (rate(stretch, 0) < rate(least, 0) && contradicts(memory, stretch, DEVIATIONS_MAX)) least = stretch;
  return least;
}

/** Arrivals since each of the readings. */
function stretches({ readings }: ArrivalMemory, nowMs: number, arrived: number, { windowMs }: ArrivalScales): FadingMean[] {
  return readings
    .filter(({ atMs }) => nowMs - atMs <= 2 * windowMs)
    .map(({ atMs, count }) => ({ sum: Math.max(0, arrived - count), weight: Math.max(nowMs - atMs, windowMs * STRETCH_SHARE) }));
}

/** Whether neither of the two fastest means explains so many arrivals, or so few: the fastest alone is off by chance now and then. */
function contradicts({ means, dispersion, dispersionWeight }: ArrivalMemory, { sum, weight }: FadingMean, by: number): boolean {
  const spread = dispersionOf({ dispersion, dispersionWeight });
  const [fast, next = fast] = means.map((mean) => rate(mean, weight) * weight);
  if (fast === undefined || next === undefined) return false;
  const nearest = sum > fast ? Math.max(fast, next) : Math.min(fast, next);
  return sum > fast === sum > nearest && deviates(sum, nearest, spread, by);
}

function keptReadings(readings: readonly Reading[], now: Reading, windowMs: number): readonly Reading[] {
  const last = readings.at(-1);
  if (last !== undefined && now.atMs - last.atMs < windowMs / READINGS) return readings;
  const old = readings.findLastIndex(({ atMs }) => atMs <= now.atMs - windowMs);
  return [...readings.slice(Math.max(0, old)), now];
}

function fades(windowMs: number, { fastMs, slowMs }: ArrivalScales): number[] {
  const slower = (Math.max(fastMs, slowMs) / fastMs) ** (1 / (MEANS - 1));
  return Array.from({ length: MEANS }, (_, index) => Math.exp(-windowMs / (fastMs * slower ** index)));
}

function dispersed({ means, dispersion, dispersionWeight }: ArrivalMemory, window: FadingMean): Partial<ArrivalMemory> {
  const expected = rate(slowest(means), window.weight) * window.weight;
  if (expected <= 0) return {};
  const fade = Math.exp(-window.weight / DISPERSION_MS);
  const deviation = Math.min(DISPERSION_MAX, (window.sum - expected) ** 2 / Math.max(expected, 1));
  return { dispersion: dispersion * fade + deviation, dispersionWeight: dispersionWeight * fade + 1 };
}

/** Counts with a mean below 1 say little: without weight the process is taken for Poisson. */
function dispersionOf({ dispersion, dispersionWeight }: Pick<ArrivalMemory, 'dispersion' | 'dispersionWeight'>): number {
  return (dispersion + 1) / (dispersionWeight + 1);
}

function rate({ sum, weight }: FadingMean, msMin: number): number {
  const overMs = Math.max(weight, msMin);
  return overMs > 0 ? sum / overMs : 0;
}
