/**
 * How many tasks may be in flight at once inside one worker, where nobody has said: as many as bring throughput, no more.
 *
 * Tasks that wait (for a database, a service, a disk) can share a worker. Up to a point each one more adds throughput; past it what they wait for is
 * saturated, and more of them only wait longer. The point is found from outside, by windows of a second or less:
 *
 *     recent   the time tasks take now: p90 of a window, median of five, smoothed
 *     base     the time they take when fewer are in flight: measured every 40 windows by going to three quarters of the limit for three windows;
 *              where these bring as much throughput, that is the limit from then on, and it is measured again at once
 *     queued   = limit x (1 - base / recent)      tasks in flight that only wait for others
 *
 *     queued > 6 log10(limit), and a tenth of it    -> less: the first time by what is too much, then by log10(limit)
 *     queued < half of that, limit in full use      -> more: by half until the first time it was too much, by log10(limit) from then on
 *     a fifth of the tasks run into their limit     -> a tenth less, whatever the rest says
 *     the worker's own CPU or event loop is full    -> less: what is short is workers, and the sizing law adds them
 *
 * The steps are those of TCP Vegas as Netflix's limiter has them. A base that only follows what is seen drifts up with the saturation it is to show; measuring
 * it anew with fewer tasks (as BBR measures its round trip) costs a percent of throughput and needs no guard against that.
 */

/** What happened in one window. */
export interface LimitWindow {
  /** Tasks that ended. */
  readonly finished: number;
  readonly elapsedMs: number;
  /** 90th percentile of the time they took, in ms. */
  readonly p90Ms: number;
  /** Most tasks in flight in one worker at the looks within the window. */
  readonly inFlightMax: number;
  /** Of the tasks that ended, those that ran into their time limit. */
  readonly timedOut: number;
  /** Whether the workers have no time left to look after more tasks: their CPU or event loop is full. */
  readonly workersFull: boolean;
}

export interface LimitMemory {
  readonly limit: number;
  /** The last p90s, newest last. */
  readonly p90s: readonly number[];
  readonly recentMs: number;
  readonly baseMs: number;
  /** Throughput: before a measurement, and in it. */
  readonly perMs: number;
  readonly measuredPerMs: number;
  /** Windows since the base was measured; negative while it is. */
  readonly age: number;
  /** Whether it was ever too much: then it grows with care. */
  readonly found: boolean;
  /** Whether more in flight brings no more throughput. */
  readonly saturated: boolean;
  readonly why: string;
}

const MEDIAN_OF = 5;
const SMOOTHING = 1 / 3;
const QUEUED_MAX = 6;
const QUEUED_SHARE = 0.1;
const FULL_SHARE = 0.8;
const TIMED_OUT_SHARE = 0.2;
const TIMED_OUT_FACTOR = 0.9;
const START_FACTOR = 1.5;
/** No more than so many times what was ever in flight. */
const UNUSED_FACTOR = 5;
const MEASURE_EVERY = 40;
/** The first of them still holds tasks from before. */
const MEASURE_WINDOWS = 3;
const MEASURE_SHARE = 0.75;
const MEASURE_QUEUED = 8;
/** Throughput above this share of what it was is the same. */
const SAME_SHARE = 0.95;

export function initialLimit(limit: number): LimitMemory {
  return { limit, p90s: [], recentMs: NaN, baseMs: NaN, perMs: NaN, measuredPerMs: 0, age: 0, found: false, saturated: false, why: 'nothing is known yet' };
}

/** Tasks that may be in flight now: a whole number >= 1. */
export function limitNow({ limit, age }: LimitMemory): number {
  // Where the limit is small, a quarter of it would not clear what queues.
  return Math.max(1, Math.floor(age < 0 ? limit - Math.max(limit * (1 - MEASURE_SHARE), MEASURE_QUEUED * Math.max(1, Math.log10(limit))) : limit));
}

