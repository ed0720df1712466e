/**
 * The pool's side of a worker behind a transport: what threads and processes have in common.
 *
 *   new ──start──> starting ──ready──> ready ──stop──> stopping ──> dead        dead: `onExit` has been called
 *    │                │                  │                │           ^
 *    └────────────────┴── terminate, start timeout, broken transport ─┴── ending ──┘
 *
 * A worker has ended when its thread or process has exited *and* its end of the transport is closed: replies sent before the exit may arrive after
 * it. Both waits are bounded, and neither is waited for once the worker is being killed.
 */
import { SLOTS_MAX } from '../transport/control-block.js';
import { reviveError } from '../transport/error-codec.js';
import type { ErrorRecord } from '../transport/error-record.js';
import { CANCEL_NONE, type CancelCode, type WorkerFrame } from '../transport/protocol.js';
import type { PoolEnd, PoolEndHandler } from '../transport/transport.js';
import type { WorkerStatus } from '../transport/worker-status.js';
import { failAssertion } from '../runtime/assert.js';
import type { MillraceError } from '../errors.js';
import { systemClock, type Clock, type Timer } from '../runtime/clock.js';
import { deferred } from '../runtime/deferred.js';
import { messageOf } from '../runtime/permission.js';
import type { Carrier, Launch } from './carrier.js';
import { exitError, exitReason, NO_EXIT, type CarrierExit, type WorkerStory } from './remote-exit.js';
import { RemoteForks } from './remote-forks.js';
import { AbandonedAttempt, SlotTable } from './slot-table.js';
import { asError, hookError, startError } from './start-error.js';
import type { Worker, WorkerHost, WorkerOptions, WorkerTask } from './worker.js';

/** Longest wait for the second of the two signs that a worker has ended, in ms (P). */
const SETTLE_MS = 250;

export class RemoteWorker<T extends WorkerTask> implements Worker<T> {
  readonly id: string;
  readonly kind: 'thread' | 'process';
  readonly #options: WorkerOptions;
  readonly #host: WorkerHost<T>;
  readonly #launch: Launch;
  readonly #clock: Clock;
  readonly #slots = new SlotTable<T>();
  /** Slots whose cancel word has been raised since they were last handed out. */
  readonly #raised = new Set<number>();
  readonly #dead = deferred<void>();
  readonly #forks = new RemoteForks((frame) => this.#send(frame));
  #phase: 'new' | 'starting' | 'ready' | 'stopping' | 'ending' | 'dead' = 'new';
  readonly #story: WorkerStory;
  #stopSent = false;
  #carrier: Carrier | undefined;
  #startedAt = 0;
  #check = 0;
  #flushScheduled = false;
  #timer: Timer | undefined;
  #stopDueAt = Infinity;
  #exit: CarrierExit | undefined;
  #endClosed = false;
  #guilty: T | undefined;
  #lastWords = false;

  constructor(kind: 'thread' | 'process', options: WorkerOptions, host: WorkerHost<T>, launch: Launch, clock: Clock = systemClock) {
    this.id = options.id;
    this.kind = kind;
    this.#options = options;
    this.#host = host;
    this.#launch = launch;
    this.#clock = clock;
    this.#story = { workerId: options.id, wasReady: false, silent: false, asked: undefined, stopped: false, error: undefined, brokenBy: undefined };
  }

