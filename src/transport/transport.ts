/**
 * The seam between a pool and one worker: how task frames cross and replies come back.
 *
 * A transport has two ends. The pool's end belongs to a Worker (thread, process), the worker's end to the serve loop inside it.
 * Implementations: `message-port` (threads), `stream` (processes). The contract suite is `transport.contract.ts`.
 *
 * Rules of the contract:
 * 1. Frames arrive in the order they were sent, each exactly once, or the end is closed.
 * 2. `send*` never throws for what a caller passed in. A value that cannot cross is reported to the sender's own handler (`onUnsent`,
 *    `onUnsentResult`, `onUnsentFrame`) during the next `flush`; nothing of that frame was sent, and the others were. What the handler
 *    sends in answer leaves with that same flush.
 * 3. Nothing needs to leave before `flush()`; everything sent before it leaves with it, in as few system calls as possible.
 * 4. A large burst never blocks the sender: what the other side does not take yet is held and `bufferedBytes` tells how much.
 * 5. After `close()`, or when the other side is gone, `onClose` is called once and no other callback follows it. `close()` itself calls
 *    nothing synchronously: `onClose(undefined)` follows, and nothing else does. What was flushed before still arrives. Sending to a
 *    closed end does nothing.
 * 6. An idle transport does not keep the process alive.
 */
import type { MillraceError } from '../errors.js';
import type { ErrorRecord } from './error-record.js';
import type { CancelCode, PoolFrame, TaskFrame, WorkerFrame } from './protocol.js';
import type { WorkerStatus } from './worker-status.js';

/** The pool's end. */
export interface PoolEnd {
  sendTask(task: TaskFrame): void;
  send(frame: PoolFrame): void;
  /** Publishes everything sent since the last flush and wakes the worker at most once. */
  flush(): void;
  /** Looks for replies for a few µs, where they are likely to come within that: spares a quick answer the turn of the event loop. */
  linger(): void;
  /**
   * Sets the shared cancel word of a slot, visible to `throwIfCancelled()` in synchronous loops; `CANCEL_NONE` clears it, which whoever
   * reuses a slot does before `sendTask`.
   */
  setCancelled(slot: number, code: CancelCode): void;
  /** Bytes held because the other side does not take them yet; 0 where the medium has no such notion. */
  readonly bufferedBytes: number;
  /** Tasks the worker may be sent beyond those it executes; 0 where the pool cannot tell which have begun. */
  readonly prefetchMax: number;
  /**
   * Whether the worker may be sent a reserve of tasks out of a long queue: those that were sent since the last call were small. `holds`: it has one now, and
   * its replies may wait for each other (`show`). Absent where a reserve gains nothing, because the worker's end cannot show.
   */
  reserves?(holds: boolean): boolean;
  /** Takes a task back. `true`: its function has not been called and never will be; the slot is free. `false`: a reply will come. */
  revoke(slot: number): boolean;
  /** Whether the function of this task may have been called. Valid after the worker's death too, until `close`. */
  begun(slot: number): boolean;
  /** Mean time a task took the worker since the last call, in ms, as the worker itself measured it; NaN when it does not tell. */
  serviceMs(): number;
  /** What the worker shows of itself, read without a message; `undefined` where the medium has no place for it. Valid until `close`. */
  status(): WorkerStatus | undefined;
  /** Delivers the replies that have arrived and were not looked at yet; also those of a worker that has died since. */
  collect(): void;
  close(): void;
}

/** What the pool's end calls. Values are already decoded. */
export interface PoolEndHandler {
  onResult(slot: number, value: unknown): void;
  onError(slot: number, error: ErrorRecord): void;
  onFrame(frame: WorkerFrame): void;
  /** The arguments of this task cannot cross: the task was not sent. `error.path` starts with `args`. */
  onUnsent(slot: number, error: MillraceError): void;
  /** The other side is gone or spoke nonsense (`error` says what). */
  onClose(error: Error | undefined): void;
}

/** The worker's end. */
export interface WorkerEnd {
  /** `transfer`: objects within `value` to hand over instead of clone; copied where the medium cannot. */
  sendResult(slot: number, value: unknown, transfer: readonly object[] | undefined): void;
  sendError(slot: number, error: ErrorRecord): void;
  send(frame: WorkerFrame): void;
  /** Publishes everything sent since the last flush, and reports first what of it cannot cross. */
  flush(): void;
  /**
   * Publishes as `flush` does, and wakes nobody: the pool finds it when it looks, or is told with the next flush, which must follow. `false`: it cannot, or
   * there is something to report, so that a flush is due now. `isDue`: one is due, unless the pool has looked since the last `show`.
   */
  show(isDue: boolean): boolean;
  /** Whether the pool has sent more out of a long queue than was handed over. `false` where that cannot be told. */
  hasMore(): boolean;
  /** Claims a task right before its function is called. `false`: the pool has taken it back; drop it without a reply. */
  begin(task: TaskFrame): boolean;
  /** The shared cancel word of a slot: cheap enough for a tight loop. */
  cancelCode(slot: number): CancelCode;
  close(): void;
}

/** What the worker's end calls. */
export interface WorkerEndHandler {
  /** `frame` is a fresh object: the handler may keep it. */
  onTask(frame: TaskFrame): void;
  /** The frame of this task came, but its arguments could not be decoded. The handler replies with the error. */
  onUndecodable(slot: number, error: MillraceError): void;
  onFrame(frame: PoolFrame): void;
  /** This result cannot cross and was not sent; the handler answers with `sendError`. `error.path` starts with `result`. */
  onUnsentResult(slot: number, error: MillraceError): void;
  /** A frame that carries a user's value (`progress`, `yield`, `log`) cannot cross and was not sent. `error.path` starts with its type. */
  onUnsentFrame(frame: WorkerFrame, error: MillraceError): void;
  onClose(error: Error | undefined): void;
}
