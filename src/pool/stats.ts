import type { BreakerState } from '../policy/circuit-breaker.js';
import type { BreakerCause } from './events.js';
import type { WorkerHealth } from './member.js';

/** What `pool.stats()` returns. Counts are since the pool was made. */
export interface PoolStats {
  readonly workers: {
    readonly total: number;
    readonly starting: number;
    readonly ready: number;
    readonly busy: number;
    readonly idle: number;
    readonly draining: number;
    readonly min: number;
    readonly max: number;
  };
  readonly queue: {
    readonly depth: number;
    readonly bytes: number;
    readonly delayed: number;
    readonly waiting: number;
    readonly byLevel: Readonly<Record<string, number>>;
    readonly oldestMs: number;
  };
  readonly tasks: {
    readonly submitted: number;
    readonly inFlight: number;
    readonly completed: number;
    readonly failed: number;
    readonly cancelled: number;
    readonly rejected: number;
    readonly retried: number;
    /** Tasks given back by a worker that went and run elsewhere. */
    readonly requeued: number;
    /** Second attempts made beside a slow one, and those that came first. */
    readonly hedged: number;
    readonly hedgesWon: number;
  };
  /** Time from submission to the hand-over, in ms. Taken from one clock reading a batch: accurate to the batch, free per task. */
  readonly wait: Distribution;
  /**
   * Time from the hand-over to the reply, in ms, less what tasks that were sent ahead to a thread waited there: by its own mean of each batch. Where plain
   * calls on the event loop follow one another within 10 µs, one in 16 on average is timed and those after it count as long as it took; every call that does
   * not end in the turn of the event loop in which it began is timed.
   */
  readonly run: Distribution;
  /** Share of the ready workers' slots that are in use, 0 to 1. */
  readonly utilization: number;
  readonly health: {
    /** By worker id; see `WorkerInfo.health`. */
    readonly workers: Readonly<Record<string, WorkerHealth>>;
    /** Workers isolated so far because their tasks failed, or took longer, than those of the others. */
    readonly isolated: number;
    /** More workers are to blame than may be isolated: they are kept. */
    readonly panic: boolean;
  };
  /** By function: those with a `breaker` that have run, and those that were shut off. */
  readonly breakers: Readonly<Record<string, BreakerStats>>;
  /** By name: tasks of functions with a `bulkhead`. */
  readonly bulkheads: Readonly<Record<string, { readonly inFlight: number; readonly max: number }>>;
  /** Tasks of `queue.depth` that wait because their bulkhead is full. */
  readonly held: number;
  /** What the option `overload` and `maxWait` have done. */
  readonly overload: {
    /** Whether tasks are being refused or given up, or retries held back, by the overload control. */
    readonly on: boolean;
    /** Levels whose tasks have been waiting too long for too long. */
    readonly levels: readonly string[];
    /** Share of the submissions that is refused now, the least urgent first, 0 to 1. */
    readonly refusedShare: number;
    /** Share of the memory in use when it was last looked at, 0 before. */
    readonly memoryShare: number;
    /** Tasks refused, by the rule that did. */
    readonly refused: { readonly maxWait: number; readonly priority: number; readonly memory: number };
    /** Tasks given up while they waited. */
    readonly shed: { readonly sojourn: number };
  };
  /** No worker can be started, or workers die too often. */
  readonly degraded: boolean;
  readonly paused: boolean;
}

/** The circuit breaker of one function. */
export interface BreakerStats {
  readonly state: BreakerState;
  /** Why it opened; `undefined` while it is closed. */
  readonly cause: BreakerCause | undefined;
  /** Until the first probe, in ms; 0 when it is not open. */
  readonly retryAfterMs: number;
}

/** Mean and percentiles, in ms. */
export interface Distribution {
  readonly count: number;
  readonly mean: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}