  start(): void {
    if (this.#phase !== 'new') return;
    this.#phase = 'starting';
    this.#startedAt = this.#clock.now();
    try {
      this.#carrier = this.#launch(this.#options, this.#handler(), (exit) => this.#onCarrierExit(exit));
      this.#setTimer(this.#options.startTimeoutMs, () => this.#startTimedOut());
    } catch (error) {
      this.#story.error = startError(this.id, messageOf(asError(error)), error);
      this.#clock.defer(() => this.#finish(NO_EXIT));
    }
  }

  dispatch(task: T): void {
    if (this.#slots.occupied >= SLOTS_MAX) failAssertion(`worker ${this.id} was handed more than ${SLOTS_MAX} tasks`);
    this.#slots.add(task);
    const end = this.#carrier?.end;
    if (end === undefined) return;
    if (this.#raised.size > 0 && this.#raised.delete(task.slot)) this.#setCancelled(task.slot, CANCEL_NONE);
    end.sendTask(task);
  }

  flush(): void {
    this.#carrier?.end.flush();
  }

  linger(): void {
    this.#carrier?.end.linger();
  }

  abandon(task: T, code: CancelCode): object {
    const { slot } = task;
    const held = this.#slots.holds(task);
    const token = this.#slots.abandon(task);
    if (held && this.#carrier !== undefined && this.#phase !== 'dead') {
      this.#raised.add(slot);
      this.#setCancelled(slot, code);
      this.#send({ type: 'cancel', slot, code });
    }
    return token;
  }

  #setCancelled(slot: number, code: CancelCode): void {
    this.#carrier?.end.setCancelled(slot, code);
    this.#carrier?.siblings?.setCancelled(slot, code);
  }

  get prefetchMax(): number {
    return this.#carrier?.end.prefetchMax ?? 0;
  }

  reserves(holds: boolean): boolean {
    return this.#carrier?.end.reserves?.(holds) === true;
  }

  revoke(task: T): boolean {
    if (!this.#slots.holds(task) || this.#carrier === undefined || !this.#carrier.end.revoke(task.slot)) return false;
    this.#slots.release(task.slot);
    if (this.#phase === 'stopping') this.#stopWhenEmpty();
    return true;
  }

  collect(): void {
    if (this.#phase === 'ready' || this.#phase === 'stopping') this.#carrier?.end.collect();
  }

  serviceMs(): number {
    return this.#carrier?.end.serviceMs() ?? NaN;
  }

  status(): WorkerStatus | undefined {
    return this.#carrier?.end.status();
  }

  begun(task: T): boolean {
    return this.#carrier?.end.begun(task.slot) ?? false;
  }

  isEngaged(): boolean {
    return this.#carrier?.siblings?.isEngaged() ?? false;
  }

  credit(task: T, count: number): void {
    if (this.#slots.holds(task)) this.#send({ type: 'credit', slot: task.slot, count });
  }

  endStream(task: T): void {
    if (this.#slots.holds(task)) this.#send({ type: 'return', slot: task.slot });
  }

  ping(): void {
    this.#story.silent = true;
    this.#send({ type: 'ping' });
  }

  checkHealth(): void {
    this.#check += 1;
    this.#send({ type: 'health', check: this.#check });
  }

  async memoryBytes(): Promise<number | undefined> {
    return this.#phase === 'dead' ? undefined : this.#carrier?.memoryBytes?.();
  }

  inFlight(): Iterable<T> {
    return this.#slots.tasks();
  }

  stop(graceMs: number): Promise<void> {
    if (this.#phase === 'new' || this.#phase === 'starting') {
      this.#story.asked ??= 'stop';
      this.#kill();
    } else if (this.#phase === 'ready' || this.#phase === 'stopping') {
      this.#phase = 'stopping';
      this.#story.asked ??= 'stop';
      this.#carrier?.ref();
      this.#terminateIn(graceMs);
      this.#stopWhenEmpty();
    }
    return this.#dead.promise;
  }

  terminate(): Promise<void> {
    if (this.#phase !== 'dead' && this.#phase !== 'ending') {
      this.#story.asked = 'terminate';
      this.#kill();
    }
    return this.#dead.promise;
  }

  // What comes from the worker.

  #handler(): PoolEndHandler {
    return {
      onResult: (slot, value) => this.#onResult(slot, value),
      onError: (slot, error) => this.#onError(slot, error),
      onFrame: (frame) => this.#onFrame(frame),
      onUnsent: (slot, error) => this.#onUnsent(slot, error),
      onClose: (error) => this.#onEndClosed(error),
    };
  }

  #onResult(slot: number, value: unknown): void {
    const entry = this.#slots.release(slot);
    if (entry instanceof AbandonedAttempt) this.#host.onVacated(this, entry);
    else if (entry !== undefined) this.#host.onCompleted(this, entry, value);
    if (this.#phase === 'stopping') this.#stopWhenEmpty();
  }

  #onError(slot: number, record: ErrorRecord): void {
    const entry = this.#slots.release(slot);
    if (entry instanceof AbandonedAttempt) this.#host.onVacated(this, entry);
    else if (entry !== undefined) this.#host.onFailed(this, entry, this.#revive(record));
    if (this.#phase === 'stopping') this.#stopWhenEmpty();
  }

  #onUnsent(slot: number, error: MillraceError): void {
    const entry = this.#slots.release(slot);
    if (entry instanceof AbandonedAttempt) this.#host.onVacated(this, entry);
    else if (entry !== undefined) this.#host.onUnsent(this, entry, error);
    if (this.#phase === 'stopping') this.#stopWhenEmpty();
  }

  #onFrame(frame: WorkerFrame): void {
    switch (frame.type) {
      case 'ready':
        return this.#onReady(frame);
      case 'start-failed':
        this.#story.error = frame.phase === 'load' ? asError(this.#revive(frame.error)) : hookError(this.id, frame.phase, this.#revive(frame.error));
        return;
      case 'log':
        return this.#host.onLog(this, this.#slots.get(frame.slot), frame.level, frame.message, frame.fields);
      case 'fork':
        return this.#onFork(frame);
      case 'unfork':
        return this.#forks.unfork(frame.fork);
      case 'blocking':
        return this.#host.onBlocking(this, frame.on);
      case 'pong':
        this.#story.silent = false;
        return this.#host.onPong(this);
      case 'health':
        return this.#host.onHealth(this, frame.error === undefined ? undefined : asError(this.#revive(frame.error)));
      case 'recycle':
        return this.#host.onRecycle(this, frame.reason, frame.heapBytes);
      case 'leak':
        return this.#host.onLeak?.(this, frame.leak);
      case 'crash':
        this.#guilty = this.#slots.get(frame.slot);
        this.#lastWords = true;
        if (frame.error !== undefined) this.#story.error = asError(this.#revive(frame.error));
        return;
      case 'stopped':
        this.#story.stopped = true;
        if (frame.error !== undefined) this.#story.error = asError(this.#revive(frame.error));
        return;
      default:
        return this.#onTaskFrame(frame);
    }
  }

  #onTaskFrame(frame: Extract<WorkerFrame, { type: 'started' | 'progress' | 'stream' | 'yield' }>): void {
    const task = this.#slots.get(frame.slot);
    if (task === undefined) return;
    if (frame.type === 'started') this.#host.onStarted(this, task);
    else if (frame.type === 'progress') this.#host.onProgress(this, task, frame.value);
    else if (frame.type === 'stream') this.#host.onStream(this, task);
    else this.#host.onYield(this, task, frame.value);
  }

  #onFork(frame: Extract<WorkerFrame, { type: 'fork' }>): void {
    const task = this.#slots.get(frame.slot);
    this.#forks.fork(frame, task === undefined ? undefined : (...child) => this.#host.onFork?.(this, task, ...child));
  }

  #onReady({ functions, hooks, pid, threadId, osThreadId }: Extract<WorkerFrame, { type: 'ready' }>): void {
    if (this.#phase !== 'starting') return;
    this.#phase = 'ready';
    this.#story.wasReady = true;
    this.#timer?.cancel();
    this.#host.onReady(this, { functions, hooks, pid, threadId, osThreadId, bootMs: this.#clock.now() - this.#startedAt });
  }

  #revive(record: ErrorRecord): unknown {
    return reviveError(record, this.#options.errorClasses);
  }

  // What goes to the worker.

  #send(frame: Parameters<PoolEnd['send']>[0]): void {
    const end = this.#carrier?.end;
    if (end === undefined || this.#phase === 'ending' || this.#phase === 'dead') return;
    end.send(frame);
    if (this.#flushScheduled) return;
    this.#flushScheduled = true;
    this.#clock.defer(() => {
      this.#flushScheduled = false;
      this.flush();
    });
  }

  #stopWhenEmpty(): void {
    if (this.#stopSent || this.#slots.occupied > 0) return;
    this.#stopSent = true;
    this.#send({ type: 'stop' });
  }

  // The end.

  #terminateIn(graceMs: number): void {
    const dueAt = this.#clock.now() + graceMs;
    if (dueAt >= this.#stopDueAt) return;
    this.#stopDueAt = dueAt;
    this.#setTimer(graceMs, () => this.#graceOver(graceMs));
  }

  /** A forked child of a sibling that it still runs is a task like any other: it may end it. */
  #graceOver(graceMs: number): void {
    if (this.#phase === 'stopping' && this.isEngaged()) this.#setTimer(graceMs, () => this.#graceOver(graceMs));
    else void this.terminate();
  }

  #startTimedOut(): void {
    this.#story.error = startError(this.id, `its module and start hook took longer than ${this.#options.startTimeoutMs} ms (option startTimeout)`);
    this.#kill();
  }

  /** It lives on without a connection. */
  #breakOff(): void {
    this.#story.error ??= this.#story.brokenBy;
    this.#kill();
  }

