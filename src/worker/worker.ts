/**
 * The seam between the pool and one execution context. Implementations: `async-worker` (the event loop of this process),
 * `thread-worker`, `process-worker`; the contract suite is `worker.contract.ts`.
 *
 * Lifecycle: `starting -> ready <-> suspect -> draining -> dead`. A worker reports what happens to its host and decides nothing:
 * restarts, retries, timeouts and placement are the pool's.
 *
 * Rules of the contract:
 * 1. `start()` is called once; then exactly one of `onReady` or `onExit` follows, and `onExit` is the last call a host ever gets.
 * 2. Between ready and exit every dispatched task gets exactly one of `onCompleted`, `onFailed`, `onUnsent`, or is still in `inFlight()` when
 *    `onExit` is called, unless it was abandoned. The worker never settles a task it no longer holds.
 * 3. `dispatch` never throws and never runs the task function synchronously for thread and process; nothing need leave before `flush()`.
 * 4. `stop(graceMs)` asks the worker to end by itself (its `stop` hook runs) and falls back to `terminate()` after the grace; both are idempotent,
 *    may be called in any state, before `start` too, and resolve when `onExit` has been called. `terminate` resolves within a bounded time even if the
 *    thread ignores it (native code): such a worker is reported as exited and counted as `abandoned`.
 * 5. An idle worker does not keep the process alive. (The pool holds one handle of its own while it has work.)
 */
import type { MillraceError } from '../errors.js';
import type { ForkSeats } from '../shared/fork-join/fork-seats.js';
import type { TaskContext } from '../task/context.js';
import type { AnyFunction } from '../task/types.js';
import type { RunElsewhere } from './remote-forks.js';
import type { ErrorClass } from '../transport/error-record.js';
import type { CancelCode, FunctionInfo, LeakReport, LogLevel, TaskFrame, WorkerHooks } from '../transport/protocol.js';
import type { WorkerStatus } from '../transport/worker-status.js';

export type WorkerKind = 'async' | 'thread' | 'process';

export type WorkerState = 'starting' | 'ready' | 'suspect' | 'draining' | 'dead';

/** A task in the hands of a worker. `slot` belongs to the worker: it is written at dispatch. */
export interface WorkerTask extends TaskFrame {
  slot: number;
}

/** What a worker tells its host when it is ready. */
export interface WorkerReady {
  readonly functions: readonly FunctionInfo[];
  readonly hooks: WorkerHooks;
  /** Process id; that of this process for `async` and `thread`. */
  readonly pid: number;
  /** Thread id as in `worker_threads`; 0 for `async` and `process`. */
  readonly threadId: number;
  /** Id by which the operating system knows the thread; `undefined` where it cannot be told and for processes, 0 for a worker without a thread of its own. */
  readonly osThreadId?: number | undefined;
  /** From `start()` to ready, in ms. */
  readonly bootMs: number;
}

/** How a worker ended. */
export interface WorkerExit {
  /** `stopped`: asked to; `start-failed`: never became ready; `crashed`: died by itself; `terminated`: killed by the pool. */
  readonly reason: 'stopped' | 'start-failed' | 'crashed' | 'terminated';
  readonly exitCode: number | null;
  readonly exitSignal: string | null;
  /** For `start-failed`: a ModuleLoadError or a WorkerStart error; for `crashed`: the uncaught error, when there was one. */
  readonly error: Error | undefined;
  /** The task whose code ended the worker, when that is known. */
  readonly guilty: WorkerTask | undefined;
  /** It said itself that it was about to end: an uncaught error or a call of `process.exit()`, neither of which the arrival of a task can cause. */
  readonly lastWords?: boolean;
  /** The thread did not end within the limit (native code): it is left behind. */
  readonly abandoned: boolean;
}

