/**
 * A worker between the pool and the real one: hands attempts on, and does to some of them what a plan of faults says.
 *
 *   pool ── dispatch ──> [fault?] ── attempt ──> worker            crash, hang, oom    another function is called in its place, one that does that
 *        <── outcome ───  [lost?] <── outcome ──                   duplicate           two attempts leave, the second is nobody's
 *                                                                  fail, slow, hold    stays here for a while, or for good
 *                                                                  drop                its outcome stays here
 *
 * Attempts are objects of our own, so that the worker never sees the pool's task: what it says of one is translated back, or kept from the pool. An event
 * loop cannot crash or run out of memory without taking the test with it: there the end of the worker is only told.
 *
 * Tasks are not sent ahead (`prefetchMax` 0): which attempt is the third does not depend on time then.
 */
import type { MillraceError } from '../errors.js';
import type { Clock, Timer } from '../runtime/clock.js';
import { FLAG_NOTIFY_START, FLAG_RANGE_SHARE } from '../transport/protocol.js';
import type { CancelCode } from '../transport/protocol.js';
import type { WorkerStatus } from '../transport/worker-status.js';
import type { Worker, WorkerExit, WorkerHost, WorkerKind, WorkerReady, WorkerTask } from '../worker/worker.js';
import type { Border } from './border.js';
import { faultFunction } from './fault-module.js';
import type { FaultPlan, Rule } from './fault-plan.js';

export interface FaultWorkerOptions {
  readonly plan: FaultPlan;
  readonly clock: Clock;
  /** What values have to cross; `undefined` where a real border is crossed anyway. */
  readonly border: Border | undefined;
}

/** One attempt as the real worker sees it. */
class Attempt<T extends WorkerTask> implements WorkerTask {
  slot = -1;
  name: string;
  args: readonly unknown[];
  transfer: T['transfer'];
  readonly sequence: number;
  readonly attempt: number;
  flags: number;
  readonly deadlineEpochMs: number;
  readonly givenCorrelationId: string | undefined;
  /** `undefined` when the pool does not wait for this one (any more). */
  task: T | undefined;
  readonly fault: Rule | undefined;
  /** It is here and not with the worker. */
  isHere = false;
  /** The pool has been told that it executes. */
  isTold = false;
  timer: Timer | undefined = undefined;

  constructor(task: T, fault: Rule | undefined) {
    const { name, args, transfer, sequence, attempt, flags, deadlineEpochMs, givenCorrelationId } = task;
    this.name = name;
    this.args = args;
    this.transfer = transfer;
    this.sequence = sequence;
    this.attempt = attempt;
    this.flags = flags;
    this.deadlineEpochMs = deadlineEpochMs;
    this.givenCorrelationId = givenCorrelationId;
    this.task = task;
    this.fault = fault;
  }
}

export class FaultWorker<T extends WorkerTask> implements Worker<T> {
  readonly prefetchMax = 0;
  readonly #worker: Worker<Attempt<T>>;
  readonly #host: WorkerHost<T>;
  readonly #options: FaultWorkerOptions;
  readonly #attempts = new Map<T, Attempt<T>>();
  #isDead = false;

  constructor(make: (host: WorkerHost<Attempt<T>>) => Worker<Attempt<T>>, host: WorkerHost<T>, options: FaultWorkerOptions) {
    this.#host = host;
    this.#options = options;
    this.#worker = make(this.#listener());
  }

  get id(): string {
    return this.#worker.id;
  }

  get kind(): WorkerKind {
    return this.#worker.kind;
  }

  start(): void {
    this.#worker.start();
  }

  dispatch(task: T): void {
    const fault = this.#options.plan.strike(task.name, task.attempt, this.id);
    const attempt = new Attempt(task, fault);
    this.#attempts.set(task, attempt);
    if (fault === undefined || fault.kind === 'drop') this.#send(attempt);
    else if (fault.kind === 'duplicate') this.#sendTwice(attempt, task);
    else if (fault.kind === 'crash' || fault.kind === 'hang' || fault.kind === 'oom') this.#sendFault(attempt, fault.kind);
    else this.#keep(attempt, fault);
  }

  flush(): void {
    this.#worker.flush();
  }

  linger(): void {
    this.#worker.linger();
  }