  /** Ends it by force. Nothing it says from here on is heard. */
  #kill(): void {
    const carrier = this.#carrier;
    this.#phase = 'ending';
    if (carrier === undefined) return this.#clock.defer(() => this.#finish(NO_EXIT));
    this.#setTimer(this.#options.terminateTimeoutMs, () => this.#finish(NO_EXIT, true));
    carrier.ref();
    // What it has finished and said before counts; from here on it is not heard.
    carrier.end.collect();
    carrier.end.close();
    if (this.#exit === undefined) carrier.kill(this.#story.silent);
    else this.#finish(this.#exit);
  }

  #onCarrierExit(exit: CarrierExit): void {
    if (this.#phase === 'dead') return;
    this.#exit = exit;
    if (this.#phase !== 'ending') this.#carrier?.end.collect();
    if (this.#endClosed || this.#phase === 'ending') this.#finish(exit);
    else this.#setTimer(SETTLE_MS, () => this.#finish(exit));
  }

  #onEndClosed(error: Error | undefined): void {
    this.#endClosed = true;
    if (this.#phase === 'dead' || this.#phase === 'ending') return;
    this.#story.brokenBy = error;
    if (this.#exit !== undefined) this.#finish(this.#exit);
    else this.#setTimer(SETTLE_MS, () => this.#breakOff());
  }

  #finish(exit: CarrierExit, abandoned = false): void {
    if (this.#phase === 'dead') return;
    this.#phase = 'dead';
    this.#timer?.cancel();
    this.#carrier?.end.close();
    this.#carrier?.dispose();
    this.#forks.cancelAll();
    const reason = exitReason(this.#story);
    this.#host.onExit(this, {
      ...exit,
      reason,
      error: exitError(this.#story, exit),
      guilty: reason === 'crashed' ? this.#guilty : undefined,
      abandoned,
      lastWords: this.#lastWords,
    });
    this.#dead.resolve();
  }

  #setTimer(delayMs: number, fn: () => void): void {
    this.#timer?.cancel();
    this.#timer = this.#clock.setTimer(delayMs, fn);
  }
}
