/** `fork` and `join`: how a task function splits its work. */
import { MillraceError, OptionError } from '../errors.js';
import { currentContext } from '../task/context.js';
import type { AnyFunction } from '../task/types.js';
import { Execution } from './entry/execution.js';
import { Child } from './entry/fork-join/children.js';

declare const RESULT: unique symbol;

/** A forked child: what {@link join} takes. */
export interface Fork<R = unknown> {
  /** Name of its function. */
  readonly name: string;
  readonly [RESULT]?: R;
}

type Result<F extends AnyFunction> = Awaited<ReturnType<F>>;

/** What the children of a list resolve to. */
export type JoinResults<T extends readonly Fork[]> = { -readonly [K in keyof T]: T[K] extends Fork<infer R> ? R : never };

/**
 * Makes a child of the running task: `task`, a function that the task module exports, with `args`. Returns at once; the child runs when it is joined, when an
 * idle sibling takes it, or when the event loop turns, whichever comes first.
 *
 * The child belongs to the task: it has its `context()`, is cancelled with it, and has ended before it ends. Arguments are passed as they are when this worker
 * runs the child, and as copies when another does; shared memory is shared. Costs some 0.5 µs with its join when nobody takes it. Give the function itself and
 * arguments and result have its types; by name they have those of `fork<typeof resize>('resize', …)`.
 *
 * @throws MillraceError `ERR_CONTEXT` outside a running task, `ERR_UNKNOWN_FUNCTION` for a function that the module does not export
 */
export function fork<F extends AnyFunction>(task: F, ...args: Parameters<F>): Fork<Result<F>>;
export function fork<F extends AnyFunction = (...args: unknown[]) => unknown>(task: string, ...args: Parameters<F>): Fork<Result<F>>;
export function fork(task: unknown, ...args: unknown[]): Fork {
  const parent = currentContext();
  if (parent instanceof Execution) return parent.forks.fork(parent, task, args) as Fork;
  throw new MillraceError('ERR_CONTEXT', 'fork() was called outside a running task function; call it inside the function that the pool runs');
}

/**
 * Waits for a child, or for all of a list, and resolves to what it returned. Never idle while there is work: a child that nobody has begun is run here and now;
 * for one that another worker runs, this one runs what else the task has forked.
 *
 * Rejects with the child's own error; for a list with the first in its order. Rejects when the task was cancelled, and with `ERR_WORKER_CRASHED` when the worker
 * that ran the child has died; one that had not begun there is run here.
 */
export function join<R>(child: Fork<R>): Promise<R>;
export function join<const T extends readonly Fork[]>(children: T): Promise<JoinResults<T>>;
export function join(children: unknown): Promise<unknown> {
  if (children instanceof Child) return children.family.parent.forks.join(children);
  if (Array.isArray(children)) return joinAll(children);
  throw new OptionError('join', 'what fork returned, or an array of it', children);
}

async function joinAll(children: readonly unknown[]): Promise<unknown[]> {
  const results: unknown[] = [];
  for (const child of children) results.push(await join(child as Fork));
  return results;
}
