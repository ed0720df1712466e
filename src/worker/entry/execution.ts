/**
 * One attempt while it is executed; its function sees it as `context()`.
 *
 * A settled execution is deaf and dumb: code that outlives its task (a forgotten timer) must not speak in the name of the task that
 * has its slot by then.
 */
import { taskId } from '../../runtime/id.js';
import type { TaskContext, TaskLog } from '../../task/context.js';
import { CANCEL_NONE } from '../../transport/protocol.js';
import type { CancelCode, LogLevel, TaskFrame } from '../../transport/protocol.js';
import { cancelReason } from './cancel-reason.js';
import type { Family, ForkParent } from './fork-join/children.js';
import type { ForkJoin } from './fork-join/fork-join.js';
import type { StreamPump } from './stream-pump.js';

/** Where the events of executing tasks go: frames to the pool, or calls to the host in this process. */
export interface Reporter {
  /** The function is about to be called. */
  started(slot: number): void;
  /** The outcome; nothing more is reported for the slot. */
  completed(slot: number, value: unknown): void;
  failed(slot: number, error: unknown): void;
  stream(slot: number): void;
  yielded(slot: number, value: unknown): void;
  progress(slot: number, value: unknown): void;
  log(slot: number, level: LogLevel, message: string, fields: Record<string, unknown> | undefined): void;
  /** The function begins to block, or is back. */
  blocking(on: boolean): void;
  /** Publishes all values reported so far, so that those that cannot cross are known before the outcome is. */
  barrier(): void;
  /** Whether the task in this slot has been told to stop. Called in tight loops. */
  cancelCode(slot: number): CancelCode;
}

/** What all executions of a worker share. */
export interface ExecutionScope {
  readonly reporter: Reporter;
  readonly workerId: string;
  readonly taskIdPrefix: string;
  readonly forks: ForkJoin;
}

export class Execution implements TaskContext, ForkParent {
  readonly slot: number;
  /** Its outcome has been reported. */
  settled = false;
  pump: StreamPump | undefined = undefined;
  /** What it has forked; `undefined` for most tasks. */
  family: Family | undefined = undefined;
  frame: TaskFrame;
  readonly #scope: ExecutionScope;
  #detached = false;
  #reason: Error | undefined;
  #controller: AbortController | undefined;
  #log: TaskLog | undefined;

  constructor(frame: TaskFrame, scope: ExecutionScope) {
    this.slot = frame.slot;
    this.frame = frame;
    this.#scope = scope;
  }

  get forks(): ForkJoin {
    return this.#scope.forks;
  }

  get taskId(): string {
    return taskId(this.#scope.taskIdPrefix, this.frame.sequence);
  }

  get taskName(): string {
    return this.frame.name;
  }

  get attempt(): number {
    return this.frame.attempt;
  }

  get deadline(): Date | undefined {
    return this.frame.deadlineEpochMs === 0 ? undefined : new Date(this.frame.deadlineEpochMs);
  }

  get correlationId(): string {
    return this.frame.givenCorrelationId ?? this.taskId;
  }

  get workerId(): string {
    return this.#scope.workerId;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      // Not from the shared word: a listener added right after this must still hear of a cancellation that is on its way.
      if (this.#reason !== undefined) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  get log(): TaskLog {
    return (this.#log ??= makeLog((level, message, fields) => {
      if (!this.settled) this.#scope.reporter.log(this.slot, level, message, fields);
    }));
  }

  throwIfCancelled(): void {
    const reason = this.cancelled();
    if (reason !== undefined) throw reason;
  }

  progress(value: unknown): void {
    if (!this.settled) this.#scope.reporter.progress(this.slot, value);
  }

  blocking<R>(fn: () => R): R {
    const { reporter } = this.#scope;
    reporter.blocking(true);
    let isPending = false;
    try {
      const result = fn();
      if (isThenable(result)) {
        isPending = true;
        return Promise.resolve(result).finally(() => reporter.blocking(false)) as R;
      }
      return result;
    } finally {
      if (!isPending) reporter.blocking(false);
    }
  }

  /** The reason when the task has been told to stop; raises the signal if that was not known yet. */
  cancelled(): Error | undefined {
    if (this.#reason !== undefined || this.settled) return this.#reason;
    const code = this.#scope.reporter.cancelCode(this.slot);
    return code === CANCEL_NONE ? undefined : this.raise(code);
  }

  /** Tells the function to stop. The first reason stays. */
  raise(code: CancelCode): Error {
    if (this.#reason === undefined) {
      this.#reason = cancelReason(code, this.frame.name);
      this.#controller?.abort(this.#reason);
    }
    return this.#reason;
  }

  /** Makes it the execution of another frame in its slot. `false`: somebody may still hold it. Its function must never have been able to ask for it. */
  reuse(frame: TaskFrame): boolean {
    if (!this.settled || this.#detached || this.#reason !== undefined || this.pump !== undefined || this.family !== undefined) return false;
    this.settled = false;
    this.frame = frame;
    return true;
  }

  /** Keeps a copy of the frame, whose owner is about to use it for another attempt. */
  detach(): void {
    this.#detached = true;
    const { slot, name, sequence, attempt, flags, deadlineEpochMs, givenCorrelationId } = this.frame;
    this.frame = { slot, name, args: [], transfer: undefined, sequence, attempt, flags, deadlineEpochMs, givenCorrelationId };
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (typeof value === 'object' || typeof value === 'function') && value !== null && typeof (value as { then?: unknown }).then === 'function';
}

function makeLog(write: (level: LogLevel, message: string, fields: Record<string, unknown> | undefined) => void): TaskLog {
  return {
    trace: (message, fields) => write('trace', message, fields),
    debug: (message, fields) => write('debug', message, fields),
    info: (message, fields) => write('info', message, fields),
    warn: (message, fields) => write('warn', message, fields),
    error: (message, fields) => write('error', message, fields),
  };
}
