/** The public face of a pool. The implementation is `worker-pool.ts`. */
import type { DeadLetter, DeadLetterFilter } from '../queue/dead-letters.js';
import type { Task, TaskArgs, TaskItem, TaskName, TaskOptions, TaskResult } from '../task/types.js';
import type { Duration } from '../runtime/units.js';
import type { WorkerKind, WorkerState } from '../worker/worker.js';
import type { PoolEvents } from './events.js';
import type { WorkerHealth } from './member.js';
import type { StackOptions, WorkerInspector } from './inspection.js';
import type { CloseOptions, CloseReport } from './options.js';
import type { PoolStats } from './stats.js';
import type { WorkerStack } from './worker-stack.js';

/** Options of `map`. */
export interface MapOptions extends TaskOptions {
  /** Results in the order of the inputs. Default true; unordered is faster when durations differ. */
  readonly ordered?: boolean;
  /** Tasks in flight at once. Default twice the slots of the pool at its largest. Memory is bounded by it, whatever the input. */
  readonly concurrency?: number;
  /** `'throw'` ends the iteration at the first failure and cancels the rest; `'settle'` yields an outcome for every input. Default `'throw'`. */
  readonly onError?: 'throw' | 'settle';
}

/** What `map` yields for each input with `onError: 'settle'`. */
export type MapOutcome<R, I = unknown> =
  | { readonly status: 'fulfilled'; readonly value: R; readonly index: number; readonly input: I }
  | { readonly status: 'rejected'; readonly reason: unknown; readonly index: number; readonly input: I };

/** Arguments of a function of a range after its first two, the bounds of a chunk. */
export type RangeArgs<M, K extends keyof M> = TaskArgs<M, K> extends [number, number, ...infer Rest] ? Rest : TaskArgs<M, K> extends [] | [number] ? [] : never;

/** Options of `range`. */
export interface RangeOptions extends Pick<TaskOptions, 'priority' | 'correlationId'> {
  /** Elements of a chunk. Default `'auto'`: large ones first, what remains / (2 * workers) each, so that all workers finish together. */
  readonly chunk?: 'auto' | number;
  /** Ends the range when it aborts: it rejects at once, and functions that run are told to stop. */
  readonly signal?: AbortSignal;
  /** Longest time for the range as a whole, from the call. Default: the function's, then the pool's. */
  readonly timeout?: Duration;
  /** Makes one value of those of the chunks, two at a time, in the order of the range. Called on the caller's side. */
  readonly reduce?: unknown;
}

/** What can be submitted: the part of a pool that `with(options)` gives a view of. */
export interface Submitter<M> {
  /** Runs one task; resolves to its result, rejects with its error. Overload is a rejection too. */
  run<K extends TaskName<M>>(name: K, ...args: TaskArgs<M, K>): Promise<TaskResult<M, K>>;
  /** Submits one task and returns its handle. */
  submit<K extends TaskName<M>>(name: K, args: TaskArgs<M, K>, options?: TaskOptions): Task<TaskResult<M, K>>;
  /** Runs one task per input, pulling inputs as slots become free. */
  map<K extends TaskName<M>, I extends TaskItem<M, K>>(
    name: K,
    inputs: Iterable<I> | AsyncIterable<I>,
    options: MapOptions & { readonly onError: 'settle' },
  ): AsyncIterableIterator<MapOutcome<TaskResult<M, K>, I>>;
  map<K extends TaskName<M>>(
    name: K,
    inputs: Iterable<TaskItem<M, K>> | AsyncIterable<TaskItem<M, K>>,
    options?: MapOptions,
  ): AsyncIterableIterator<TaskResult<M, K>>;
  /** A view of the same pool that submits with other options. */
  with(options: TaskOptions): Submitter<M>;
}

/** Dead letters of a pool. */
export interface DeadLetterQueue {
  readonly size: number;
  /** Letters lost because the queue was full. */
  readonly dropped: number;
  list(filter?: DeadLetterFilter): readonly DeadLetter[];
  /** Takes letters out and submits them again; the tasks' handles come back. */
  replay(filter?: DeadLetterFilter): readonly Task[];
  /** Deletes letters; returns how many. */
  purge(filter?: DeadLetterFilter): number;
}