/** Calls from a worker to the pool. `T` is the pool's own task type, handed back as it was dispatched. */
export interface WorkerHost<T extends WorkerTask> {
  onReady(worker: Worker<T>, info: WorkerReady): void;
  /** The function is about to be called. Only for tasks with `FLAG_NOTIFY_START`. */
  onStarted(worker: Worker<T>, task: T): void;
  onCompleted(worker: Worker<T>, task: T, value: unknown): void;
  /** The function threw `error` (already revived), or its result could not cross (a ValueError). */
  onFailed(worker: Worker<T>, task: T, error: unknown): void;
  /** The arguments cannot cross: the task never left. */
  onUnsent(worker: Worker<T>, task: T, error: MillraceError): void;
  onProgress(worker: Worker<T>, task: T, value: unknown): void;
  /** The function returned a generator: `onYield` calls follow, then `onCompleted` with its return value. */
  onStream(worker: Worker<T>, task: T): void;
  onYield(worker: Worker<T>, task: T, value: unknown): void;
  onLog(worker: Worker<T>, task: T | undefined, level: LogLevel, message: string, fields: Record<string, unknown> | undefined): void;
  /** The function of an abandoned attempt has ended; its result or error was dropped. Not called when the worker exits first. */
  onVacated(worker: Worker<T>, token: object): void;
  /** A function has begun to block, or is back (`context().blocking`). Not of `async` workers. */
  onBlocking(worker: Worker<T>, on: boolean): void;
  /** The task has forked a child that somebody else may run. A host without this method has nobody. */
  onFork?(worker: Worker<T>, task: T, ...child: Parameters<RunElsewhere>): ReturnType<RunElsewhere>;
  /** Answer to `ping()`. */
  onPong(worker: Worker<T>): void;
  /** Answer to `checkHealth()`. */
  onHealth(worker: Worker<T>, error: Error | undefined): void;
  /** The worker wants to be replaced (heap over the limit). */
  onRecycle(worker: Worker<T>, reason: 'heap', heapBytes: number): void;
  /** As `onRecycle`: what the worker holds has grown over `heapGrowthBytesMax`. Only from workers that were given one. */
  onLeak?(worker: Worker<T>, leak: LeakReport): void;
  onExit(worker: Worker<T>, exit: WorkerExit): void;
}

/** Where the outcome of a call goes that a worker has taken over. */
export interface TakenOver {
  /** What its function sees as `context()`. */
  readonly context: TaskContext;
  /** What the function has returned, or its promise was resolved with. */
  readonly fulfilled: (value: unknown) => void;
  readonly rejected: (error: unknown) => void;
}

/**
 * For a host in the same thread, which may call functions itself and tells the worker of a call only when somebody has to know of it. A call that ends
 * before that has never been a task of the worker.
 */
export interface HostCalls<T extends WorkerTask> {
  find(name: string): AnyFunction | undefined;
  /** The worker has the task from now on, as if it had been dispatched and its function called. */
  takeOver(task: T): TakenOver;
  /** Called before the worker looks at all that it holds: the host has it take over what it is calling there. */
  onLook: () => void;
}

