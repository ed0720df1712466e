/** Types that carry a task module's names, arguments and results to the caller. No code. */
import type { Duration, Size } from '../runtime/units.js';
import type { TaskState } from './lifecycle.js';

/** Any task module: what `import('./tasks.js')` gives. */
// oxlint-disable-next-line typescript/no-explicit-any -- the widest function type; narrowed by the module's own
export type AnyFunction = (...args: any[]) => any;

/** Names of the task functions a module exports: its functions, but for the worker definition. */
export type TaskName<M> = { [K in keyof M & string]: M[K] extends AnyFunction ? K : never }[keyof M & string];

/** Arguments of one task function. */
export type TaskArgs<M, K extends keyof M> = M[K] extends (...args: infer A) => unknown ? A : never;

/** What a call resolves to: async unwrapped, generators as a stream. */
export type TaskResult<M, K extends keyof M> = M[K] extends (...args: never[]) => infer R ? Unwrapped<R> : never;

type Unwrapped<R> =
  Awaited<R> extends Generator<infer Y, infer V, never> | AsyncGenerator<infer Y, infer V, never>
    ? TaskStream<Awaited<Y>, Awaited<V>>
    : Awaited<R> extends Generator<infer Y, infer V, unknown> | AsyncGenerator<infer Y, infer V, unknown>
      ? TaskStream<Awaited<Y>, Awaited<V>>
      : Awaited<R>;

/** The input of `map` for one task function: its first argument; `never` for a function that needs more than one. */
export type TaskItem<M, K extends keyof M> = TaskArgs<M, K> extends [] ? undefined : [TaskArgs<M, K>[0]] extends TaskArgs<M, K> ? TaskArgs<M, K>[0] : never;

/** The values of a generator task function, with credit: the function runs only as far ahead as the reader allows. */
export interface TaskStream<Y, V = unknown> extends AsyncIterableIterator<Y> {
  /** Ends the generator in the worker (its `finally` blocks run) and waits for that. */
  return(value?: unknown): Promise<IteratorResult<Y>>;
  /** The generator's return value, once it has finished. Rejects if it throws or is cancelled. */
  readonly returned: Promise<V>;
}

/** One submitted unit of work. */
export interface Task<R = unknown> {
  /** Unique, sortable by submission within its pool. */
  readonly id: string;
  readonly name: string;
  readonly state: TaskState;
  /** Executions begun so far: 0 while it waits for the first. */
  readonly attempts: number;
  readonly correlationId: string;
  /**
   * The outcome as a promise: the result, or the rejection. Made when first asked for, so that a task whose `result` nobody looks at
   * causes no unhandled rejection.
   */
  readonly result: Promise<R>;
  /** Values the function passed to `context().progress()`. Keeps the newest 256 until read; ends with the task. */
  readonly progress: AsyncIterableIterator<unknown>;
  /** Whether the task has its outcome. */
  isComplete(): boolean;
  /** The error of a task that failed or was cancelled, `undefined` otherwise. */
  getError(): unknown;
  /**
   * Cancels the task: at once if it waits; if it runs, its signal is raised, `result` rejects at once, and a function that has not
   * ended after the pool's `cancelGrace` is ended with its worker. Returns whether the task was still open.
   */
  cancel(reason?: unknown): boolean;
}

/** How a failed attempt is followed by another. */
export interface RetryOptions {
  /** Executions in all, the first included. Default 1: no retry. */
  readonly attempts?: number;
  /** Wait before the next attempt. A number is fixed ms; default `'exponential'`. Full jitter unless a number or a function is given. */
  readonly backoff?: Backoff;
  /** Base of the computed backoffs. Default 100 ms. */
  readonly minDelay?: Duration;
  /** Upper limit of the computed backoffs. Default 30 s. */
  readonly maxDelay?: Duration;
  /** `false` for errors that must not be retried. Default: everything but cancellation, bad values and unknown functions is. */
  readonly retryIf?: (error: unknown, attempt: number) => boolean;
}

export type Backoff = number | 'exponential' | 'decorrelated' | ((attempt: number, error: unknown) => number);

