/**
 * The serve loop: what runs inside a thread or process between the transport and the task functions.
 *
 *   frames ──> waiting (FIFO) ──> executing (at most `concurrency`; urgent tasks pass both) ──> replies ──> flush
 *
 * Replies leave in batches, but a reply must not wait for a task that has nothing to do with it:
 *  - a function known to be quick is called without a flush before it, unless the last flush is older than {@link STALE_MS};
 *  - before a function that was slow the last time, or was never called, everything leaves;
 *  - but while it still has half of the tasks that it had when the pool was last woken, or more of a long queue has come, replies need not wake
 *    it again: each wake-up takes a core from somebody. They are shown instead, for {@link GATHER_MS} since the pool last read any, and not before a function
 *    that took longer the last time. The pool's own look at whoever holds tasks ahead finds them, should one take long unexpectedly;
 *  - when nothing waits and nothing executes everything leaves; while asynchronous functions are pending, within the turn;
 *  - what a function sends while it runs, and objects: see `reply-batch.ts`.
 *
 * The loop never holds the event loop for longer than {@link SLICE_MS} between two functions, so that cancellations and pings get in.
 */
import { getHeapStatistics } from 'node:v8';
import type { MillraceError } from '../../errors.js';
import { encodeError } from '../../transport/error-codec.js';
import { FLAG_URGENT } from '../../transport/protocol.js';
import type { CancelCode, LogLevel, PoolFrame, TaskFrame, WorkerFrame } from '../../transport/protocol.js';
import type { WorkerEnd, WorkerEndHandler } from '../../transport/transport.js';
import { cancelReason } from './cancel-reason.js';
import type { Reporter } from './execution.js';
import { Executor } from './executor.js';
import type { ExecutorOptions } from './executor.js';
import { ForkJoin } from './fork-join/fork-join.js';
import type { JoinSiblings, Siblings, SiblingsHost } from './fork-join/siblings.js';
import { functionInfos, hooksOf } from './load-module.js';
import type { TaskModule } from './load-module.js';
import { LeakGuard } from './leak-guard.js';
import { checkModule } from './module-hooks.js';
import { GATHER_MS, ReplyBatch, STALE_MS } from './reply-batch.js';
import { WaitingTasks } from './waiting-tasks.js';
import { setImmediate, soon } from '../../runtime/host-timers.js';

/** Longest run of functions before the event loop gets a turn (P): well below the time in which the pool expects an answer to a ping. */
const SLICE_MS = 4;
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
  /** 0 for no limit. */
  readonly heapGrowthBytesMax: number;
  /** As the `ready` frame tells it. */
  readonly pid: number;
  readonly threadId: number;
  readonly osThreadId?: number | undefined;
  /** Called once: the worker has said its last frame (asked to stop), or the pool is gone. */
  readonly onEnd: (cause: 'stopped' | 'disconnected') => void;
  /** Milliseconds, monotonic. */
  readonly now: () => number;
}

export class ServeLoop implements WorkerEndHandler, Reporter, SiblingsHost {
  readonly #options: ServeOptions;
  readonly #execution: Omit<ExecutorOptions, 'reporter'>;
  #siblings: Siblings | undefined;
  readonly #end: WorkerEnd;
  readonly #replies: ReplyBatch;
  readonly #executor: Executor;
  readonly #waiting = new WaitingTasks();
  readonly #urgent = new Set<number>();
  #leakGuard: LeakGuard | undefined;
  #module: TaskModule | undefined;
  #ended = false;
  /** Functions called and not ended, urgent ones apart. */
  #running = 0;
  /** Tasks that waited when the pool was last told something, or sent some. */
  #stock = 0;
  #pumping = false;
  #pumpScheduled = false;
  #heapCheckedAt = 0;
  #recycling = false;

  constructor(options: ServeOptions, connect: (handler: WorkerEndHandler) => WorkerEnd) {
    this.#options = options;
    const { workerId, taskIdPrefix, streamCredit, concurrency } = options;
    const forks = new ForkJoin({ keepsContext: false });
    this.#execution = { workerId, taskIdPrefix, streamCredit, forks, exclusive: concurrency === 1, captureCaller: undefined };
    this.#executor = new Executor({ ...this.#execution, reporter: this });
    this.#end = connect(this);
    this.#replies = new ReplyBatch(this.#end, options, (now) => this.#checkHeap(now));
  }

