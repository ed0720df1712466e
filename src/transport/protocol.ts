/**
 * Every frame the two ends of a transport may send, in one place.
 *
 * Task hand-off and replies are the hot path: transports carry {@link TaskFrame} and {@link ReplyHandler} calls in the form that is
 * cheapest for them (a posted tuple, bytes in a ring). Everything rare is a {@link PoolFrame} or {@link WorkerFrame}.
 *
 * A **slot** is a small integer that names one task in flight on one worker; the pool's side hands slots out and reuses them only
 * after the worker has replied.
 */
import type { ErrorRecord } from './error-record.js';

/** What a worker needs to know of one attempt. The pool's own task object satisfies it, so handing over allocates nothing. */
export interface TaskFrame {
  /** Names the attempt on this worker. */
  readonly slot: number;
  /** Name of the exported task function. */
  readonly name: string;
  readonly args: readonly unknown[];
  /** Objects to transfer instead of clone; `undefined` for most tasks. */
  readonly transfer: readonly TransferableObject[] | undefined;
  /** Number of the task within its pool; the worker makes the task id of it when asked. */
  readonly sequence: number;
  /** 1 for the first attempt. */
  readonly attempt: number;
  /** Bit set of the `FLAG_` constants. */
  readonly flags: number;
  /** Wall-clock deadline in ms since the epoch, 0 for none. */
  readonly deadlineEpochMs: number;
  /** The one the caller gave; without one the worker uses the task id. */
  readonly givenCorrelationId: string | undefined;
}

/** What may stand in a transfer list. */
export type TransferableObject = ArrayBuffer | import('node:worker_threads').MessagePort | object;

/** The worker reports `started` just before it calls the function. */
export const FLAG_NOTIFY_START = 1;
/** The task does not count against the worker's concurrency (broadcasts). */
export const FLAG_URGENT = 2;
/** The task is a share of a range: see `shared/range-share.ts`. */
export const FLAG_RANGE_SHARE = 4;

/** Why a running task is told to stop. The number crosses in shared memory, so that synchronous loops can see it. */
export const CANCEL_NONE = 0;
export const CANCEL_BY_CALLER = 1;
export const CANCEL_BY_TIMEOUT = 2;
export const CANCEL_BY_DEADLINE = 3;
export const CANCEL_BY_SHUTDOWN = 4;
export type CancelCode = 0 | 1 | 2 | 3 | 4;

/** Rare frames from the pool to a worker. */
export type PoolFrame =
  /** Raise the task's signal. The shared cancel word of the slot has been set before. */
  | { readonly type: 'cancel'; readonly slot: number; readonly code: CancelCode }
  /** The reader of a stream takes `count` more values. */
  | { readonly type: 'credit'; readonly slot: number; readonly count: number }
  /** The reader of a stream has left: finish the generator (`return()`), then reply. */
  | { readonly type: 'return'; readonly slot: number }
  /** Answer `pong` from the event loop. */
  | { readonly type: 'ping' }
  /** What became of a forked child that the pool was asked to have run; `declined`: nobody could, it is the worker's own again. */
  | {
      readonly type: 'joined';
      readonly fork: number;
      readonly outcome: 'completed' | 'failed' | 'declined';
      readonly value: unknown;
      readonly error: ErrorRecord | undefined;
    }
  /** Run the module's health check and answer with `health`. */
  | { readonly type: 'health'; readonly check: number }
  /** Run the `stop` hook, answer `stopped`, close. Sent only when nothing is in flight. */
  | { readonly type: 'stop' };

/** Rare frames from a worker to the pool. */
export type WorkerFrame =
  /** The module is loaded and the `start` hook has run: tasks may come. */
  | {
      readonly type: 'ready';
      readonly functions: readonly FunctionInfo[];
      readonly pid: number;
      readonly threadId: number;
      readonly osThreadId?: number | undefined;
      readonly hooks: WorkerHooks;
    }
  /** The worker cannot serve; it exits after this. */
  | { readonly type: 'start-failed'; readonly phase: 'load' | 'start' | 'health'; readonly error: ErrorRecord }
  | { readonly type: 'started'; readonly slot: number }
  | { readonly type: 'progress'; readonly slot: number; readonly value: unknown }
  /** The function returned a generator: values follow, as many as there is credit for. */
  | { readonly type: 'stream'; readonly slot: number }
  | { readonly type: 'yield'; readonly slot: number; readonly value: unknown }
  | { readonly type: 'log'; readonly slot: number; readonly level: LogLevel; readonly message: string; readonly fields: Record<string, unknown> | undefined }
  /** The function has begun to block (a system call, a lock, native code), or is back: meanwhile its worker needs no CPU. */
  | { readonly type: 'blocking'; readonly on: boolean }
  /** Have this child of the task in `slot` run by somebody else, if somebody is idle. The answer is `joined`. */
  | { readonly type: 'fork'; readonly slot: number; readonly fork: number; readonly name: string; readonly args: readonly unknown[] }
  /** Cancel it; the answer still comes. */
  | { readonly type: 'unfork'; readonly fork: number }
  | { readonly type: 'pong' }
  | { readonly type: 'health'; readonly check: number; readonly error: ErrorRecord | undefined }
  /** The worker asks to be replaced (heap over its limit). It goes on serving until told to stop. */
  | { readonly type: 'recycle'; readonly reason: 'heap'; readonly heapBytes: number }
  /** As `recycle`: what it holds has grown too much over what it held at first. */
  | { readonly type: 'leak'; readonly leak: LeakReport }
  /**
   * Last words: an uncaught error (`undefined` for a call of `process.exit()`) is about to end the worker. `slot` is the task that caused it,
   * -1 when unknown.
   */
  | { readonly type: 'crash'; readonly slot: number; readonly error: ErrorRecord | undefined }
  | { readonly type: 'stopped'; readonly error: ErrorRecord | undefined };

/** What the pool learns of an exported task function; `options` are those of `defineTask`. */
export interface FunctionInfo {
  readonly name: string;
  /** Whether it was written as an `async` function. */
  readonly isAsync?: boolean;
  readonly options: Record<string, unknown> | undefined;
}

/** Which lifecycle hooks the module defines, and the limits it asks for as its author wrote them (checked by `defineWorker`). */
export interface WorkerHooks {
  readonly start: boolean;
  readonly stop: boolean;
  readonly healthCheck: boolean;
  readonly limits?: object;
}

/** Growth of what a worker holds, as full collections have found it. */
export interface LeakReport {
  /** Held after the last collection and after the one that found the least, in bytes: heap and buffers. */
  readonly heldBytes: number;
  readonly baselineBytes: number;
  /** Full collections since the worker was ready. */
  readonly collections: number;
  /** Calls of each function since the first of them. */
  readonly calls: Readonly<Record<string, number>>;
}

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error';