  abandon(task: T, code: CancelCode): object {
    const attempt = this.#attempts.get(task);
    this.#attempts.delete(task);
    if (attempt === undefined) return {};
    attempt.task = undefined;
    if (!attempt.isHere) return this.#worker.abandon(attempt, code);
    attempt.timer?.cancel();
    const token = {};
    // What hangs goes on hanging.
    if (attempt.fault?.kind !== 'hang') this.#later(() => this.#host.onVacated(this, token));
    return token;
  }

  revoke(task: T): boolean {
    const attempt = this.#attempts.get(task);
    if (attempt === undefined || attempt.isHere || !this.#worker.revoke(attempt)) return false;
    this.#forget(attempt);
    return true;
  }

  collect(): void {
    this.#worker.collect();
  }

  status(): WorkerStatus | undefined {
    return this.#worker.status();
  }

  serviceMs(): number {
    return this.#worker.serviceMs();
  }

  begun(task: T): boolean {
    const attempt = this.#attempts.get(task);
    return attempt !== undefined && (attempt.isHere || this.#worker.begun(attempt));
  }

  ping(): void {
    this.#worker.ping();
  }

  credit(task: T, count: number): void {
    const attempt = this.#attempts.get(task);
    if (attempt !== undefined && !attempt.isHere) this.#worker.credit(attempt, count);
  }

  endStream(task: T): void {
    const attempt = this.#attempts.get(task);
    if (attempt !== undefined && !attempt.isHere) this.#worker.endStream(attempt);
  }

  checkHealth(): void {
    this.#worker.checkHealth();
  }

  memoryBytes(): Promise<number | undefined> {
    return this.#worker.memoryBytes?.() ?? Promise.resolve(undefined);
  }

  inFlight(): Iterable<T> {
    return this.#attempts.keys();
  }

  stop(graceMs: number): Promise<void> {
    return this.#worker.stop(graceMs);
  }

  terminate(): Promise<void> {
    return this.#worker.terminate();
  }

  // Faults.

  #send(attempt: Attempt<T>): void {
    try {
      attempt.args = this.#options.border?.args(attempt.args) ?? attempt.args;
    } catch (error) {
      attempt.isHere = true;
      this.#later(() => this.#answer(attempt, (task) => this.#host.onUnsent(this, task, error as MillraceError)));
      return;
    }
    this.#hand(attempt);
  }

  #hand(attempt: Attempt<T>): void {
    this.#worker.dispatch(attempt);
    if (attempt.task !== undefined) attempt.task.slot = attempt.slot;
  }

