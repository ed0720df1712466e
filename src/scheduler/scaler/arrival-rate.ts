/**
 * How many tasks arrive a second, and in what bursts, from nothing but a counter read at irregular times.
 *
 *     count |      one window       | next window |
 *           +-----------------------+-------------+--> time
 *            fast, slow: arrivals / time, both fading with their time constant (so the first window is believed whole)
 *            bursts:     (arrivals - expected)^2 / expected, which is 1 on average for a Poisson process
 *
 * The fast mean would take its time constant to notice a step, so a window that deviates from it by more than four standard deviations of what
 * bursts explain replaces it: a change point. A step down must show in several windows, since few arrivals prove little.
 */

/** What is remembered of the arrivals. */
export interface ArrivalMemory {
  /** The window that is being filled. */
  readonly windowStartMs: number;
  readonly windowStartCount: number;
  /** Fading sums of arrivals and of ms. */
  readonly fastCount: number;
  readonly fastMs: number;
  readonly slowCount: number;
  readonly slowMs: number;
  /** Fading mean of the squared deviation over the expectation, and its weight. */
  readonly dispersion: number;
  readonly dispersionWeight: number;
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
  /** Tasks a second: the slow mean, or what the fast one proves beyond it. */
  readonly perS: number;
  /** Peakedness: 1 for arrivals that know nothing of each other, more for bursts; at most {@link BURSTINESS_MAX}. */
  readonly burstiness: number;
}

/** Beyond it the estimate says more about the window than about the load. */
const BURSTINESS_MAX = 16;
const DEVIATIONS_MAX = 4;
/** Standard deviations by which the fast mean must exceed the slow one to count: the headroom is there for the rest. */
const DOUBT = 2;
/** One window counts no more than this, whatever it holds. */
const DISPERSION_MAX = 64;
const DISPERSION_MS = 10_000;

export function noArrivals(nowMs: number, arrived: number): ArrivalMemory {
  return {
    windowStartMs: nowMs,
    windowStartCount: arrived,
    fastCount: 0,
    fastMs: 0,
    slowCount: 0,
    slowMs: 0,
    dispersion: 0,
    dispersionWeight: 0,
  };
}

/** Takes a reading of the counter. Readings sooner than a window after the last change nothing but by a burst that is already plain. */
export function observeArrivals(memory: ArrivalMemory, nowMs: number, arrived: number, scales: ArrivalScales): ArrivalMemory {
  const elapsedMs = nowMs - memory.windowStartMs;
  const count = Math.max(0, arrived - memory.windowStartCount);
  if (elapsedMs < scales.windowMs && !isBurst(memory, count, scales)) return memory;
  const windowMs = Math.max(elapsedMs, scales.windowMs);
  const fastPerMs = rate(memory.fastCount, memory.fastMs, windowMs);
  const slowPerMs = rate(memory.slowCount, memory.slowMs, windowMs);
  const spread = dispersionOf(memory);
  const next = { ...memory, windowStartMs: nowMs, windowStartCount: arrived };
  if (memory.fastMs > 0 && deviates(count, fastPerMs * windowMs, spread)) {
    return { ...next, fastCount: count, fastMs: windowMs, slowCount: count, slowMs: windowMs };
  }
  return agree(
    {
      ...next,
      ...faded(memory, windowMs, count, scales),
      ...dispersed(memory, count, slowPerMs * windowMs, windowMs),
    },
    spread,
  );
}

export function arrivalEstimate(memory: ArrivalMemory, scales: ArrivalScales): ArrivalEstimate {
  const share = Math.min(1, scales.serviceMs / Math.max(scales.serviceMs, scales.windowMs));
  const spread = dispersionOf(memory);
  const slow = rate(memory.slowCount, memory.slowMs, scales.windowMs);
  const fast = rate(memory.fastCount, memory.fastMs, scales.windowMs);
  // A fading mean over tau has the variance of a plain one over 2 tau.
  const error = DOUBT * Math.sqrt((Math.max(1, spread) * fast) / (2 * Math.max(memory.fastMs, scales.windowMs)));
  return {
    perS: Math.max(slow, fast - error) * 1_000,
    burstiness: Math.min(BURSTINESS_MAX, Math.max(1, spread * share)),
  };
}

/** Whether the window is known to deviate before it is over: its count can only grow. */
function isBurst(memory: ArrivalMemory, count: number, { windowMs }: ArrivalScales): boolean {
  if (count === 0) return false;
  const expected = rate(memory.fastCount, memory.fastMs, windowMs) * windowMs;
  return count > expected && deviates(count, expected, dispersionOf(memory));
}

function deviates(count: number, expected: number, dispersion: number): boolean {
  // Small counts stray further than the normal distribution has it.
  return Math.abs(count - expected) > DEVIATIONS_MAX * (1 + Math.sqrt(expected * Math.max(1, dispersion)));
}

function faded(memory: ArrivalMemory, windowMs: number, count: number, scales: ArrivalScales): Partial<ArrivalMemory> {
  const fast = Math.exp(-windowMs / scales.fastMs);
  const slow = Math.exp(-windowMs / scales.slowMs);
  return {
    fastCount: memory.fastCount * fast + count,
    fastMs: memory.fastMs * fast + windowMs,
    slowCount: memory.slowCount * slow + count,
    slowMs: memory.slowMs * slow + windowMs,
  };
}

function dispersed(memory: ArrivalMemory, count: number, expected: number, windowMs: number): Partial<ArrivalMemory> {
  if (memory.slowMs === 0 || expected <= 0) return {};
  const fade = Math.exp(-windowMs / DISPERSION_MS);
  const deviation = Math.min(DISPERSION_MAX, (count - expected) ** 2 / Math.max(expected, 1));
  return {
    dispersion: memory.dispersion * fade + deviation,
    dispersionWeight: memory.dispersionWeight * fade + 1,
  };
}

/** The slow mean follows the fast one down when bursts no longer explain the difference. */
function agree(memory: ArrivalMemory, dispersion: number): ArrivalMemory {
  const expected = rate(memory.slowCount, memory.slowMs, 0) * memory.fastMs;
  if (memory.fastCount >= expected || !deviates(memory.fastCount, expected, dispersion)) return memory;
  return { ...memory, slowCount: memory.fastCount, slowMs: memory.fastMs };
}

/** Counts with a mean below 1 say little: without weight the process is taken for Poisson. */
function dispersionOf({ dispersion, dispersionWeight }: ArrivalMemory): number {
  return (dispersion + 1) / (dispersionWeight + 1);
}

function rate(count: number, ms: number, msMin: number): number {
  const overMs = Math.max(ms, msMin);
  return overMs > 0 ? count / overMs : 0;
}
