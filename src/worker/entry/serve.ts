/**
 * The serve loop: what runs inside a thread or process between the transport and the task functions.
 *
 *   frames ──> waiting (FIFO) ──> executing (at most `concurrency`; urgent tasks pass both) ──> replies ──> flush
 *
 * Replies leave in batches, but a reply must not wait for a task that has nothing to do with it:
 *  - a function known to be quick is called without a flush before it, unless the last flush is older than {@link STALE_MS};
 *  - before a function that was slow the last time, or was never called, everything leaves;
 *  - when nothing waits and nothing executes everything leaves; while asynchronous functions are pending, within the turn;
 *  - values a function sends while it runs (progress, yields, logs) leave at once, at a bounded rate, and within the turn beyond that rate;
 *  - an object leaves before any other code can change it, where the transport reads values only at its flush.
 *
 * The loop never holds the event loop for longer than {@link SLICE_MS} between two functions, so that cancellations and pings get in.
 */
import { getHeapStatistics } from 'node:v8';
import type { MillraceError } from '../../errors.js';
import { movedAmong } from '../../transport/move.js';
import { encodeError } from '../../transport/error-codec.js';
import { FLAG_URGENT } from '../../transport/protocol.js';
import type { CancelCode, LogLevel, PoolFrame, TaskFrame, WorkerFrame } from '../../transport/protocol.js';
import type { WorkerEnd, WorkerEndHandler } from '../../transport/transport.js';
import { cancelReason } from './cancel-reason.js';
import type { Reporter } from './execution.js';
import { Executor } from './executor.js';
import { functionInfos, hooksOf } from './load-module.js';
import type { TaskModule } from './load-module.js';
import { checkModule } from './module-hooks.js';
import { WaitingTasks } from './waiting-tasks.js';

/** Age of the last flush past which replies no longer wait for another function (P). */
const STALE_MS = 0.5;
/** Longest run of functions before the event loop gets a turn (P): well below the time in which the pool expects an answer to a ping. */
const SLICE_MS = 4;
/** Values of running functions that may leave in a flush of their own before the rate of one every STALE_MS applies (P). */
const BURST_MAX = 16;
/** Least time between two looks at the heap (P). */
const HEAP_CHECK_MS = 10;

export interface ServeOptions {
  readonly workerId: string;
  readonly taskIdPrefix: string;
  readonly concurrency: number;
  readonly streamCredit: number;
  /** The transport reads values when it is flushed, not when they are sent. */
  readonly readsAtFlush: boolean;
  /** 0 for no limit. */
  readonly heapBytesMax: number;
  /** As the `ready` frame tells it. */
  readonly pid: number;
  readonly threadId: number;
  /** Called once: the worker has said its last frame (asked to stop), or the pool is gone. */
  readonly onEnd: (cause: 'stopped' | 'disconnected') => void;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
}

export class ServeLoop implements WorkerEndHandler, Reporter {
  readonly #options: ServeOptions;
  readonly #end: WorkerEnd;
  readonly #executor: Executor;
  readonly #waiting = new WaitingTasks();
  readonly #urgent = new Set<number>();
  #module: TaskModule | undefined;
  #ended = false;
  /** Functions called and not ended, urgent ones apart. */
  #running = 0;
  #pumping = false;
  #pumpScheduled = false;
  #dirty = false;
  #flushScheduled = false;
  #flushedAt = -Infinity;
  #burst = BURST_MAX;
  #heapCheckedAt = 0;
  #recycling = false;

  constructor(options: ServeOptions, connect: (handler: WorkerEndHandler) => WorkerEnd) {
    this.#options = options;
    const { workerId, taskIdPrefix, streamCredit, concurrency } = options;
    this.#executor = new Executor({ reporter: this, workerId, taskIdPrefix, streamCredit, exclusive: concurrency === 1, captureCaller: undefined });
    this.#end = connect(this);
  }

  /** The module is loaded and started: tells the pool, and serves. */
  begin(module: TaskModule): void {
    const { pid, threadId } = this.#options;
    this.#module = module;
    this.#executor.use(module);
    this.#sendNow({ type: 'ready', functions: functionInfos(module), pid, threadId, hooks: hooksOf(module) });
    this.#schedulePump();
  }

