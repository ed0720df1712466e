/**
 * A worker that computes nothing: it holds a task for as long as the task would take, first on the cores, then in the service behind. It keeps the
 * contract of `worker/worker.ts`, so that the pool in front of it is the one that ships.
 */
import type { Timer } from '../runtime/clock.js';
import { FLAG_NOTIFY_START, FLAG_URGENT } from '../transport/protocol.js';
import type { Worker, WorkerExit, WorkerHost, WorkerKind, WorkerOptions, WorkerTask } from '../worker/worker.js';
import type { SharedProcessor, Use } from './shared-processor.js';
import type { SimTask } from './sim-task.js';
import type { SimWorld } from './sim-world.js';
import type { SimulatedWorker } from './simulated-worker.js';

/** A worker that was told to stop, or to stop a task, needs this long, in ms. */
const STOP_MS = 1;
const PING_MS = 1;

interface Execution {
  /** `undefined` once it was abandoned. */
  task: WorkerTask | undefined;
  readonly sim: SimTask | undefined;
  readonly urgent: boolean;
  readonly token: object;
  begun: boolean;
  beganAt: number;
  use: Use | undefined;
  processor: SharedProcessor | undefined;
}

export class SimWorker implements Worker, SimulatedWorker {
  readonly id: string;
  readonly kind: WorkerKind;
  readonly prefetchMax = 1_024;
  slowness = 1;
  errorShare = 0;
  readonly #host: WorkerHost<WorkerTask>;
  readonly #world: SimWorld;
  readonly #concurrency: number;
  readonly #executions = new Map<WorkerTask, Execution>();
  readonly #abandoned = new Set<Execution>();
  readonly #unsent: WorkerTask[] = [];
  #startedAt = 0;
  #running = 0;
  #served = 0;
  #servedMs = 0;
  #servedSince = 0;
  #boot: { use: Use | undefined; timer: Timer | undefined } = { use: undefined, timer: undefined };
  #state: 'new' | 'starting' | 'ready' | 'dead' = 'new';

  constructor(kind: WorkerKind, options: WorkerOptions, host: WorkerHost<WorkerTask>, world: SimWorld) {
    this.id = options.id;
    this.kind = kind;
    this.#host = host;
    this.#world = world;
    this.#concurrency = options.concurrency;
  }

  get ready(): boolean {
    return this.#state === 'ready';
  }

  get running(): number {
    return this.#running;
  }

  start(): void {
    const world = this.#world;
    this.#state = 'starting';
    this.#startedAt = world.clock.now();
    world.workers.add(this);
    world.boots += 1;
    world.observer?.workersChanged();
    const bootMs = world.bootMs(world.random.boots);
    const fails = world.random.faults() < world.startFailureShare;
    const done = (): void => this.#booted(fails);
    const cpuMs = bootMs * world.bootCpuShare;
    const rest = (): void => {
      this.#boot = { use: undefined, timer: world.clock.setTimer(bootMs - cpuMs, done) };
    };
    this.#boot.use = world.cores.use(cpuMs, rest, false);
  }

