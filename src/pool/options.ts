/** The options of a pool, as the user writes them. Checked and filled in by `normalise-options.ts`. */
import type { WhenFull } from '../queue/admission.js';
import type { Clock } from '../runtime/clock.js';
import type { Random } from '../runtime/random.js';
import type { Duration, Size } from '../runtime/units.js';
import type { PlacementName } from '../scheduler/placement.js';
import type { ScalingPolicy } from '../scheduler/scaler/scaling-policy.js';
import type { BreakerOptions, BulkheadOptions, HedgeOptions, RetryOptions, WorkerLimits } from '../task/types.js';
import type { ErrorClass } from '../transport/error-record.js';
import type { RuntimeOptions, WorkerKind } from '../worker/worker.js';

export type { WhenFull };

/** How many workers. A number is a fixed size. */
export type PoolSize = number | { readonly min?: number; readonly max?: number };

/** Bounds of the queue. */
export interface QueueOptions {
  /** Tasks that may wait. Default 10,000; `Infinity` for no bound. */
  readonly max?: number;
  /** Bytes of arguments that may wait (estimated). Default no bound. */
  readonly maxBytes?: Size;
  /** Default `'reject'`. */
  readonly whenFull?: WhenFull;
  /** Priority levels, most urgent first, with their head starts. Default critical 0, high 100 ms, normal 1 s, low 10 s, idle 60 s. */
  readonly levels?: Readonly<Record<string, LevelInput>>;
  /** A task that would wait for longer, as foreseen, is refused: the bound by time. Default none. */
  readonly maxWait?: Duration;
  /** Share of the bounds at which `backpressure` is raised. Default 0.8. */
  readonly highWaterMark?: number;
  /** Share of the bounds below which it ends. Default 0.5. */
  readonly lowWaterMark?: number;
}

/** A level: its head start, or that and bounds of its own. */
export type LevelInput = Duration | { readonly headStart: Duration; readonly max?: number; readonly maxBytes?: Size; readonly maxWait?: Duration };

/** What to do when more comes in than can be finished in time. Each part has a default; `'adaptive'` takes them all. */
export interface OverloadOptions {
  /** Wait that is no overload yet. Default the largest of 5 ms, the mean execution time and a tenth of the pool's `deadline`. */
  readonly target?: Duration;
  /**
   * A level is overloaded when the wait has been above the target for this long, and no longer when it has been below. Default the larger of 100 ms and 10 mean
   * execution times.
   */
  readonly interval?: Duration;
  /** Levels whose callers are gone when the answer is late: while such a level is overloaded, what has waited longer than the target is given up. Default none. */
  readonly interactive?: readonly string[];
  /** Whether an interactive level runs its newest task first while it is overloaded. Default false. */
  readonly newestFirst?: boolean;
  /** Largest share of the submissions that is refused, the least urgent first; 0 refuses none. Default 0.99. */
  readonly refuseMax?: number;
  /** Share of the memory this process may use from which the lowest level and large arguments are refused; `false` for never. Default 0.9. */
  readonly memory?: number | false;
}

/** When a worker is replaced by a fresh one. It drains first; no task notices. */
export interface RecycleOptions {
  /** After so many tasks. */
  readonly afterTasks?: number;
  /** At this age. */
  readonly afterAge?: Duration;
  /** When its heap, looked at after a task, is larger. */
  readonly afterHeap?: Size;
  /**
   * When what it holds after a full collection, heap and buffers, has grown by so much since the first: a leak. Off by default, for a cache that fills looks
   * the same; costs 0.2 ms a full collection and 0.1 µs a task in the worker. Not for `async`.
   */
  readonly afterGrowth?: Size;
}

/** How stuck workers are found, and what becomes of them. */
export interface WatchdogOptions {
  /**
   * Longest time a worker's event loop may stand still while it has tasks, whatever it does. Then the task fails with `ERR_WORKER_STUCK` (or is retried), and the
   * worker is replaced after `cancelGrace`. Default `Infinity`: a task that computes is healthy for ever. A task that waits for a promise does not count: its
   * limit is `timeout`.
   */
  readonly stuckAfter?: Duration;
  /** A worker that for this long neither answers nor computes is reported by the event `stuck`. Default 30 s. */
  readonly reportAfter?: Duration;
  /** What becomes of threads that wait for one another's locks: one is ended, so that the others go on, or they are only reported. Default `'break'`. */
  readonly deadlock?: 'break' | 'report';
  /** Time between two looks. Default 1 s, or a quarter of `stuckAfter` when that is less. */
  readonly interval?: Duration;
  /** Emits `stacks` with the stacks of all workers this often, while tasks run and somebody listens. Default never. */
  readonly dumpEvery?: Duration;
  /**
   * Emits `stalled`, with the stack of the main thread, when its own event loop has stood still for this long; `true` for 1 s. Costs one thread. Only for
   * pools made in the main thread. Default `false`.
   */
  readonly mainThread?: boolean | Duration;
}

