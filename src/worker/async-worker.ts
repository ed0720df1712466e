/**
 * A worker on this process's event loop: functions are called directly, arguments and results pass by reference.
 *
 * A function is called within `dispatch`, in the asynchronous context that `dispatch` is called in. What it reports meanwhile waits in an outbox until
 * `flush` (or a microtask, should that come first), so the host is never called back from within `dispatch`; afterwards it is called directly.
 *
 * Nothing can end a function that does not end: `terminate` raises all signals and lets go.
 */
import { captureContext, runCaptured } from '../runtime/async-context.js';
import { systemClock } from '../runtime/clock.js';
import type { Clock, Timer } from '../runtime/clock.js';
import { deferred } from '../runtime/deferred.js';
import { CANCEL_BY_SHUTDOWN, CANCEL_NONE } from '../transport/protocol.js';
import type { CancelCode, LogLevel } from '../transport/protocol.js';
import type { Reporter } from './entry/execution.js';
import { Executor } from './entry/executor.js';
import { ForkJoin } from './entry/fork-join/fork-join.js';
import { functionInfos, hooksOf, loadModule } from './entry/load-module.js';
import type { TaskModule } from './entry/load-module.js';
import { checkModule, startModule } from './entry/module-hooks.js';
import { AbandonedAttempt, SlotTable } from './slot-table.js';
import { asError, hookError, startError } from './start-error.js';
import type { HostCalls, Worker, WorkerExit, WorkerHost, WorkerOptions, WorkerTask } from './worker.js';
import { setImmediate } from '../runtime/host-timers.js';

type Report = 'started' | 'completed' | 'failed' | 'stream' | 'yielded' | 'progress';

/** @param load finds the module; by its URL unless somebody has it already */
export function createAsyncWorker<T extends WorkerTask>(
  options: WorkerOptions,
  host: WorkerHost<T>,
  clock: Clock = systemClock,
  load: (moduleUrl: string) => Promise<TaskModule> = loadModule,
): Worker<T> {
  return new AsyncWorker(options, host, clock, load);
}

class AsyncWorker<T extends WorkerTask> implements Worker<T> {
  readonly id: string;
  readonly kind = 'async';
  readonly #options: WorkerOptions;
  readonly #host: WorkerHost<T>;
  readonly #clock: Clock;
  readonly #load: (moduleUrl: string) => Promise<TaskModule>;
  readonly #slots = new SlotTable<T>();
  readonly #executor: Executor;
  readonly hostCalls: HostCalls<T> = {
    find: (name) => this.#executor.find(name)?.call,
    takeOver: (task) => {
      this.#slots.add(task);
      return this.#executor.takeOver(task);
    },
    onLook: () => undefined,
  };
  readonly #dead = deferred<void>();
  /** Reports in order, three entries each: kind, slot, value. */
  #outbox: unknown[] = [];
  #dispatching = false;
  #delivering = false;
  #deliveryScheduled = false;
  #phase: 'new' | 'starting' | 'ready' | 'stopping' | 'dead' = 'new';
  #module: TaskModule | undefined;
  #timer: Timer | undefined;
  #graceTimer: Timer | undefined;
  #stopDueAt = Infinity;
  #stopHookCalled = false;

  constructor(options: WorkerOptions, host: WorkerHost<T>, clock: Clock, load: (moduleUrl: string) => Promise<TaskModule>) {
    this.id = options.id;
    this.#options = options;
    this.#host = host;
    this.#clock = clock;
    this.#load = load;
    const { id: workerId, taskIdPrefix, streamCredit } = options;
    const forks = new ForkJoin({ keepsContext: true });
    this.#executor = new Executor({ reporter: this.#reporter(), workerId, taskIdPrefix, streamCredit, forks, exclusive: false, captureCaller: keepCaller });
  }

  start(): void {
    if (this.#phase !== 'new') return;
    this.#phase = 'starting';
    const limitMs = this.#options.startTimeoutMs;
    this.#timer = this.#clock.setTimer(limitMs, () =>
      this.#die('start-failed', startError(this.id, `its module and start hook took longer than ${limitMs} ms (option startTimeout)`)),
    );
    void this.#boot();
  }

