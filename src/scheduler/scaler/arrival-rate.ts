/**
 * How many tasks arrive a second, and in what bursts, from nothing but a counter read at irregular times.
 *
 *     count |      one window       | next window |
 *           +-----------------------+-------------+--> time
 *            trends:     arrivals / time and how that changes, each fading with its own time constant, from fast to slow (so the first window is believed whole)
 *            bursts:     (arrivals - expected)^2 / expected, which is 1 on average for a Poisson process
 *
 * The fast mean would take its time constant to notice a step, so a window that deviates from the faster means by more than four standard deviations
 * of what bursts explain replaces them all: a change point. A step up shows before a window is over, in the part of it since the step: the readings of the last
 * window are kept, and any stretch that ends now may be the proof. Smaller changes climb from trend to trend; one that goes on is followed (`fading-trend.ts`).
 */
import { deviates, type FadingMean } from './fading-means.js';
import { agreedTrends, fadedTrend, lineOf, NO_TREND, slowestTrend, trendOf, type FadingTrend, type Line } from './fading-trend.js';

/** What is remembered of the arrivals. */
export interface ArrivalMemory {
  /** The window that is being filled. */
  readonly windowStartMs: number;
  readonly windowStartCount: number;
  /** Readings of the counter within about the last window, the first of them not later than its beginning. */
  readonly readings: readonly Reading[];
  /** Sums of arrivals over ms, the one that fades fastest first; none before the first window. */
  readonly means: readonly FadingTrend[];
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
  /** Tasks a second, when a worker started now would be ready if they become more: by the slowest trend, or what a faster one proves beyond it. */
  readonly perS: number;
  /** Standard error of the slowest trend as a share of it: how much of `perS` may be chance. */
  readonly error: number;
  /** How long the rate has been what it is, in ms: as far as the slowest trend reaches back, or until its slope has changed more than is known. */
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
const STRETCH_DEVIATIONS_MAX = 3;
/** Who looks thousands of times an hour is shown by chance what a fleet that looks some dozens of times is not: less suffices where windows are longer than 1 s. */
const STRETCH_DEVIATIONS_RARE = 0.12;
const STRETCH_DEVIATIONS_AGE = 0.4;
/**
 * Standard deviations that chance is left when trends are compared with each other: little just after a change, and this much more for each time that the age
 * of the rate grows by a factor of e. So a rate that changes all the time is followed closely, and one that has long been the same is not doubted for noise.
 */
const DOUBT_MIN = 1;
const DOUBT_AGE = 0.25;
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
  if (change !== undefined) return { ...next, means: Array.from({ length: MEANS }, () => trendOf(change)) };
  const fadesOf = fades(window.weight, scales);
  return {
    ...next,
    ...dispersed(memory, window),
    means: agreedTrends(
      fadesOf.map((fade, index) => fadedTrend(memory.means[index] ?? NO_TREND, fade, window)),
      spread,
      (ms) => doubtAt(ms, windowMs),
    ),
  };
}

export function arrivalEstimate({ means, ...memory }: ArrivalMemory, { serviceMs, windowMs }: ArrivalScales): ArrivalEstimate {
  const share = Math.min(1, serviceMs / Math.max(serviceMs, windowMs));
  const msMin = windowMs * STRETCH_SHARE;
  const spread = dispersionOf(memory);
  const slow = slowestTrend(means);
  const line = lineFrom(slow, spread, msMin);
  // What still grows will be more when those that are started now are ready.
  const aheadPerMs = line.level + Math.max(0, line.slope) * windowMs;
  const doubt = doubtAt(slow.weight, windowMs);
  const perMs = means.reduce((most, mean) => Math.max(most, surely(lineFrom(mean, spread, msMin), doubt)), aheadPerMs);
  return {
    perS: perMs * 1_000,
    error: line.level > 0 ? line.error / line.level : 0,
    sinceMs: line.slope === 0 ? slow.weight : Math.min(slow.weight, line.error / Math.abs(line.slope)),
    burstiness: Math.min(BURSTINESS_MAX, Math.max(1, spread * share)),
  };
}

/** The line of a trend; what came within less than `msMin` came within that. */
function lineFrom(mean: FadingTrend, spread: number, msMin: number): Line {
  if (mean.weight >= msMin) return lineOf(mean, spread);
  const level = rate(mean, msMin);
  return { level, slope: 0, error: msMin > 0 ? Math.sqrt((Math.max(1, spread) * level) / (2 * msMin)) : 0 };
}

function surely({ level, error }: Line, doubt: number): number {
  return level - doubt * error;
}

function doubtAt(ageMs: number, windowMs: number): number {
  return DOUBT_MIN + DOUBT_AGE * Math.log(Math.max(1, ageMs / windowMs));
}

/** The stretch up to now in which the most came, if that is plainly more than the means explain. */
function mostUntil(memory: ArrivalMemory, nowMs: number, arrived: number, scales: ArrivalScales): FadingMean | undefined {
  const slow = slowestTrend(memory.means);
  const rare = STRETCH_DEVIATIONS_RARE * Math.log(Math.max(1, scales.windowMs / 1_000));
  const least = Math.max(STRETCH_DEVIATIONS_MIN, STRETCH_DEVIATIONS_MAX - rare);
  const by = least + STRETCH_DEVIATIONS_AGE * Math.log(Math.max(1, slow.weight / scales.windowMs));
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
  const { level, slope } = lineOf(slowestTrend(means), dispersionOf({ dispersion, dispersionWeight }));
  const expected = Math.max(0, level + (slope * window.weight) / 2) * window.weight;
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
