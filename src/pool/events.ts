/**
 * The one table of events. Everything that watches a pool (log, metrics, traces, dashboard) subscribes here; an event nobody listens to
 * is never built. `docs/reference/events.md` is held in step with this table.
 */
import type { BreakerState } from '../policy/circuit-breaker.js';
import type { OverloadStep } from '../errors.js';
import type { DeadLetter } from '../queue/dead-letters.js';
import type { ScalingSignals } from '../scheduler/scaler/scaling-policy.js';
import type { Finding } from '../scheduler/supervisor/error-test.js';
import type { StuckReason } from '../scheduler/supervisor/watch-policy.js';
import type { LeakReport, LogLevel } from '../transport/protocol.js';
import type { WorkerKind } from '../worker/worker.js';
import type { Stall } from './main-watch-thread.js';
import type { TaskEvent } from './task-event.js';
import type { WorkerStack } from './worker-stack.js';

export type { TaskEvent };

/** Event name -> what a listener gets. */
export interface PoolEvents {
  /** A task entered the queue. */
  submitted: TaskEvent;
  /** A task was handed to a worker. */
  dispatched: TaskEvent & { readonly workerId: string };
  /** A task has its result. */
  completed: TaskEvent & { readonly workerId: string; readonly waitMs: number; readonly runMs: number };
  /** A task failed for good. */
  failed: TaskEvent & { readonly error: unknown };
  /** A task was cancelled. */
  cancelled: TaskEvent & { readonly error: unknown };
  /** An attempt failed and another will follow after `delayMs`. */
  retrying: TaskEvent & { readonly error: unknown; readonly delayMs: number };
  /** A task takes unusually long: a second attempt was started on another worker. */
  hedged: TaskEvent & { readonly workerId: string; readonly afterMs: number };
  /** The queue refused a task (or evicted one: `evicted`). */
  rejected: TaskEvent & { readonly error: unknown; readonly evicted: boolean };
  /** A task ended in the dead-letter queue. */
  deadLetter: { readonly letter: DeadLetter };
  /** The queue rose over its high-water mark (`on`) or fell below the low one: slow down, or go on. Emitted inside the submission that crosses. */
  backpressure: { readonly on: boolean; readonly depth: number; readonly bytes: number; readonly retryAfterMs: number };
  /** The overload control began to act (`on`) or ended: which step, and the figures it rests on. Level and wait belong to the step `sojourn`. */
  overload: {
    readonly on: boolean;
    readonly step: OverloadStep;
    readonly level: string | undefined;
    readonly waitMs: number | undefined;
    readonly targetMs: number | undefined;
    readonly refusedShare: number;
    readonly memoryShare: number;
    readonly retryAfterMs: number;
  };
  /** A worker is being started. */
  workerStarting: WorkerEvent;
  /** A worker is ready. */
  workerReady: WorkerEvent & { readonly pid: number; readonly threadId: number; readonly bootMs: number };
  /** A worker has ended; `reason` tells whether it was asked to. */
  workerExit: WorkerEvent & {
    readonly reason: string;
    readonly exitCode: number | null;
    readonly exitSignal: string | null;
    readonly error: Error | undefined;
    readonly lostTasks: number;
  };
  /** A worker is drained to be replaced: after so many tasks, at an age, over its heap or memory limit, by hand, or because its health check failed. */
  workerRecycled: WorkerEvent & { readonly cause: 'tasks' | 'age' | 'heap' | 'leak' | 'memory' | 'manual' | 'health' | IsolationCause };
  /** The tasks of a worker fail when those of the others do not, and it gets one at a time from now on; or they take much longer. */
  workerSuspected: WorkerEvent & { readonly cause: IsolationCause } & Partial<Finding>;
  /** A suspect does as well as the others after all. */
  workerTrusted: WorkerEvent;
  /** A worker is taken out of service: it gets no more tasks, and its replacement is being started. */
  workerIsolated: WorkerEvent & { readonly cause: IsolationCause } & Partial<Finding>;
  /** More workers are to blame than may be isolated: the fault is not theirs, and they are kept. */
  panic: { readonly on: boolean; readonly suspects: readonly string[] };
  /** What a worker holds has grown over `recycle.afterGrowth`: it is being replaced. */
  leak: WorkerEvent & LeakReport;
  /** A worker uses more memory than its soft limit (it is being replaced) or its hard one (it is being ended). */
  memoryLimit: WorkerEvent & { readonly limit: 'soft' | 'hard'; readonly bytes: number; readonly limitBytes: number };
  /** A function is refused from now on (`open`), tried again (`half-open`), or well (`closed`). */
  breaker: {
    readonly taskName: string;
    readonly state: BreakerState;
    readonly cause: BreakerCause;
    readonly retryAfterMs: number;
    readonly error: unknown;
  };
  /** The wanted number of workers changed, and why. */
  scaled: {
    readonly from: number;
    readonly to: number;
    readonly cause: 'policy' | 'manual' | 'resize';
    readonly policy: string;
    readonly reason: string;
    /** With cause `'policy'`: what the policy saw, the quantities it made of that, and the cap that kept it from wanting more. */
    readonly signals?: ScalingSignals;
    readonly terms?: Readonly<Record<string, number>>;
    readonly boundBy?: string;
  };
  /** The number of tasks that may be in flight at once inside one worker changed (`concurrency: 'auto'`), and why. */
  limited: { readonly from: number; readonly to: number; readonly saturated: boolean; readonly reason: string };
  /**
   * Without `taskName`: no worker can be started, and submissions fail fast until one is ready; or workers die too often and it is not known why. With it:
   * workers die too often of that function, and only its submissions fail fast.
   */
  degraded: { readonly on: boolean; readonly error: Error | undefined; readonly taskName?: string };
  /** A running task was told to stop and has not ended within the grace: its worker is ended. */
  hardKill: TaskEvent & { readonly workerId: string };
  /** A worker's event loop stands still: where, and what becomes of it (`end`: its task fails or is retried, and it is replaced unless it gives way within the grace). */
  stuck: WorkerStack & {
    readonly reason: StuckReason;
    /** For how long it has shown no sign of life, in ms; 0 where nobody looked before. */
    readonly stillMs: number;
    readonly action: 'report' | 'end';
    /** The other workers of a deadlock. */
    readonly others: readonly WorkerStack[];
  };
  /** The event loop of the main thread stood still for longer than `watchdog.mainThread`, and goes on now. */
  stalled: Stall;
  /** The stacks of all workers, every `watchdog.dumpEvery`. */
  stacks: { readonly stacks: readonly WorkerStack[] };
  /** A record written with `context().log`. Without a listener it goes to stderr as one line of JSON. */
  log: {
    readonly level: LogLevel;
    readonly message: string;
    readonly fields: Record<string, unknown> | undefined;
    readonly workerId: string;
    readonly taskId: string | undefined;
    readonly taskName: string | undefined;
    readonly correlationId: string | undefined;
  };
  /** Something asked for is not in force, and why; once for each reason. Without a listener it is a warning of the process. */
  warning: { readonly message: string; readonly workerId: string | undefined };
  paused: { readonly depth: number };
  resumed: { readonly depth: number };
  /** Nothing is queued, delayed or running any more. */
  idle: { readonly completed: number };
  closing: { readonly depth: number; readonly inFlight: number };
  closed: { readonly cancelled: number; readonly terminated: number };
}

/** Why a worker is isolated: its tasks fail, or take longer, than those of the others. */
export type IsolationCause = 'errors' | 'slow';

/** Why a breaker opened: errors over its rate; workers ended; or errors on more workers than may be isolated. */
export type BreakerCause = 'errors' | 'crashes' | 'panic';

/** Which worker an event is about. */
export interface WorkerEvent {
  readonly workerId: string;
  readonly kind: WorkerKind;
}
