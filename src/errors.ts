/**
 * Every error millrace itself raises: one class hierarchy, one registry of stable codes.
 *
 * User errors are never wrapped in these: what a task function throws comes back as itself.
 * Match on `code`, not on the text.
 */

/** Code -> what happened and what to do. `docs/reference/errors.md` is held in step with this table. */
export const ERROR_CODES = {
  ERR_OPTION: 'An option or argument has the wrong type or range. Fix the call; the message names the option, what was expected and what came.',
  ERR_MODULE_LOAD: 'The task module could not be loaded; `cause` is the error of the import. Fix the module or its path.',
  ERR_UNKNOWN_FUNCTION: 'The task module exports no function of that name. The message lists the names it exports.',
  ERR_WORKER_START: 'No worker could be started (its `start` hook, health check or process failed); `cause` says why.',
  ERR_WORKER_CRASHED: 'The worker died while it executed the task. The task may have had effects; retry only what is safe to repeat.',
  ERR_VALUE_NOT_CLONEABLE: 'An argument, result or yielded value cannot cross to the other side. `path` names the offending value.',
  ERR_TASK_CANCELLED: 'The task was cancelled by its caller, by its signal or because the pool was closed. `started` tells whether it ever ran.',
  ERR_TASK_TIMEOUT: 'The task executed for longer than its `timeout`. Raise the limit, or give the task less to do.',
  ERR_DEADLINE_EXCEEDED: 'The task was not finished by its deadline, counted from submission. Raise the deadline, or submit less at once.',
  ERR_QUEUE_FULL: 'The queue had no room and its policy refused the task. Try again after `retryAfter` ms.',
  ERR_TASK_SHED: 'The task was evicted from a full queue by the policy `shed-lowest` or `drop-oldest`. Try again after `retryAfter` ms.',
  ERR_BREAKER_OPEN:
    'The function is refused for a while: too many of its attempts failed, or it ended too many workers; `cause` is the last error. Try again after `retryAfter` ms.',
  ERR_OVERLOAD:
    'The pool has more to do than it can finish in time, and refused the task or gave it up; `step` says which rule did. Try again after `retryAfter` ms.',
  ERR_POOL_CLOSED: 'The pool is closing or closed and takes no more tasks. Submit before `close()`, or make a new pool.',
  ERR_ILLEGAL_TRANSITION: 'A task was moved between two states the lifecycle does not connect. This is a bug in millrace.',
  ERR_ASSERTION: 'An internal invariant does not hold. This is a bug in millrace.',
  ERR_PROTOCOL: 'A frame could not be understood: the two ends of a transport disagree. The worker is replaced.',
  ERR_CONTEXT: '`context()` was called outside a running task function. Call it inside the function, not at the top of the module.',
  ERR_POISONED:
    'A thread died while it held the lock, and what the lock protects may be half changed. Repair it under `acceptPoisoned`, then call `clearPoison()`.',
  ERR_WAIT_TIMEOUT: 'A lock, permit, value or other thread was waited for longer than `timeout`. Raise the limit, or hold locks for less time.',
  ERR_DEADLOCK: 'A blocking call would wait for its own thread and never end. Release what the thread holds first; locks are not re-entrant.',
  ERR_CHANNEL_CLOSED: 'The channel is closed: it takes no more values, or there are none left to receive. Send before `close()`.',
  ERR_BARRIER_BROKEN: 'A party of the barrier gave up or died while it waited. Call `reset()` when the parties are ready to begin anew.',
  ERR_SHARED_LIMIT:
    'A shared object is out of room, or belongs to threads this one cannot see; the message says which. Use fewer at once, or import millrace earlier.',
  ERR_MEMORY_LIMIT:
    'A worker used more than `limits.memory.hard` and was ended; this is the `cause` of what became of its tasks. Raise the limit, or give the tasks less to do.',
  ERR_WORKER_STUCK:
    'The task kept its worker from doing anything else for longer than `watchdog.stuckAfter`, or was part of a deadlock. `workerStack` says where it stood.',
  ERR_INSPECTOR: 'A stack, profile or heap snapshot of a worker cannot be had. The message says why: the runtime, the platform, or the worker itself.',
  ERR_TYPESCRIPT: 'A TypeScript task module could not be compiled for this runtime. The message says what to install.',
} as const;