/** Options of `createPool`. */
export interface PoolOptions {
  /** Shown in events, ids, logs. Default `'pool'`. */
  readonly name?: string;
  /** Where task functions run. Default `'thread'`. */
  readonly worker?: WorkerKind;
  /** Default `{ min: 1, max: <CPUs this process may use> }`; for `async` one worker. */
  readonly size?: PoolSize;
  /**
   * Tasks in flight at once inside one worker. `'auto'` finds as many as bring throughput, for functions that wait for something else: see
   * docs/guide/sizing.md. Default 1; for `async` 64.
   */
  readonly concurrency?: number | 'auto';
  readonly queue?: QueueOptions;
  /**
   * What to do when more comes in than can be finished in time, beyond the bounds of the queue. `'adaptive'` refuses the least urgent tasks as far as needed to
   * keep the wait short. Do not use it for batches: there a long queue is no overload. Default `'off'`.
   */
  readonly overload?: 'off' | 'adaptive' | OverloadOptions;
  /** Default `'least-loaded'`. */
  readonly placement?: PlacementName;
  /** Sizing policy. Default `'queue-depth'`; a pool of fixed size uses `'fixed'`. */
  readonly policy?: 'adaptive' | 'queue-depth' | 'threshold' | 'fixed' | ScalingPolicy;
  /** Longest execution of a task. Default none. */
  readonly timeout?: Duration;
  /** Latest outcome of a task, from its submission. Default none. */
  readonly deadline?: Duration;
  /** Default 1 attempt. A number is the attempts. */
  readonly retry?: RetryOptions | number;
  /** A second attempt for tasks that take unusually long: only where every function may safely be run twice. Default `false`. */
  readonly hedge?: HedgeOptions | boolean;
  /** When functions are refused because too many of their attempts fail. `true` for all defaults. Default: for crash loops only; `false`: never. */
  readonly breaker?: BreakerOptions | boolean;
  /** By name of a function, or of a group that functions name: how many tasks of it may be in flight at once, and wait. A number is `max`. */
  readonly bulkheads?: Readonly<Record<string, number | BulkheadOptions>>;
  /** Level of tasks that name none. Default `'normal'`. */
  readonly priority?: string;
  /**
   * How long a cancelled or timed-out function may go on before its worker is ended. Default 500 ms; 25 ms for a function that blocks its event loop and so
   * holds a core, and none when it has been ended by force before. A grace that is given here counts for all of them.
   */
  readonly cancelGrace?: Duration;
  /** Limit for a worker to load the module and run its `start` hook. Default 30 s. */
  readonly startTimeout?: Duration;
  /** Limit for a worker's `stop` hook, then it is terminated. Default 5 s. */
  readonly stopTimeout?: Duration;
  /** How stuck workers are found and ended; `false` for not at all, `true` to watch the main thread too. Default `{}`. */
  readonly watchdog?: boolean | WatchdogOptions;
  /** Time between health checks of a worker whose module defines one. Default 30 s. */
  readonly healthInterval?: Duration;
  /** How long a health check may take; a worker whose event loop turns and that has not answered by then is replaced. Default 10 s. */
  readonly healthTimeout?: Duration;
  /**
   * What becomes of a worker that takes more than three times as long as the others for the same function: the event `workerSuspected`, or that and its replacement.
   * Isolate only where a function's time does not depend on who calls it. Default `'report'`.
   */
  readonly slowWorkers?: 'report' | 'isolate' | 'ignore';
  readonly recycle?: RecycleOptions;
  /** Tasks kept after they failed for good: a number bounds it, `false` keeps none. Default 1,000 when `retry` or `whenFull: 'dead-letter'` is set, else none. */
  readonly deadLetters?: number | false;
  /** Values a generator may send ahead of its reader. Default 16. */
  readonly streamCredit?: number;
  /**
   * Whether the caller's stack is recorded at submission and joined to a worker's error. `'auto'` records while fewer than 1,000 tasks a second are
   * submitted, so that it never costs a busy pool. Default `'auto'`.
   */
  readonly submitStack?: boolean | 'auto';
  /** Error classes of your own: errors of that name come back as instances of them. */
  readonly errors?: readonly ErrorClass[];
  /** Passed to the module's `start` hook; must be cloneable. */
  readonly workerData?: unknown;
  /** Environment of the workers. Default: a copy of this process's. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly argv?: readonly string[];
  readonly execArgv?: readonly string[];
  /** Threads only. Not isolation: see the guide on reliability. */
  readonly resourceLimits?: NonNullable<RuntimeOptions['resourceLimits']>;
  /** What one worker may use; goes before what the module asks for (`defineWorker`). Default nothing. */
  readonly limits?: WorkerLimits;
  /** Working directory, of processes only: workers of other kinds share that of this process, and are refused another. Default this process's. */
  readonly cwd?: string;
  /** Time, for tests and simulation. Default the host's. */
  readonly clock?: Clock;
  /** Chance, for tests and simulation. Default the host's. */
  readonly random?: Random;
}

/** Limits of `close`. */
export interface CloseOptions {
  /** How long queued and running tasks may take to finish. Default 30 s. 0 returns at once what has not started and ends what runs. */
  readonly timeout?: Duration;
}

/** What `close` and `terminate` resolve to. */
export interface CloseReport {
  /** Tasks that never started, with their arguments: submit them elsewhere. Their promises reject with `ERR_TASK_CANCELLED`. */
  readonly returned: readonly ReturnedTask[];
  /** Tasks that were running when the limit passed and were ended. */
  readonly terminated: number;
}

/** A task that never started. */
export interface ReturnedTask {
  readonly id: string;
  readonly name: string;
  readonly args: readonly unknown[];
  readonly priority: string;
  readonly correlationId: string;
}