  #booted(fails: boolean): void {
    this.#boot = { use: undefined, timer: undefined };
    if (fails) return this.#exit('start-failed', undefined);
    this.#state = 'ready';
    this.#world.observer?.workersChanged();
    this.#host.onReady(this, {
      functions: this.#world.functions.map((name) => ({ name, options: undefined })),
      hooks: { start: false, stop: false, healthCheck: false },
      pid: 1,
      threadId: this.kind === 'thread' ? 1 : 0,
      osThreadId: 0,
      bootMs: this.#world.clock.now() - this.#startedAt,
    });
  }

  dispatch(task: WorkerTask): void {
    this.#unsent.push(task);
    const sim = task.args[0] as SimTask | undefined;
    if (sim !== undefined) this.#world.observer?.taskDispatched(sim);
  }

  flush(): void {
    for (const task of this.#unsent.splice(0)) {
      const sim = task.args[0] as SimTask | undefined;
      this.#executions.set(task, {
        task,
        sim,
        urgent: (task.flags & FLAG_URGENT) !== 0,
        token: {},
        begun: false,
        beganAt: 0,
        use: undefined,
        processor: undefined,
      });
    }
    this.#begin();
  }

  linger(): void {}

  collect(): void {}

  credit(): void {}

  endStream(): void {}

  abandon(task: WorkerTask): object {
    const execution = this.#executions.get(task);
    if (execution === undefined) {
      // It was never flushed: nothing of it is in the worker but the place it was given.
      const token = {};
      const waiting = this.#unsent.indexOf(task);
      if (waiting !== -1) this.#unsent.splice(waiting, 1);
      this.#world.clock.setTimer(0, () => this.#state !== 'dead' && this.#host.onVacated(this, token));
      return token;
    }
    this.#executions.delete(task);
    execution.task = undefined;
    this.#abandoned.add(execution);
    this.#world.clock.setTimer(execution.begun ? STOP_MS : 0, () => this.#vacate(execution));
    return execution.token;
  }

  #vacate(execution: Execution): void {
    if (!this.#abandoned.delete(execution)) return;
    this.#leave(execution, false);
    this.#host.onVacated(this, execution.token);
    this.#begin();
  }

  revoke(task: WorkerTask): boolean {
    const waiting = this.#unsent.indexOf(task);
    if (waiting !== -1) this.#unsent.splice(waiting, 1);
    else if (this.#executions.get(task)?.begun !== false || !this.#executions.delete(task)) return false;
    this.#world.revoked += 1;
    return true;
  }

  status(): undefined {}

  serviceMs(): number {
    const count = this.#served - this.#servedSince;
    const meanMs = count === 0 ? NaN : this.#servedMs / count;
    this.#servedSince = this.#served;
    this.#servedMs = 0;
    return meanMs;
  }

  begun(task: WorkerTask): boolean {
    return this.#executions.get(task)?.begun ?? false;
  }

  ping(): void {
    this.#world.clock.setTimer(PING_MS, () => this.#state === 'ready' && this.#host.onPong(this));
  }

  checkHealth(): void {
    this.#world.clock.setTimer(PING_MS, () => this.#state === 'ready' && this.#host.onHealth(this, undefined));
  }

  *inFlight(): IterableIterator<WorkerTask> {
    yield* this.#executions.keys();
    yield* this.#unsent;
  }

  stop(): Promise<void> {
    return this.#end('stopped');
  }

  terminate(): Promise<void> {
    return this.#end('terminated');
  }

  crash(guilty?: WorkerTask): void {
    this.#exit('crashed', guilty);
  }

  /** Begins what it holds and has room for. */
  #begin(): void {
    if (this.#state !== 'ready') return;
    for (const execution of this.#executions.values()) {
      if (execution.begun) continue;
      if (this.#running >= this.#concurrency && !execution.urgent) return;
      this.#execute(execution);
    }
  }

  #execute(execution: Execution): void {
    const { sim, task } = execution;
    const world = this.#world;
    execution.begun = true;
    execution.beganAt = world.clock.now();
    this.#running += 1;
    if (task !== undefined && (task.flags & FLAG_NOTIFY_START) !== 0) this.#host.onStarted(this, task);
    if (sim === undefined) return void this.#useOf(execution, world.cores, 0, () => this.#finish(execution));
    sim.executions += 1;
    world.observer?.taskBegun(sim, this);
    const factor = this.slowness * this.#warmUp();
    const io = (): void => {
      if (sim.ioMs > 0) this.#useOf(execution, world.downstream, sim.ioMs * this.slowness, () => this.#finish(execution));
      else this.#finish(execution);
    };
    this.#useOf(execution, world.cores, world.dispatchMs + sim.cpuMs * factor, io);
  }

  #useOf(execution: Execution, processor: SharedProcessor, workMs: number, done: () => void): void {
    execution.processor = processor;
    execution.use = processor.use(workMs, done);
  }

  #warmUp(): number {
    const { warmUpFactor, warmUpTasks } = this.#world;
    return this.#served >= warmUpTasks ? 1 : warmUpFactor + (1 - warmUpFactor) * (this.#served / warmUpTasks);
  }

  #finish(execution: Execution): void {
    const { task, sim } = execution;
    execution.use = undefined;
    // Abandoned: its end was dropped, and its place is given back when the worker notices.
    if (task === undefined) return;
    if (sim?.poison === true) return this.#exit('crashed', task);
    this.#executions.delete(task);
    const failed = sim !== undefined && (sim.fails || (this.errorShare > 0 && this.#world.random.faults() < this.errorShare));
    this.#leave(execution, !failed);
    this.#served += 1;
    this.#servedMs += this.#world.clock.now() - execution.beganAt;
    if (failed) this.#host.onFailed(this, task, new Error('the task fails'));
    else this.#host.onCompleted(this, task, undefined);
    this.#begin();
  }

  /** Takes an execution off the cores and out of the books. */
  #leave(execution: Execution, completed: boolean): void {
    if (execution.use !== undefined) execution.processor?.leave(execution.use);
    execution.use = undefined;
    if (!execution.begun) return;
    this.#running -= 1;
    if (execution.sim === undefined) return;
    this.#world.observer?.taskEnded(execution.sim, this, completed);
  }

  /** Never within the call that asks for it. */
  #end(reason: 'stopped' | 'terminated'): Promise<void> {
    return new Promise((resolve) => {
      this.#world.clock.setTimer(STOP_MS, () => {
        this.#exit(reason, undefined);
        resolve();
      });
    });
  }

  #exit(reason: WorkerExit['reason'], guilty: WorkerTask | undefined): void {
    if (this.#state === 'dead') return;
    this.#state = 'dead';
    const world = this.#world;
    if (this.#boot.use !== undefined) world.cores.leave(this.#boot.use);
    this.#boot.timer?.cancel();
    for (const execution of [...this.#executions.values(), ...this.#abandoned]) this.#leave(execution, false);
    this.#abandoned.clear();
    world.workers.delete(this);
    world.observer?.workersChanged();
    const error = reason === 'start-failed' ? new Error('the start fails') : undefined;
    this.#host.onExit(this, { exitCode: reason === 'stopped' ? 0 : 1, exitSignal: null, error, guilty, abandoned: false, reason });
  }
}