/** Takes in a window; the limit stays within 1 and `limitMax`. */
export function observeLimit(memory: LimitMemory, window: LimitWindow, limitMax: number): LimitMemory {
  if (window.finished <= 0 || !(window.elapsedMs > 0) || !(window.p90Ms >= 0)) return memory;
  if (memory.age < 0) return measure(memory, window);
  const full = window.inFlightMax >= FULL_SHARE * Math.floor(memory.limit);
  const seen = see(memory, window, full);
  const step = decide(seen, window, full);
  const unused = Math.max(memory.limit, UNUSED_FACTOR * window.inFlightMax);
  const limit = Math.max(1, Math.min(step.limit, unused, limitMax));
  const due = full && seen.found && seen.age >= MEASURE_EVERY;
  return { ...seen, ...step, limit, found: seen.found || step.limit < memory.limit, age: due ? -MEASURE_WINDOWS : seen.age };
}

interface Step {
  readonly limit: number;
  readonly saturated: boolean;
  readonly why: string;
}

/** The base is the mean of the windows with fewer tasks, without the first. What it was before is forgotten. */
function measure(memory: LimitMemory, { p90Ms, finished, elapsedMs }: LimitWindow): LimitMemory {
  const index = MEASURE_WINDOWS + memory.age;
  const age = memory.age + 1;
  if (index === 0) return { ...memory, measuredPerMs: 0, age };
  const baseMs = index === 1 ? p90Ms : memory.baseMs + (p90Ms - memory.baseMs) / index;
  const measuredPerMs = memory.measuredPerMs + (finished / elapsedMs - memory.measuredPerMs) / index;
  const fewer = limitNow(memory);
  if (age < 0 || measuredPerMs < SAME_SHARE * memory.perMs || fewer <= 1) return { ...memory, baseMs, measuredPerMs, age };
  const why = `${fewer} tasks in flight bring as much as ${Math.floor(memory.limit)}`;
  return { ...memory, baseMs, recentMs: baseMs, p90s: [], perMs: measuredPerMs, limit: fewer, age: -MEASURE_WINDOWS, saturated: true, why };
}

function see(memory: LimitMemory, { p90Ms, finished, elapsedMs }: LimitWindow, full: boolean): LimitMemory {
  const p90s = [...memory.p90s, p90Ms].slice(-MEDIAN_OF);
  const recentMs = towards(memory.recentMs, p90s.toSorted((a, b) => a - b)[p90s.length >> 1] as number);
  // Below the limit nothing queues for it: whatever tasks take then is what they take.
  const baseMs = !full || Number.isNaN(memory.baseMs) ? towards(memory.baseMs, recentMs) : memory.baseMs;
  return { ...memory, p90s, recentMs, baseMs, perMs: towards(memory.perMs, finished / elapsedMs), age: memory.age + 1 };
}

function decide({ limit, recentMs, baseMs, found }: LimitMemory, window: LimitWindow, full: boolean): Step {
  const log = Math.max(1, Math.log10(limit));
  // Where many are in flight, noise alone looks like a few that queue.
  const most = Math.max(QUEUED_MAX * log, QUEUED_SHARE * limit);
  const queued = recentMs > 0 ? Math.max(0, limit * (1 - baseMs / recentMs)) : 0;
  if (window.timedOut > 0 && window.timedOut >= TIMED_OUT_SHARE * window.finished)
    return { limit: limit * TIMED_OUT_FACTOR, saturated: true, why: `${window.timedOut} of ${window.finished} tasks ran into their time limit` };
  if (window.workersFull) return { limit: limit - log, saturated: false, why: 'the workers have no time for more' };
  if (!full) return { limit, saturated: false, why: 'no more is asked for' };
  const longer = `tasks take ${Math.round(recentMs)} ms, ${Math.round(baseMs)} with fewer in flight: some ${Math.round(queued)} only wait`;
  if (queued > most) return { limit: found ? limit - log : limit - queued + most / 2, saturated: true, why: longer };
  if (queued >= most / 2) return { limit, saturated: true, why: longer };
  return { limit: found ? limit + log : limit * START_FACTOR + 1, saturated: false, why: 'tasks take no longer for being more' };
}

function towards(from: number, to: number): number {
  return Number.isNaN(from) ? to : from + SMOOTHING * (to - from);
}
