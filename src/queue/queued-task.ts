import type { Bulkhead } from './bulkhead.js';

/**
 * What the queue needs to know of a task. The pool's task object satisfies it, so queueing allocates nothing but a place in a lane.
 *
 * Order is one static number (DESIGN: virtual deadline): `key = submittedAt + headStart[level]`, or `min(key, deadlineAt)` for a task with a
 * deadline. Adding the same amount of waiting to two tasks never swaps them, so nothing is ever re-sorted and nothing starves: a task is
 * overtaken only by tasks submitted within the difference of the two head starts after it.
 */
export interface QueuedTask {
  /** Lane the task stands in: index into the levels, 0 is the most urgent. Set by admission when it overflows into a lower level. */
  level: number;
  /** Where the task stands, one of {@link NOT_QUEUED} and its neighbours or a place in a lane; written by the queue only. Lets removal be O(1). */
  position: number;
  /** When it was submitted (or became due), in whole ms of the pool's clock: an integer, so that it costs no allocation. */
  readonly submittedAt: number;
  /** Latest useful completion in ms of the pool's clock, `Infinity` for none. */
  readonly deadlineAt: number;
  /** Estimated size of the arguments in bytes; 0 unless the queue is bounded by bytes. */
  readonly bytes: number;
  /** The task was queued before (a retry, or given back by a worker): it keeps its place in time and is exempt from bounds. */
  readonly requeued: boolean;
  /** Counts submissions: keeps requeued tasks of one ms in order. */
  readonly sequence?: number;
  /** With placement `affinity`: tasks with one key go to one worker while it lives. */
  readonly affinityKey?: string | undefined;
  /** Bounds how many tasks of its kind are in flight at once. Must not change while the task is queued or in flight. */
  readonly bulkhead?: Bulkhead | undefined;
}

/**
 * Values of `position`: from 0 up a place in a lane, and from {@link WAITING_FIRST} down a place in the waiting room. Level, bytes and `requeued`
 * must not change while a task stands in a lane.
 */
export const NOT_QUEUED = -1;
/** In the heap that a lane keeps for what is out of order. */
export const OUT_OF_ORDER = -2;
/** The highest of the places in the waiting room, which count down. */
export const WAITING_FIRST = -3;

/** One priority level. */
export interface LevelOptions {
  readonly name: string;
  /** How much later a task of this level may be treated as submitted, in ms: smaller is more urgent. Ascending over the levels. */
  readonly headStartMs: number;
  /** Tasks this level may hold; `Infinity` for no bound of its own. */
  readonly max: number;
  /** Bytes of arguments this level may hold. */
  readonly bytesMax: number;
  /** Tasks of this level are refused when they would wait for longer, as foreseen, in ms; absent for no such bound. */
  readonly waitMsMax?: number;
}

/** The default levels and their starvation bounds: a `normal` task waits at most 0.9 s longer than a `high` one submitted with it. */
export const DEFAULT_LEVELS: readonly LevelOptions[] = [
  { name: 'critical', headStartMs: 0, max: Infinity, bytesMax: Infinity },
  { name: 'high', headStartMs: 100, max: Infinity, bytesMax: Infinity },
  { name: 'normal', headStartMs: 1_000, max: Infinity, bytesMax: Infinity },
  { name: 'low', headStartMs: 10_000, max: Infinity, bytesMax: Infinity },
  { name: 'idle', headStartMs: 60_000, max: Infinity, bytesMax: Infinity },
];