/** A stable, documented error code. */
export type ErrorCode = keyof typeof ERROR_CODES;

/** Base class of all errors that millrace raises itself. */
export class MillraceError extends Error {
  /** Stable code to match on; see {@link ERROR_CODES}. */
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'MillraceError';
    this.code = code;
  }
}

/** A bad option or argument: names it, what was expected and what came. */
export class OptionError extends MillraceError {
  /** Path of the option, for example `queue.max`. */
  readonly option: string;

  constructor(option: string, expected: string, got: unknown, hint?: string) {
    super('ERR_OPTION', `${option}: expected ${expected}, got ${describeValue(got)}${hint === undefined ? '' : `. ${hint}`}`);
    this.name = 'OptionError';
    this.option = option;
  }
}

/** The task module does not load. `cause` holds the original error. */
export class ModuleLoadError extends MillraceError {
  constructor(message: string, options?: { cause?: unknown; code?: 'ERR_MODULE_LOAD' | 'ERR_TYPESCRIPT' }) {
    super(options?.code ?? 'ERR_MODULE_LOAD', message, options);
    this.name = 'ModuleLoadError';
  }
}

/** The worker died while it executed the task. */
export class WorkerCrashedError extends MillraceError {
  /** Exit code of the thread or process, `null` when a signal ended it. */
  readonly exitCode: number | null;
  /** Signal that ended the process, `null` otherwise. */
  readonly exitSignal: string | null;
  /** Id of the worker that died. */
  readonly workerId: string;

  constructor(message: string, details: { exitCode: number | null; exitSignal: string | null; workerId: string; cause?: unknown }) {
    super('ERR_WORKER_CRASHED', message, 'cause' in details && details.cause !== undefined ? { cause: details.cause } : undefined);
    this.name = 'WorkerCrashedError';
    this.exitCode = details.exitCode;
    this.exitSignal = details.exitSignal;
    this.workerId = details.workerId;
  }
}

/** A value cannot cross to the worker or back. */
export class ValueError extends MillraceError {
  /** Where the value sits, for example `args[0].user.socket` or `result.rows[3]`. */
  readonly path: string;

  constructor(path: string, what: string, options?: { cause?: unknown }) {
    super('ERR_VALUE_NOT_CLONEABLE', `${path} is ${what}; only structured-cloneable values can cross to a worker and back`, options);
    this.name = 'ValueError';
    this.path = path;
  }
}

/**
 * The task was cancelled. Named `AbortError`, as the platform names it, so handlers written for `fetch` recognise it.
 * `cause` is the reason given to `cancel(reason)` or the signal's reason.
 */
export class TaskCancelledError extends MillraceError {
  /** Name of the task function. */
  readonly taskName: string;
  /** Arguments of a task that never started, to submit it again elsewhere; `undefined` once it had started. */
  readonly args: readonly unknown[] | undefined;
  /** Whether the task function had been handed to a worker. */
  readonly started: boolean;

  constructor(message: string, details: { taskName: string; args?: readonly unknown[] | undefined; started: boolean; cause?: unknown }) {
    super('ERR_TASK_CANCELLED', message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'AbortError';
    this.taskName = details.taskName;
    this.args = details.args;
    this.started = details.started;
  }
}

/** The task ran longer than `timeout` (from the start of execution) or past its deadline (from submission). Named as the platform names it. */
export class TaskTimeoutError extends MillraceError {
  /** The limit that was exceeded, in ms; 0 inside the task function, which is not told. */
  readonly limitMs: number;