export interface Worker<T extends WorkerTask = WorkerTask> {
  /** Unique in the pool, for example `images-3`. */
  readonly id: string;
  readonly kind: WorkerKind;
  start(): void;
  /** `told` is for workers that call the function within `dispatch`: they call it first, when they hold the task, and it may take the task away. */
  dispatch(task: T, told?: () => void): void;
  /** Absent where functions are called elsewhere. */
  readonly hostCalls?: HostCalls<T>;
  /** Publishes what was dispatched since the last flush. */
  flush(): void;
  /** Looks for answers for a few µs, where they are likely to come within that. Calls the host. */
  linger(): void;
  /**
   * Tells a running task to stop (raises its signal and its shared cancel word) and lets go of the task object at once: whatever the function
   * still answers is dropped, `inFlight()` no longer lists it, and the object may be dispatched again, here too. The place it takes in the worker is
   * free only when the function has ended: then the host gets `onVacated` with the token returned here.
   */
  abandon(task: T, code: CancelCode): object;
  /** Tasks it may be sent beyond its concurrency; 0 where it cannot be told which have begun. Known from `start` on. */
  readonly prefetchMax: number;
  /**
   * Whether it may be sent a reserve of tasks out of a long queue: those sent since the last call were small. `holds`: it has one now. Absent where a reserve
   * gains nothing.
   */
  reserves?(holds: boolean): boolean;
  /** Takes a task back. `true`: it has not begun and never will here; it is no longer in flight. `false`: its answer will come. */
  revoke(task: T): boolean;
  /** Delivers the answers that have come and were not looked at yet. */
  collect(): void;
  /** Mean time a task took since the last call, in ms, as the worker measured it; NaN when it does not tell. */
  serviceMs(): number;
  /** What it shows of itself without a message, also while it is stuck; `undefined` where it has no place for that. */
  status(): WorkerStatus | undefined;
  /** Whether the function of a task in flight may have been called; asked for in `onExit` too. */
  begun(task: T): boolean;
  /** Whether it executes something else than what it was handed: a forked child of another worker's task. */
  isEngaged?(): boolean;
  /** Asks for `onPong`: answered as soon as the worker's event loop turns, so silence means that it is blocked. */
  ping(): void;
  /** The reader of the task's stream takes `count` more values. */
  credit(task: T, count: number): void;
  /** The reader of the task's stream has left. */
  endStream(task: T): void;
  /** Asks for `onHealth`; a module without a health check answers at once. */
  checkHealth(): void;
  /**
   * What it holds, in bytes, asked from outside and so also while it computes: heap and buffers of a thread (on Node 20 its heap alone), resident set of a
   * process. `undefined` where nobody can tell. Costs some 20 µs to 1 ms.
   */
  memoryBytes?(): Promise<number | undefined>;
  /** Tasks dispatched and not answered. */
  inFlight(): Iterable<T>;
  stop(graceMs: number): Promise<void>;
  terminate(): Promise<void>;
}

/** What every worker is made with. */
export interface WorkerOptions {
  readonly id: string;
  readonly poolName: string;
  /** Prefix of task ids: `${taskIdPrefix}${sequence in base 36}`. */
  readonly taskIdPrefix: string;
  /** Resolved `file:` or `data:` URL of the task module, importable by the runtime as it is (TypeScript already dealt with). */
  readonly moduleUrl: string;
  /** Tasks in flight at once inside the worker; >= 1. */
  readonly concurrency: number;
  /** Limit for load + start hook, in ms. */
  readonly startTimeoutMs: number;
  /** Limit `terminate()` waits for a thread or process to end, in ms. */
  readonly terminateTimeoutMs: number;
  /** How long a function that was told to stop may go on, in ms: a worker on the event loop, which cannot end it, waits no longer for it when it stops. */
  readonly cancelGraceMs: number;
  /** Values a stream may send ahead of its reader. */
  readonly streamCredit: number;
  /** Soft heap limit in bytes past which the worker asks to be recycled; 0 for none. */
  readonly heapBytesMax: number;
  /** Growth of what it holds after full collections, in bytes, past which the worker asks to be recycled; 0 for none. */
  readonly heapGrowthBytesMax: number;
  /** User error classes to revive by name. */
  readonly errorClasses: readonly ErrorClass[];
  /** Runtime options passed through to threads and processes. */
  readonly runtime: RuntimeOptions;
  /** Threads: those of one pool run each other's forked children. Without it a worker runs its own only. */
  readonly forkSeats?: ForkSeats | undefined;
}

export type { ErrorClass };

/** What the user may set for the thread or process itself. Own properties only; unknown names are refused. */
export interface RuntimeOptions {
  readonly env: Readonly<Record<string, string | undefined>> | undefined;
  readonly argv: readonly string[];
  readonly execArgv: readonly string[] | undefined;
  /** Threads only: passed to `worker_threads`. Not isolation: see docs/guide/reliability.md. */
  readonly resourceLimits:
    | { readonly maxOldGenerationSizeMb?: number; readonly maxYoungGenerationSizeMb?: number; readonly codeRangeSizeMb?: number; readonly stackSizeMb?: number }
    | undefined;
  /** Processes only. */
  readonly cwd: string | undefined;
  /** Passed to the module's `start` hook as it is (must be cloneable). */
  readonly workerData: unknown;
}

/** Makes the workers of a pool: the one thing a pool needs to know of a worker kind. */
export type WorkerFactory<T extends WorkerTask> = (options: WorkerOptions, host: WorkerHost<T>) => Worker<T>;