  /** The worker cannot serve. */
  refuse(phase: 'load' | 'start' | 'health', error: unknown): void {
    this.#sendNow({ type: 'start-failed', phase, error: encodeError(error) });
    this.#finish('stopped');
  }

  /** Last words of a worker that ends without having been asked to. `fatal` is the uncaught error, if there is one. */
  crash(fatal: { readonly error: unknown } | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    const error = fatal === undefined ? undefined : encodeError(fatal.error);
    this.#end.send({ type: 'crash', slot: this.#executor.guiltySlot(), error });
    this.#end.flush();
  }

  // The pool speaks.

  onTask(frame: TaskFrame): void {
    if ((frame.flags & FLAG_URGENT) !== 0 && this.#module !== undefined) {
      this.#urgent.add(frame.slot);
      this.#executor.start(frame, this.#executor.find(frame.name));
      this.#flushSoon();
      return;
    }
    this.#waiting.push(frame);
    this.#schedulePump();
  }

  onUndecodable(slot: number, error: MillraceError): void {
    this.#end.sendError(slot, encodeError(error));
    this.#flushSoon();
  }

  onFrame(frame: PoolFrame): void {
    switch (frame.type) {
      case 'cancel':
        return this.#cancel(frame.slot, frame.code);
      case 'credit':
        return this.#executor.credit(frame.slot, frame.count);
      case 'return':
        return this.#executor.endStream(frame.slot);
      case 'ping':
        return this.#sendNow({ type: 'pong' });
      case 'health':
        return void this.#checkHealth(frame.check);
      case 'stop':
        return void this.#stop();
    }
  }

  onUnsentResult(slot: number, error: MillraceError): void {
    this.#end.sendError(slot, encodeError(error));
  }

  onUnsentFrame(frame: WorkerFrame, error: MillraceError): void {
    if (frame.type === 'yield') this.#executor.failStream(frame.slot, error);
    else if (frame.type === 'progress') this.#end.send({ type: 'log', slot: frame.slot, level: 'warn', message: `a progress value was dropped: ${error.message}`, fields: undefined });
    else if (frame.type === 'log') this.#end.send({ ...frame, message: `${frame.message} (fields dropped: ${error.message})`, fields: undefined });
    else if (frame.type === 'ready') this.refuse('load', error);
  }

  onClose(): void {
    this.#finish('disconnected');
  }

  // Executing tasks speak.

  started(slot: number): void {
    this.#sendNow({ type: 'started', slot });
  }