/** What is known of one worker. */
export interface WorkerInfo {
  readonly id: string;
  readonly kind: WorkerKind;
  readonly state: WorkerState;
  readonly pid: number | undefined;
  readonly threadId: number | undefined;
  /** What the pool thinks of it by how its tasks end: `suspect` gets one task at a time, `isolated` none. */
  readonly health: WorkerHealth;
  readonly inFlight: number;
  /** Tasks it has answered. */
  readonly completed: number;
  /** Ms since it became ready; 0 before. */
  readonly ageMs: number;
  /** CPU time of its thread in ms, and bytes of its heap in use, as it last said, at most once in 250 ms; `undefined` where it does not say. */
  readonly cpuMs: number | undefined;
  readonly heapBytes: number | undefined;
}

/** A pool of workers that run the functions of one task module. */
export interface Pool<M> extends Submitter<M>, AsyncDisposable {
  readonly name: string;
  readonly kind: WorkerKind;
  readonly workers: readonly WorkerInfo[];
  readonly deadLetters: DeadLetterQueue;
  /** True while the queue is over its high-water mark. */
  readonly backpressure: boolean;
  /** Runs a function once on every worker that is ready or starting; resolves to the results in worker order. Rejects with the first error after all have answered. */
  broadcast<K extends TaskName<M>>(name: K, ...args: TaskArgs<M, K>): Promise<TaskResult<M, K>[]>;
  /**
   * Data-parallel over shared memory: calls `fn(start, end, ...args)` for chunks of `[0, length)` on all workers, and resolves to what the chunks returned, in the
   * order of the range. Threads take chunks from a shared counter (some µs per range and worker, none per chunk); elsewhere each chunk is a task.
   *
   * The first error stops the others at their next chunk and rejects once they have; a chunk whose worker died is never run again. Not retried.
   */
  range<K extends TaskName<M>>(
    name: K,
    length: number,
    options: RangeOptions & { readonly reduce: (accumulated: TaskResult<M, K>, value: TaskResult<M, K>) => TaskResult<M, K> },
    ...args: RangeArgs<M, K>
  ): Promise<TaskResult<M, K> | undefined>;
  range<K extends TaskName<M>>(
    name: K,
    length: number,
    options?: RangeOptions & { readonly reduce?: undefined },
    ...args: RangeArgs<M, K>
  ): Promise<TaskResult<M, K>[]>;
  /** Starts `count` workers now; the limits of the size move with it where they must. Resolves when they are ready (or have failed). */
  addWorker(count?: number): Promise<void>;
  /** Drains `count` workers; their running tasks finish, nothing is lost. Resolves when they have ended. */
  removeWorker(count?: number): Promise<void>;
  /** New limits for the size, at once. */
  resize(size: number | { readonly min?: number; readonly max?: number }): void;
  /** Replaces every worker by a fresh one, draining each. Resolves when the old ones have ended. */
  recycleWorkers(): Promise<void>;
  /** No task begins from now on; running ones go on. Those that were sent to a worker together with a buffer that moved there may still begin. */
  pause(): void;
  resume(): void;
  /** Resolves when nothing is queued, delayed or running. */
  idle(): Promise<void>;
  /** Resolves when the first worker is ready; rejects when none can be started. */
  ready(): Promise<void>;
  /** Resolves at once, or when the queue has fallen below its low-water mark. */
  drained(): Promise<void>;
  stats(): PoolStats;
  /**
   * What every worker is doing, with its stack: also of one in an endless loop, a regular expression, `Atomics.wait` or a call that does not return. Some
   * ms; `timeout` (default 500 ms) when one is in native code. Costs nothing until it is called.
   */
  dumpStacks(options?: StackOptions): Promise<WorkerStack[]>;
  /** Looks into one worker: its stack, a CPU profile, a heap snapshot. Throws an OptionError when there is no worker of that id. */
  inspect(workerId: string): WorkerInspector;
  /** The last sizing decision and what it rested on. */
  explain(): string;
  on<E extends keyof PoolEvents>(event: E, listener: (event: PoolEvents[E]) => void): this;
  once<E extends keyof PoolEvents>(event: E, listener: (event: PoolEvents[E]) => void): this;
  off<E extends keyof PoolEvents>(event: E, listener: (event: PoolEvents[E]) => void): this;
  /** Takes no more tasks, lets accepted ones finish within the limit, then ends the workers. Idempotent. */
  close(options?: CloseOptions): Promise<CloseReport>;
  /** Ends the workers now. Every open task gets an outcome. */
  terminate(): Promise<CloseReport>;
}