  #sendTwice(attempt: Attempt<T>, task: T): void {
    this.#send(attempt);
    const second = new Attempt(task, undefined);
    second.task = undefined;
    if (!attempt.isHere) this.#send(second);
  }

  #sendFault(attempt: Attempt<T>, kind: 'crash' | 'hang' | 'oom'): void {
    if (this.kind !== 'async') {
      attempt.name = faultFunction(kind);
      attempt.args = [];
      attempt.transfer = undefined;
      attempt.flags &= ~FLAG_RANGE_SHARE;
      this.#hand(attempt);
      return;
    }
    attempt.isHere = true;
    this.#later(() => this.#begin(attempt));
    if (kind !== 'hang') this.#later(() => this.#die(attempt, kind));
  }

  #keep(attempt: Attempt<T>, fault: Rule): void {
    attempt.isHere = true;
    this.#later(() => this.#begin(attempt));
    const goOn = (): void => {
      if (attempt.task === undefined || this.#isDead) return;
      attempt.isHere = false;
      this.#send(attempt);
      this.#worker.flush();
    };
    if (fault.kind === 'slow') attempt.timer = this.#options.clock.setTimer(fault.delayMs, goOn);
    else if (fault.gate !== undefined) void fault.gate.wait().then(goOn);
    else this.#later(() => this.#answer(attempt, (task) => this.#host.onFailed(this, task, fault.error)));
  }

  /** An event loop ends, as far as the pool is told. */
  #die(attempt: Attempt<T>, kind: 'crash' | 'oom'): void {
    if (attempt.task === undefined) return;
    const error = new Error(kind === 'oom' ? 'it ran out of memory (a fault that was set)' : 'it crashed (a fault that was set)');
    this.#exit({ reason: 'crashed', exitCode: 1, exitSignal: null, error, guilty: attempt.task, abandoned: false });
    void this.#worker.terminate();
  }

  // What the worker says.

  #listener(): WorkerHost<Attempt<T>> {
    const host = this.#host;
    return {
      onReady: (_worker, info) => this.#isDead || host.onReady(this, withoutFaults(info)),
      onStarted: (_worker, attempt) => this.#begin(attempt),
      onCompleted: (_worker, attempt, value) => this.#completed(attempt, value),
      onFailed: (_worker, attempt, error) =>
        this.#answer(attempt, (task) => host.onFailed(this, task, this.#options.border === undefined ? error : this.#options.border.error(error))),
      onUnsent: (_worker, attempt, error) => this.#answer(attempt, (task) => host.onUnsent(this, task, error)),
      onProgress: (_worker, attempt, value) => this.#tell(attempt, (task) => host.onProgress(this, task, value)),
      onStream: (_worker, attempt) => this.#tell(attempt, (task) => host.onStream(this, task)),
      onYield: (_worker, attempt, value) => this.#yielded(attempt, value),
      onLog: (_worker, attempt, level, message, fields) => this.#isDead || host.onLog(this, attempt?.task, level, message, fields),
      onVacated: (_worker, token) => this.#isDead || host.onVacated(this, token),
      onBlocking: (_worker, on) => this.#isDead || host.onBlocking(this, on),
      onPong: () => this.#isDead || host.onPong(this),
      onHealth: (_worker, error) => this.#isDead || host.onHealth(this, error),
      onRecycle: (_worker, reason, heapBytes) => this.#isDead || host.onRecycle(this, reason, heapBytes),
      onExit: (_worker, exit) => this.#ended(exit, exit.guilty as Attempt<T> | undefined),
    };
  }

  #begin(attempt: Attempt<T>): void {
    if (attempt.isTold || (attempt.flags & FLAG_NOTIFY_START) === 0) return;
    attempt.isTold = true;
    this.#tell(attempt, (task) => this.#host.onStarted(this, task));
  }

  #completed(attempt: Attempt<T>, value: unknown): void {
    const { border } = this.#options;
    let crossed = value;
    try {
      if (border !== undefined && attempt.task !== undefined) crossed = border.value(value, 'result');
    } catch (error) {
      return this.#answer(attempt, (task) => this.#host.onFailed(this, task, error));
    }
    this.#answer(attempt, (task) => this.#host.onCompleted(this, task, crossed));
  }

  #yielded(attempt: Attempt<T>, value: unknown): void {
    try {
      const crossed = this.#options.border?.value(value, 'yield') ?? value;
      this.#tell(attempt, (task) => this.#host.onYield(this, task, crossed));
    } catch (error) {
      this.#worker.endStream(attempt);
      this.#answer(attempt, (task) => this.#host.onFailed(this, task, error));
    }
  }

  /** The outcome of an attempt: for the pool, unless it is lost or nobody waits for it. */
  #answer(attempt: Attempt<T>, tell: (task: T) => void): void {
    if (attempt.fault?.kind === 'drop') {
      attempt.isHere = true;
      return;
    }
    const { task } = attempt;
    if (task === undefined || this.#isDead) return;
    this.#forget(attempt);
    tell(task);
  }

  #tell(attempt: Attempt<T>, tell: (task: T) => void): void {
    if (attempt.task !== undefined && !this.#isDead) tell(attempt.task);
  }

  #forget(attempt: Attempt<T>): void {
    if (attempt.task !== undefined) this.#attempts.delete(attempt.task);
    attempt.task = undefined;
  }

  #ended(exit: WorkerExit, guilty: Attempt<T> | undefined): void {
    const isOutOfMemory = this.kind === 'thread' && guilty?.fault?.kind === 'oom';
    this.#exit({ ...exit, guilty: guilty?.task, ...(isOutOfMemory ? { error: outOfMemoryError() } : {}) });
  }

  #exit(exit: WorkerExit): void {
    if (this.#isDead) return;
    this.#isDead = true;
    for (const { timer } of this.#attempts.values()) timer?.cancel();
    this.#host.onExit(this, exit);
  }

  /** Never from within a call of the pool. */
  #later(fn: () => void): void {
    this.#options.clock.defer(() => {
      if (!this.#isDead) fn();
    });
  }
}

/** The functions that faults call are nobody else's business. */
function withoutFaults(info: WorkerReady): WorkerReady {
  return { ...info, functions: info.functions.filter(({ name }) => !name.startsWith(faultFunction(''))) };
}

/** As Node reports it of a thread. */
function outOfMemoryError(): Error {
  const error = new Error('Worker terminated due to reaching memory limit: JS heap out of memory');
  return Object.assign(error, { code: 'ERR_WORKER_OUT_OF_MEMORY' });
}