  completed(slot: number, value: unknown): void {
    const transfer = typeof value === 'object' && value !== null ? movedAmong([value]) : undefined;
    this.#end.sendResult(slot, value, transfer);
    if (this.#isExposed(value)) this.barrier();
    else this.#dirty = true;
    this.#answered(slot);
  }

  failed(slot: number, error: unknown): void {
    this.#end.sendError(slot, encodeError(error));
    this.#dirty = true;
    this.#answered(slot);
  }

  stream(slot: number): void {
    this.#sendNow({ type: 'stream', slot });
  }

  yielded(slot: number, value: unknown): void {
    this.#sendPaced({ type: 'yield', slot, value }, value);
  }

  progress(slot: number, value: unknown): void {
    this.#sendPaced({ type: 'progress', slot, value }, value);
  }

  log(slot: number, level: LogLevel, message: string, fields: Record<string, unknown> | undefined): void {
    this.#sendPaced({ type: 'log', slot, level, message, fields }, fields);
  }

  barrier(): void {
    this.#flush(this.#options.now());
  }

  cancelCode(slot: number): CancelCode {
    return this.#end.cancelCode(slot);
  }

  // The loop.

  #schedulePump(): void {
    if (this.#pumpScheduled || this.#module === undefined) return;
    this.#pumpScheduled = true;
    queueMicrotask(this.#pump);
  }

  readonly #pump = (): void => {
    this.#pumpScheduled = false;
    if (this.#pumping || this.#ended) return;
    this.#pumping = true;
    const now = this.#runWaiting();
    this.#pumping = false;
    if (!this.#dirty) return;
    if ((this.#waiting.size === 0 && this.#running === 0) || now - this.#flushedAt > STALE_MS) this.#flush(now);
    else this.#flushSoon();
  };

  /** Calls functions while there is room and time; returns the time. */
  #runWaiting(): number {
    let now = this.#options.now();
    const sliceEnd = now + SLICE_MS;
    while (this.#running < this.#options.concurrency) {
      const frame = this.#waiting.shift();
      if (frame === undefined) break;
      now = this.#run(frame, now);
      if (now < sliceEnd || this.#waiting.size === 0) continue;
      this.#pumpScheduled = true;
      setImmediate(this.#pump);
      break;
    }
    return now;
  }

  #run(frame: TaskFrame, before: number): number {
    const taskFunction = this.#executor.find(frame.name);
    if (this.#dirty && (taskFunction?.slow === true || before - this.#flushedAt > STALE_MS)) this.#flush(before);
    this.#running += 1;
    this.#executor.start(frame, taskFunction);
    const now = this.#options.now();
    if (taskFunction !== undefined) taskFunction.slow = now - before > STALE_MS;
    return now;
  }

  #answered(slot: number): void {
    if (this.#urgent.delete(slot)) return this.#flushSoon();
    this.#running -= 1;
    this.#pump();
  }

  #cancel(slot: number, code: CancelCode): void {
    if (this.#executor.cancel(slot, code)) return;
    const frame = this.#waiting.remove(slot);
    if (frame === undefined) return;
    this.#end.sendError(slot, encodeError(cancelReason(code, frame.name)));
    this.#flushSoon();
  }

  async #checkHealth(check: number): Promise<void> {
    try {
      if (this.#module !== undefined) await checkModule(this.#module);
      this.#sendNow({ type: 'health', check, error: undefined });
    } catch (error) {
      this.#sendNow({ type: 'health', check, error: encodeError(error) });
    }
  }

  async #stop(): Promise<void> {
    let frame: WorkerFrame = { type: 'stopped', error: undefined };
    try {
      await this.#module?.worker.stop?.();
    } catch (error) {
      frame = { type: 'stopped', error: encodeError(error) };
    }
    this.#sendNow(frame);
    this.#finish('stopped');
  }

  #finish(cause: 'stopped' | 'disconnected'): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#end.close();
    this.#options.onEnd(cause);
  }

  // Replies leave.

  #sendNow(frame: WorkerFrame): void {
    this.#end.send(frame);
    this.#flush(this.#options.now());
  }

  /** For what a running function sends: at once within the burst, so that a function that then computes for long has been heard. */
  #sendPaced(frame: WorkerFrame, value: unknown): void {
    this.#end.send(frame);
    if (this.#isExposed(value)) return this.barrier();
    this.#dirty = true;
    const now = this.#options.now();
    this.#burst = Math.min(BURST_MAX, this.#burst + (now - this.#flushedAt) / STALE_MS);
    if (this.#burst < 1) return this.#flushSoon();
    this.#burst -= 1;
    this.#flush(now);
  }

  /** The function that gave us `value` may still change what has not been read. */
  #isExposed(value: unknown): boolean {
    return this.#options.readsAtFlush && typeof value === 'object' && value !== null;
  }

  #flush(now: number): void {
    this.#dirty = false;
    this.#flushedAt = now;
    this.#end.flush();
    if (this.#options.heapBytesMax > 0) this.#checkHeap(now);
  }

  #flushSoon(): void {
    this.#dirty = true;
    if (this.#flushScheduled) return;
    this.#flushScheduled = true;
    setImmediate(this.#flushScheduledNow);
  }

  readonly #flushScheduledNow = (): void => {
    this.#flushScheduled = false;
    if (this.#dirty && !this.#ended) this.#flush(this.#options.now());
  };

  #checkHeap(now: number): void {
    if (this.#recycling || now - this.#heapCheckedAt < HEAP_CHECK_MS) return;
    this.#heapCheckedAt = now;
    const heapBytes = getHeapStatistics().used_heap_size;
    if (heapBytes <= this.#options.heapBytesMax) return;
    this.#recycling = true;
    this.#end.send({ type: 'recycle', reason: 'heap', heapBytes });
    this.#end.flush();
  }
}