  /** The module is loaded and started: tells the pool, and serves. `joinSiblings` where it may fork, and is not alone. */
  begin(module: TaskModule, joinSiblings?: JoinSiblings): void {
    const { pid, threadId, osThreadId, heapGrowthBytesMax } = this.#options;
    this.#module = module;
    if (heapGrowthBytesMax > 0) this.#leakGuard = new LeakGuard(heapGrowthBytesMax, (leak) => this.#replies.sendNow({ type: 'leak', leak }));
    this.#executor.use(module);
    this.#replies.sendNow({ type: 'ready', functions: functionInfos(module), pid, threadId, osThreadId, hooks: hooksOf(module) });
    this.#siblings = joinSiblings?.(this, this.#execution.forks, module, this.#execution);
    this.#schedulePump();
  }

  /** The worker cannot serve. */
  refuse(phase: 'load' | 'start' | 'health', error: unknown): void {
    this.#replies.sendNow({ type: 'start-failed', phase, error: encodeError(error) });
    this.#finish('stopped');
  }

  /** Last words of a worker that ends without having been asked to. `fatal` is the uncaught error, if there is one. */
  crash(fatal: { readonly error: unknown } | undefined): void {
    if (this.#ended) return;
    this.#ended = true;
    const error = fatal === undefined ? undefined : encodeError(fatal.error);
    this.#replies.sendNow({ type: 'crash', slot: this.#executor.guiltySlot(), error });
  }

  // The pool speaks.

  onTask(frame: TaskFrame): void {
    if ((frame.flags & FLAG_URGENT) !== 0 && this.#module !== undefined) {
      if (!this.#end.begin(frame)) return;
      this.#urgent.add(frame.slot);
      this.#executor.start(frame, this.#executor.find(frame.name));
      this.#replies.flushSoon();
      return;
    }
    this.#waiting.push(frame);
    this.#schedulePump();
  }

  onUndecodable(slot: number, error: MillraceError): void {
    this.#replies.error(slot, encodeError(error));
    this.#replies.flushSoon();
  }

  onFrame(frame: PoolFrame): void {
    switch (frame.type) {
      case 'cancel':
        return this.#cancel(frame.slot, frame.code);
      case 'credit':
        return this.#executor.credit(frame.slot, frame.count);
      case 'return':
        return this.#executor.endStream(frame.slot);
      case 'joined':
        return this.#siblings?.answered?.(frame);
      case 'ping':
        return this.#replies.sendNow({ type: 'pong' });
      case 'health':
        return void this.#checkHealth(frame.check);
      case 'stop':
        return void this.#stop();
    }
  }

  onUnsentResult(slot: number, error: MillraceError): void {
    this.#replies.error(slot, encodeError(error));
  }

  onUnsentFrame(frame: WorkerFrame, error: MillraceError): void {
    if (frame.type === 'yield') this.#executor.failStream(frame.slot, error);
    else if (frame.type === 'progress')
      this.#replies.send({ type: 'log', slot: frame.slot, level: 'warn', message: `a progress value was dropped: ${error.message}`, fields: undefined });
    else if (frame.type === 'log') this.#replies.send({ ...frame, message: `${frame.message} (fields dropped: ${error.message})`, fields: undefined });
    else if (frame.type === 'fork') this.#siblings?.unsent?.(frame.fork);
    else if (frame.type === 'ready') this.refuse('load', error);
  }

  onClose(): void {
    this.#finish('disconnected');
  }

  // Executing tasks speak.

  started(slot: number): void {
    this.#replies.sendNow({ type: 'started', slot });
  }

  completed(slot: number, value: unknown): void {
    this.#replies.result(slot, value);
    this.#answered(slot);
  }

  failed(slot: number, error: unknown): void {
    this.#replies.error(slot, encodeError(error));
    this.#answered(slot);
  }

  stream(slot: number): void {
    this.#replies.sendNow({ type: 'stream', slot });
  }

  yielded(slot: number, value: unknown): void {
    this.#replies.sendPaced({ type: 'yield', slot, value }, value);
  }

  progress(slot: number, value: unknown): void {
    this.#replies.sendPaced({ type: 'progress', slot, value }, value);
  }

  log(slot: number, level: LogLevel, message: string, fields: Record<string, unknown> | undefined): void {
    this.#replies.sendPaced({ type: 'log', slot, level, message, fields }, fields);
  }

  blocking(on: boolean): void {
    this.#replies.sendNow({ type: 'blocking', on });
  }

  barrier(): void {
    this.#replies.flush();
  }

  cancelCode(slot: number): CancelCode {
    return this.#end.cancelCode(slot);
  }

  // The loop.

  #schedulePump(): void {
    if (this.#pumpScheduled || this.#module === undefined) return;
    this.#pumpScheduled = true;
    soon(this.#pump);
  }

  readonly #pump = (): void => {
    this.#pumpScheduled = false;
    if (this.#pumping || this.#ended) return;
    this.#pumping = true;
    const now = this.#runWaiting();
    this.#pumping = false;
    if (this.#replies.isDirty) {
      if (this.#running === 0 && this.#waiting.size > 0) this.#letOut(0, now);
      else if (this.#running === 0 || this.#replies.isStale(now)) this.#replies.flush(now);
      else this.#replies.flushSoon();
    }
    this.#siblings?.idle();
  };

  // A sibling's children.

  sendNow(frame: WorkerFrame): void {
    this.#replies.sendNow(frame);
  }

  isIdle(): boolean {
    return this.#waiting.size === 0 && this.#running < this.#options.concurrency && !this.#ended;
  }

  stolenBegan(): void {
    this.#running += 1;
  }

  stolenEnded(): void {
    this.#running -= 1;
    this.#pump();
  }

  /** Calls functions while there is room and time; returns the time. */
  #runWaiting(): number {
    let now = this.#options.now();
    this.#stock = this.#waiting.size;
    const sliceEnd = now + SLICE_MS;
    while (this.#running < this.#options.concurrency) {
      const frame = this.#waiting.shift();
      if (frame === undefined) break;
      if (!this.#end.begin(frame)) continue;
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
    const lastMs = taskFunction?.lastMs ?? NaN;
    if (this.#replies.isDirty && (!(lastMs <= STALE_MS) || this.#replies.isStale(before))) this.#letOut(lastMs, before);
    if (this.#leakGuard !== undefined) this.#leakGuard.called(frame.name);
    this.#running += 1;
    this.#executor.start(frame, taskFunction);
    const now = this.#options.now();
    if (taskFunction !== undefined) taskFunction.lastMs = now - before;
    return now;
  }

  /** Sees to it that no reply waits for the next function, which took `nextMs` the last time. */
  #letOut(nextMs: number, now: number): void {
    const { size } = this.#waiting;
    const hasEnough = size * 2 >= this.#stock || (size > 1 && this.#end.hasMore());
    if (hasEnough && this.#options.concurrency === 1 && nextMs <= GATHER_MS && this.#replies.show(now)) return;
    this.#replies.flush(now);
    this.#stock = this.#waiting.size;
  }

  #answered(slot: number): void {
    if (this.#urgent.delete(slot)) return this.#replies.flushSoon();
    this.#running -= 1;
    this.#pump();
  }

  #cancel(slot: number, code: CancelCode): void {
    if (this.#executor.cancel(slot, code)) return;
    const frame = this.#waiting.remove(slot);
    // One that was taken back may still wait here, and its slot have been used again: the cancel word tells that task when it begins.
    if (frame === undefined || !this.#end.begin(frame)) return;
    this.#replies.error(slot, encodeError(cancelReason(code, frame.name)));
    this.#replies.flushSoon();
  }

  async #checkHealth(check: number): Promise<void> {
    try {
      if (this.#module !== undefined) await checkModule(this.#module);
      this.#replies.sendNow({ type: 'health', check, error: undefined });
    } catch (error) {
      this.#replies.sendNow({ type: 'health', check, error: encodeError(error) });
    }
  }

  async #stop(): Promise<void> {
    let frame: WorkerFrame = { type: 'stopped', error: undefined };
    await this.#siblings?.retire();
    try {
      await this.#module?.worker.stop?.();
    } catch (error) {
      frame = { type: 'stopped', error: encodeError(error) };
    }
    this.#replies.sendNow(frame);
    this.#finish('stopped');
  }

  #finish(cause: 'stopped' | 'disconnected'): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#end.close();
    this.#options.onEnd(cause);
  }

  #checkHeap(now: number): void {
    if (this.#options.heapBytesMax === 0 || this.#recycling || now - this.#heapCheckedAt < HEAP_CHECK_MS) return;
    this.#heapCheckedAt = now;
    const heapBytes = getHeapStatistics().used_heap_size;
    if (heapBytes <= this.#options.heapBytesMax) return;
    this.#recycling = true;
    this.#replies.sendNow({ type: 'recycle', reason: 'heap', heapBytes });
  }
}