  constructor(code: 'ERR_TASK_TIMEOUT' | 'ERR_DEADLINE_EXCEEDED', message: string, limitMs: number) {
    super(code, message);
    this.name = 'TimeoutError';
    this.limitMs = limitMs;
  }
}

/** The task kept its worker from doing anything else for too long, or was part of a deadlock. */
export class WorkerStuckError extends MillraceError {
  /** Id of the worker. */
  readonly workerId: string;
  /** What the worker was doing: `computing`, `blocked`, `locked`, `deadlocked`, `stopped` or `unknown`. */
  readonly activity: string;
  /** Where the worker stood, as text. */
  readonly workerStack: string;

  constructor(message: string, details: { workerId: string; activity: string; workerStack: string }) {
    super('ERR_WORKER_STUCK', message);
    this.name = 'WorkerStuckError';
    this.workerId = details.workerId;
    this.activity = details.activity;
    this.workerStack = details.workerStack;
  }
}

/** A thread died while it held the lock that was asked for. */
export class PoisonedError extends MillraceError {
  constructor(message: string) {
    super('ERR_POISONED', message);
    this.name = 'PoisonedError';
  }
}

/** A wait for a shared object took longer than its `timeout`. Named as the platform names it. */
export class WaitTimeoutError extends MillraceError {
  /** The limit that was exceeded, in ms. */
  readonly limitMs: number;

  constructor(message: string, limitMs: number) {
    super('ERR_WAIT_TIMEOUT', message);
    this.name = 'TimeoutError';
    this.limitMs = limitMs;
  }
}

/** The queue refused or evicted the task. */
export class QueueFullError extends MillraceError {
  /** Estimated wait until there is room, in ms. */
  readonly retryAfter: number;

  constructor(code: 'ERR_QUEUE_FULL' | 'ERR_TASK_SHED', message: string, retryAfter: number) {
    super(code, message);
    this.name = 'QueueFullError';
    this.retryAfter = retryAfter;
  }
}

/** The circuit breaker of the task's function is open. `cause` is the error that opened it. */
export class BreakerOpenError extends MillraceError {
  /** Name of the task function. */
  readonly taskName: string;
  /** When it is worth trying again, in ms. */
  readonly retryAfter: number;

  constructor(message: string, taskName: string, retryAfter: number, cause: unknown) {
    super('ERR_BREAKER_OPEN', message, cause === undefined ? undefined : { cause });
    this.name = 'BreakerOpenError';
    this.taskName = taskName;
    this.retryAfter = retryAfter;
  }
}

/** Which rule of the overload control refused a task: see the guide on overload. */
export type OverloadStep = 'max-wait' | 'sojourn' | 'priority' | 'memory';

/** The pool has more to do than it can finish in time, and the task is not among what it keeps. */
export class OverloadError extends MillraceError {
  /** The rule that refused it. */
  readonly step: OverloadStep;
  /** Estimated time until what waits now has been done, in ms. */
  readonly retryAfter: number;

  constructor(message: string, step: OverloadStep, retryAfter: number) {
    super('ERR_OVERLOAD', message);
    this.name = 'OverloadError';
    this.step = step;
    this.retryAfter = retryAfter;
  }
}

/** Names a value for an error message without printing what may be large or secret. */
export function describeValue(value: unknown): string {
  if (value === null) return 'null';
  switch (typeof value) {
    case 'string':
      return value.length > 60 ? `a string of ${value.length} characters` : JSON.stringify(value);
    case 'bigint':
      return `${value}n`;
    case 'function':
      return value.name === '' ? 'a function' : `function ${value.name}`;
    case 'object': {
      if (Array.isArray(value)) return `an array of ${value.length}`;
      const name: unknown = Object.getPrototypeOf(value)?.constructor?.name;
      return typeof name === 'string' && name !== 'Object' && name !== '' ? `a ${name}` : 'an object';
    }
    default:
      return String(value);
  }
}
