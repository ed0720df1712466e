/**
 * When the frames of a worker leave.
 *
 *  - `send` waits for a flush that somebody else sees to; `sendNow` does not wait;
 *  - `sendPaced` is for what a running function sends: at once, so that a function that then computes for long has been heard, but at a bounded
 *    rate, and within the turn beyond that rate;
 *  - an object leaves before any other code can change it, where the transport reads values only at its flush.
 */
import type { WorkerFrame } from '../../transport/protocol.js';
import type { ErrorRecord } from '../../transport/error-record.js';
import { movedAmong } from '../../transport/move.js';
import type { WorkerEnd } from '../../transport/transport.js';
import { setImmediate } from '../../runtime/host-timers.js';

/** Time since the last flush past which replies no longer wait for another function, in ms (P). */
export const STALE_MS = 0.5;
/** So long the pool is not woken for replies while there is much to do, and functions that take longer do not wait with them (P): see `serve.ts`. */
export const GATHER_MS = 2;
/** Frames that may leave in a flush of their own before the rate of one every STALE_MS applies (P). */
const BURST_MAX = 16;

export class ReplyBatch {
  readonly #end: WorkerEnd;
  readonly #now: () => number;
  /** The transport reads values when it is flushed, not when they are sent. */
  readonly #readsAtFlush: boolean;
  readonly #onFlushed: (now: number) => void;
  #isDirty = false;
  #isScheduled = false;
  #flushedAt = -Infinity;
  /** When the pool could last see all there was: that flush, or a later `show`. */
  #shownAt = -Infinity;
  #burst = BURST_MAX;

  constructor(end: WorkerEnd, options: { readonly now: () => number; readonly readsAtFlush: boolean }, onFlushed: (now: number) => void) {
    this.#end = end;
    this.#now = options.now;
    this.#readsAtFlush = options.readsAtFlush;
    this.#onFlushed = onFlushed;
  }

  /** Something waits for a flush. */
  get isDirty(): boolean {
    return this.#isDirty;
  }

  isStale(now: number): boolean {
    return now - this.#shownAt > STALE_MS;
  }

  /** Lets the pool see what waits, without waking it; a flush must follow all the same. `false`: it is due now. */
  show(now: number): boolean {
    const isDue = now - this.#flushedAt > GATHER_MS;
    if (!this.#end.show(isDue)) return false;
    this.#shownAt = now;
    // The pool has looked by itself: that is as good as having been woken.
    if (isDue) this.#flushedAt = now;
    return true;
  }

  result(slot: number, value: unknown): void {
    const transfer = typeof value === 'object' && value !== null ? movedAmong([value]) : undefined;
    this.#end.sendResult(slot, value, transfer);
    this.#isDirty = true;
    if (this.#isExposed(value)) this.flush();
  }

  error(slot: number, error: ErrorRecord): void {
    this.#end.sendError(slot, error);
    this.#isDirty = true;
  }

  send(frame: WorkerFrame): void {
    this.#end.send(frame);
    this.#isDirty = true;
  }

  sendNow(frame: WorkerFrame): void {
    this.#end.send(frame);
    this.flush();
  }

  /** `value` is what of the frame belongs to the function. */
  sendPaced(frame: WorkerFrame, value: unknown): void {
    this.send(frame);
    if (this.#isExposed(value)) return this.flush();
    const now = this.#now();
    this.#burst = Math.min(BURST_MAX, this.#burst + (now - this.#flushedAt) / STALE_MS);
    if (this.#burst < 1) return this.flushSoon();
    this.#burst -= 1;
    this.flush(now);
  }

  flush(now: number = this.#now()): void {
    this.#isDirty = false;
    this.#flushedAt = this.#shownAt = now;
    this.#end.flush();
    this.#onFlushed(now);
  }

  /** Flushes once this turn of the event loop is over. */
  flushSoon(): void {
    this.#isDirty = true;
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(this.#flushScheduled);
  }

  readonly #flushScheduled = (): void => {
    this.#isScheduled = false;
    if (this.#isDirty) this.flush();
  };

  /** The function that gave us `value` may still change what has not been read. */
  #isExposed(value: unknown): boolean {
    return this.#readsAtFlush && typeof value === 'object' && value !== null;
  }
}