  dispatch(task: T, told?: () => void): void {
    this.#slots.add(task);
    if (this.#phase === 'dead') return;
    if (told !== undefined && !this.#stillHolds(task, told)) return;
    this.#dispatching = true;
    this.#executor.call(task, this.#executor.find(task.name));
    this.#dispatching = false;
    if (this.#outbox.length > 0) this.#scheduleDelivery();
  }

  /** A task that was let go of before its function was called has ended. */
  #stillHolds(task: T, told: () => void): boolean {
    const { slot } = task;
    told();
    if (this.#slots.get(slot) === task) return true;
    this.#outbox.push('completed', slot, undefined);
    this.#scheduleDelivery();
    return false;
  }

  flush(): void {
    this.#deliver();
  }

  linger(): void {}

  abandon(task: T, code: CancelCode): object {
    const { slot } = task;
    if (!this.#slots.holds(task)) return this.#slots.abandon(task);
    const cancel = this.#executor.detach(slot);
    // Later, because listeners of the signal are the user's code, and the host is in the middle of something.
    if (cancel !== undefined) this.#clock.defer(() => cancel(code));
    const token = this.#slots.abandon(task);
    if (this.#phase === 'stopping') this.#stopWhenEmpty();
    return token;
  }

  /** A task begins when it is dispatched. */
  readonly prefetchMax = 0;

  revoke(): boolean {
    return false;
  }

  collect(): void {
    this.#deliver();
  }

  status(): undefined {}

  serviceMs(): number {
    return NaN;
  }

  begun(): boolean {
    return true;
  }

  credit(task: T, count: number): void {
    if (this.#slots.holds(task)) this.#executor.credit(task.slot, count);
  }

  endStream(task: T): void {
    if (this.#slots.holds(task)) this.#executor.endStream(task.slot);
  }

  ping(): void {
    setImmediate(() => {
      if (this.#phase !== 'dead') this.#host.onPong(this);
    });
  }

  checkHealth(): void {
    void this.#checkHealth();
  }

  inFlight(): Iterable<T> {
    this.hostCalls.onLook();
    return this.#slots.tasks();
  }

  stop(graceMs: number): Promise<void> {
    if (this.#phase === 'new' || this.#phase === 'starting') this.#dieSoon('stopped');
    else if (this.#phase !== 'dead') {
      this.#phase = 'stopping';
      this.#terminateIn(graceMs);
      this.#stopWhenEmpty();
    }
    return this.#dead.promise;
  }

  terminate(): Promise<void> {
    if (this.#phase !== 'dead') this.#dieSoon('terminated');
    return this.#dead.promise;
  }

  async #boot(): Promise<void> {
    const startedAt = this.#clock.now();
    try {
      const module = await this.#load(this.#options.moduleUrl);
      if (this.#phase !== 'starting') return;
      const failure = await startModule(module, { workerId: this.id, kind: 'async', workerData: this.#options.runtime.workerData });
      if (failure !== undefined) return this.#die('start-failed', hookError(this.id, failure.phase, failure.error));
      await this.#onStarted(module, startedAt);
    } catch (error) {
      this.#die('start-failed', asError(error));
    }
  }

  #onStarted(module: TaskModule, startedAt: number): Promise<void> | undefined {
    // Stopped while its start hook ran: what that opened is closed again.
    if (this.#phase !== 'starting') return this.#runStopHook(module);
    this.#timer?.cancel();
    this.#phase = 'ready';
    this.#module = module;
    this.#executor.use(module);
    this.#host.onReady(this, {
      functions: functionInfos(module),
      hooks: hooksOf(module),
      pid: process.pid,
      threadId: 0,
      osThreadId: 0,
      bootMs: this.#clock.now() - startedAt,
    });
    return undefined;
  }

  // What executing tasks report.

  #reporter(): Reporter {
    return {
      started: (slot) => this.#report('started', slot, undefined),
      completed: (slot, value) => {
        if (this.#waits) this.#outbox.push('completed', slot, value);
        else if (this.#phase !== 'dead') this.#tellOutcome('completed', slot, value);
      },
      failed: (slot, error) => this.#report('failed', slot, error),
      stream: (slot) => this.#report('stream', slot, undefined),
      yielded: (slot, value) => this.#report('yielded', slot, value),
      progress: (slot, value) => this.#report('progress', slot, value),
      log: (slot, level, message, fields) => this.#log(slot, level, message, fields),
      // What blocks here blocks the pool as well: there is nobody to tell.
      blocking: () => undefined,
      barrier: () => undefined,
      cancelCode: () => CANCEL_NONE,
    };
  }

  #report(report: Report, slot: number, value: unknown): void {
    if (this.#waits) this.#outbox.push(report, slot, value);
    else this.#tell(report, slot, value);
  }

  /** Whether what is reported now has to stand in line. */
  get #waits(): boolean {
    return this.#dispatching || this.#delivering || this.#outbox.length > 0;
  }

  #scheduleDelivery(): void {
    if (this.#deliveryScheduled) return;
    this.#deliveryScheduled = true;
    this.#clock.defer(() => {
      this.#deliveryScheduled = false;
      this.#deliver();
    });
  }

  /** What is reported while the host is being told stands in line, so that the order of each task's reports is kept. */
  #deliver(): void {
    if (this.#delivering || this.#outbox.length === 0) return;
    this.#delivering = true;
    try {
      while (this.#outbox.length > 0) this.#deliverBatch();
    } finally {
      this.#delivering = false;
    }
  }

  #deliverBatch(): void {
    const reports = this.#outbox;
    this.#outbox = [];
    for (let at = 0; at < reports.length; at += 3) this.#tell(reports[at] as Report, reports[at + 1] as number, reports[at + 2]);
  }

  #tell(report: Report, slot: number, value: unknown): void {
    if (this.#phase === 'dead') return;
    if (report === 'completed' || report === 'failed') return this.#tellOutcome(report, slot, value);
    const task = this.#slots.get(slot);
    if (task === undefined) return;
    if (report === 'started') this.#host.onStarted(this, task);
    else if (report === 'stream') this.#host.onStream(this, task);
    else if (report === 'yielded') this.#host.onYield(this, task, value);
    else this.#host.onProgress(this, task, value);
  }

  #tellOutcome(report: 'completed' | 'failed', slot: number, value: unknown): void {
    const entry = this.#slots.release(slot);
    if (entry instanceof AbandonedAttempt) this.#host.onVacated(this, entry);
    else if (entry !== undefined && report === 'completed') this.#host.onCompleted(this, entry, value);
    else if (entry !== undefined) this.#host.onFailed(this, entry, value);
    if (this.#phase === 'stopping') this.#stopWhenEmpty();
  }

  /** Records are told within the call: they change nothing in the host. */
  #log(slot: number, level: LogLevel, message: string, fields: Record<string, unknown> | undefined): void {
    if (this.#phase !== 'dead') this.#host.onLog(this, this.#slots.get(slot), level, message, fields);
  }

  async #checkHealth(): Promise<void> {
    let unhealthy: Error | undefined;
    try {
      if (this.#module !== undefined) await checkModule(this.#module);
    } catch (error) {
      unhealthy = asError(error);
    }
    if (this.#phase !== 'dead') this.#host.onHealth(this, unhealthy);
  }

  // The end.

  #terminateIn(graceMs: number): void {
    const dueAt = this.#clock.now() + graceMs;
    if (dueAt >= this.#stopDueAt) return;
    this.#stopDueAt = dueAt;
    this.#timer?.cancel();
    this.#timer = this.#clock.setTimer(graceMs, () => this.#die('terminated', undefined));
  }

  /** Functions that were told to stop have their grace to do so. What they do after it nobody can prevent, and nobody waits for. */
  #stopWhenEmpty(): void {
    this.hostCalls.onLook();
    if (this.#stopHookCalled || this.#slots.holdsTasks) return;
    if (this.#slots.occupied === 0) return this.#stopNow();
    this.#graceTimer ??= this.#clock.setTimer(this.#options.cancelGraceMs, () => {
      this.#graceTimer = undefined;
      if (!this.#slots.holdsTasks) this.#stopNow();
    });
  }

  #stopNow(): void {
    this.#graceTimer?.cancel();
    if (this.#stopHookCalled || this.#phase === 'dead') return;
    this.#stopHookCalled = true;
    void this.#runStopHook(this.#module);
  }

  async #runStopHook(module: TaskModule | undefined): Promise<void> {
    let error: Error | undefined;
    try {
      await module?.worker.stop?.();
    } catch (thrown) {
      error = asError(thrown);
    }
    this.#die('stopped', error);
  }

  #dieSoon(reason: WorkerExit['reason']): void {
    this.#clock.defer(() => this.#die(reason, undefined));
  }

  #die(reason: WorkerExit['reason'], error: Error | undefined): void {
    if (this.#phase === 'dead') return;
    this.hostCalls.onLook();
    this.#phase = 'dead';
    this.#timer?.cancel();
    this.#graceTimer?.cancel();
    this.#outbox = [];
    this.#host.onExit(this, { reason, exitCode: null, exitSignal: null, error, guilty: undefined, abandoned: this.#slots.occupied > 0 });
    this.#dead.resolve();
    this.#clock.defer(() => this.#executor.cancelAll(CANCEL_BY_SHUTDOWN));
  }
}

/** For generators, whose later steps run when the reader wants them. */
function keepCaller(): <R>(fn: () => R) => R {
  const captured = captureContext();
  return (fn) => runCaptured(captured, fn);
}
