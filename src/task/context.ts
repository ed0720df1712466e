/**
 * What a task function can ask about its own execution.
 *
 * The current context is a plain variable while a worker runs one task at a time, and an AsyncLocalStorage only where several run at once
 * (that storage makes every promise of the worker dearer). The serve loop decides which by `enterContext`.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import { MillraceError } from '../errors.js';
import type { LogLevel } from '../transport/protocol.js';

/** Writes log records that carry the task's ids. They arrive as the pool's `log` events. */
export type TaskLog = { readonly [L in LogLevel]: (message: string, fields?: Record<string, unknown>) => void };

/** What `context()` returns inside a running task function. */
export interface TaskContext {
  readonly taskId: string;
  readonly taskName: string;
  /** 1 for the first attempt. */
  readonly attempt: number;
  /** When the outcome is due; `undefined` without a deadline. */
  readonly deadline: Date | undefined;
  readonly correlationId: string;
  readonly workerId: string;
  /** Aborts when the task is cancelled or times out. Made on first use. */
  readonly signal: AbortSignal;
  /** Throws the reason when the task has been told to stop. Works in synchronous loops, where `signal` cannot change; some ns a call. */
  throwIfCancelled(): void;
  /** Sends a value to the readers of `task.progress`. */
  progress(value: unknown): void;
  /**
   * Runs `fn` and tells the pool that this worker waits meanwhile instead of computing: a synchronous system call, a lock, native code that sleeps. While tasks
   * wait, the pool may then have another worker do them, one more than the cores would allow (policy `'adaptive'`). Returns what `fn` returns; a promise is
   * followed to its end. Costs two messages to the pool: not for waits below a millisecond.
   */
  blocking<R>(fn: () => R): R;
  readonly log: TaskLog;
}

/** Stands for the context of a call that nobody may ever ask for: it is made when somebody does. */
export abstract class LateContext {
  abstract context(): TaskContext;
}

let current: TaskContext | LateContext | undefined;
let storage: AsyncLocalStorage<TaskContext> | undefined;
let imported = false;

/**
 * The context of the running task.
 *
 * @throws MillraceError `ERR_CONTEXT` outside a task function
 */
export function context(): TaskContext {
  const found = currentContext();
  if (found === undefined) {
    throw new MillraceError(
      'ERR_CONTEXT',
      'context() was called outside a running task function; call it inside the function that the pool runs, not at the top of the module',
    );
  }
  return found;
}

/** As {@link context}, `undefined` outside a task. */
export function currentContext(): TaskContext | undefined {
  const found = storage?.getStore() ?? current;
  return found instanceof LateContext ? found.context() : found;
}

/** Whether the code that runs now is a task's, as far as that can be told without a storage. */
export function withinCall(): boolean {
  return current !== undefined;
}

/** Makes `context` the one of the call that follows, which is within no other. */
export function enterCall(context: LateContext): void {
  current = context;
}

/** Ends that. */
export function leaveCall(): void {
  current = undefined;
}

/** That of the call that the code that runs now is within, if it can still be made. */
export function lateContext(): LateContext | undefined {
  return current instanceof LateContext ? current : undefined;
}

/** Called by the door `millrace/worker`: from now on somebody may ask for a context in this thread. */
export function markContextImported(): void {
  imported = true;
}

/** Whether any code of this thread can ask for a context. */
export function contextImported(): boolean {
  return imported;
}

/** Makes `context` the current one until `leaveContext(context)`: for workers that run one task at a time. */
export function enterContext(context: TaskContext): void {
  current = context;
}

/** Calls `fn` with `context` as the current one while the call lasts. */
export function callWithContext<R>(context: TaskContext, fn: (...args: never[]) => R, args: readonly unknown[]): R {
  // A pool within a task function calls functions of its own while that one runs.
  const outer = current;
  current = context;
  try {
    return fn(...(args as never[]));
  } finally {
    current = outer;
  }
}

/** Ends that for `context`; does nothing when another is the current one. */
export function leaveContext(context: TaskContext): void {
  if (current === context) current = undefined;
}

/** Runs `fn` with `context` as the current one in all it starts: for workers that run several tasks at once. */
export function runInContext<R>(context: TaskContext, fn: () => R): R {
  storage ??= new AsyncLocalStorage();
  return storage.run(context, fn);
}