/** Options of one task; each falls back to the function's (`defineTask`), then to the pool's. */
export interface TaskOptions {
  /** Name of a level. Default `'normal'`. */
  readonly priority?: string;
  /** Cancels the task when it aborts. One signal may serve any number of tasks. */
  readonly signal?: AbortSignal;
  /** Longest execution, counted from its start. Default none. */
  readonly timeout?: Duration;
  /** Latest outcome, counted from submission. Default none. */
  readonly deadline?: Duration;
  /** Not before this long from now. Default 0. */
  readonly delay?: Duration;
  readonly retry?: RetryOptions | number;
  /** A second attempt for a task that takes unusually long: only for what may safely be run twice. `true` for all defaults. Default `false`. */
  readonly hedge?: HedgeOptions | boolean;
  /** While a task with this key is open, submitting again answers with that task. */
  readonly idempotencyKey?: string;
  /** Travels to the worker's context, logs and events. Default: the task id. */
  readonly correlationId?: string;
  /** With placement `affinity`: tasks with one key go to one worker while it lives. */
  readonly affinityKey?: string;
  /** Objects to transfer instead of clone. See also `move()`. */
  readonly transfer?: readonly object[];
}

/** When a task gets a second attempt on another worker while the first goes on. The first answer wins, the other attempt is told to stop. */
export interface HedgeOptions {
  /** Time since the hand-over. `'p95'` is longer than 95 % of the answers of the function take. Default `'p95'`. */
  readonly after?: 'p95' | Duration;
  /** Second attempts for each first one, over 10 s. Default 0.02. */
  readonly budget?: number;
}

/** When calls of a function are refused because too many of them fail. */
export interface BreakerOptions {
  /** Share of attempts that fail, above which the breaker opens, 0 to 1. Default 0.5. */
  readonly errorRate?: number;
  /** Attempts within the window below which it never opens. Default 20. */
  readonly minimum?: number;
  /** Attempts older than this do not count. Default 10 s. */
  readonly window?: Duration;
  /** How long it stays open before the first probe; twice as long each time a probe fails, up to a minute. Default 5 s. */
  readonly openFor?: Duration;
}

/** How much of the pool the calls of a function, or of a group of functions, may take. */
export interface BulkheadOptions {
  /** Tasks in the hands of workers at once. */
  readonly max: number;
  /** Tasks that may wait for that; further ones are refused. Default: as many as the queue takes. */
  readonly queue?: number;
}

/** Options a task function declares for itself. */
export interface TaskDefaults extends Pick<TaskOptions, 'priority' | 'timeout' | 'deadline' | 'retry' | 'hedge'> {
  /** For pool groups: waits most of the time (`'io'`), or computes or blocks (`'cpu'`). Default: an `async` function waits, others compute. */
  readonly class?: 'io' | 'cpu';
  /** `true` for all defaults. Without it, and unless it is `false`, the breaker opens for crash loops only. */
  readonly breaker?: BreakerOptions | boolean;
  /** A number is `max`. Functions that name the same `group` share one; the group's size may be the pool's to say (`bulkheads`). */
  readonly bulkhead?: number | (Partial<BulkheadOptions> & { readonly group?: string });
}

/** What one worker may use at most. Each field is off by default; those that cannot be enforced where the pool runs are told by the event `warning`. */
export interface WorkerLimits {
  /** Memory, looked at from outside every 100 ms, every 20 ms when it is more than half used. Threads and processes. */
  readonly memory?: MemoryLimits;
  /** CPU time in the life of a worker, in whole seconds rounded up; then it is ended. Processes on Linux. */
  readonly cpuTime?: Duration;
  /** Files and sockets open at once; 64 or more, since the runtime needs some itself. Processes on Linux. */
  readonly openFiles?: number;
  /** Scheduling priority, -20 (first) to 19 (last); below that of this process only with privileges. Processes, and threads on Linux. */
  readonly priority?: number;
  /** CPUs a worker may run on, by number; `'spread'` gives each worker one of those of this process, in turn. Linux. */
  readonly cpus?: readonly number[] | 'spread';
}

/** Memory of one worker: heap and buffers of a thread, resident set of a process. */
export interface MemoryLimits {
  /** Past it the worker is replaced, and drains: no task notices. */
  readonly soft?: Size;
  /** Past it the worker is ended; what it ran fails with `ERR_WORKER_CRASHED`, or is retried. */
  readonly hard?: Size;
}
