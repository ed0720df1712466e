/**
 * What the parts of a pool share: settings, time, queue, counters. The parts themselves (intake, dispatcher, settlement, cancellation, fleet) know this
 * and, of each other, only what their constructors ask for.
 */
import { LogHistogram } from '../collections/log-histogram.js';
import { RetryBudget } from '../policy/retry-budget.js';
import { BackpressureGauge } from '../queue/backpressure.js';
import { DeadLetters } from '../queue/dead-letters.js';
import { DelayQueue } from '../queue/delay-queue.js';
import { WaitingRoom } from '../queue/waiting-room.js';
import { NO_HEDGES } from './hedge-observer.js';
import type { HedgeObserver } from './hedge-observer.js';
import { KeepAlive } from '../runtime/keep-alive.js';
import { poolIdPrefix, taskId } from '../runtime/id.js';
import { Scheduler } from '../scheduler/scheduler.js';
import { Alarms } from './alarms.js';
import { NO_OBSERVER } from './attempt-observer.js';
import type { AttemptObserver } from './attempt-observer.js';
import { Emitter } from './emitter.js';
import { FunctionTimes } from './function-times.js';
import type { PoolEvents, TaskEvent } from './events.js';
import type { Member } from './member.js';
import type { PoolSettings } from './normalise-options.js';
import { TICKS_PER_MS } from './pool-task.js';
import type { PoolTask } from './pool-task.js';
import { TaskFunctions } from './task-functions.js';

/** Tasks queued after which free workers begin, though more are being submitted (P); a power of two. */
const RUSH = 32;

/** Where `concurrency: 'auto'` begins: low enough to do no harm, high enough to find its way within a second. */
const AUTO_PLACES_START: Readonly<Record<PoolSettings['kind'], number>> = { async: 16, thread: 4, process: 4 };

export type Phase = 'open' | 'closing' | 'closed';

export class PoolCore {
  readonly settings: PoolSettings;
  readonly events: Emitter<PoolEvents> = new Emitter();
  readonly functions: TaskFunctions;
  readonly scheduler: Scheduler<PoolTask, Member>;
  readonly delayed: DelayQueue<PoolTask> = new DelayQueue();
  readonly waiting: WaitingRoom<PoolTask> = new WaitingRoom();
  readonly deadLetters: DeadLetters;
  readonly gauge: BackpressureGauge;
  readonly alarms: Alarms;
  readonly retryBudget: RetryBudget = new RetryBudget();
  readonly wait: LogHistogram = new LogHistogram();
  readonly run: LogHistogram = new LogHistogram();
  readonly functionTimes: FunctionTimes = new FunctionTimes();
  readonly keepAlive: KeepAlive = new KeepAlive();
  readonly idPrefix: string;
  readonly counters = { submitted: 0, completed: 0, failed: 0, cancelled: 0, rejected: 0, retried: 0, requeued: 0, hedged: 0, hedgesWon: 0 };
  /** Cancels a task through its handle; bound when the pool is put together. */
  onCancel: (task: PoolTask, reason: unknown) => boolean = () => false;
  /** Places in workers that are being started or may still be, none while nothing is handed out; bound when the pool is put together. */
  placesToCome: () => number = () => 0;
  /** Hands out what was submitted before in this turn, of which there is much; bound when the pool is put together. */
  onRush: () => void = () => undefined;
  /** Takes in what has come, before a look at the queue; bound when the pool is put together. */
  onGather: () => void = () => undefined;
  /** Looks at the queue; bound when the pool is put together. */
  onFlush: () => void = () => undefined;
  /** Told how attempts end; bound when the pool is put together. */
  attempts: AttemptObserver = NO_OBSERVER;
  /** Whether successes are told too: somebody counts them. */
  observed = false;
  /** The error for a task that may not run now; `undefined` while all may. */
  guard: ((task: PoolTask) => Error | undefined) | undefined = undefined;
  /** Second attempts; bound when the pool is put together. */
  hedges: HedgeObserver = NO_HEDGES;
  /** Told how long each execution took. */
  readonly onRun: ((taskName: string, runMs: number) => void) | undefined;
  phase: Phase = 'open';
  paused = false;
  degraded: Error | undefined = undefined;
  /** The overload control is at work: nothing is attempted twice. */
  saturated = false;
  /** Tasks without an outcome. */
  open = 0;
  /** Tasks in the hands of workers. */
  inFlight = 0;
  /** Places in one worker: tasks it may have in flight at once. */
  places: number;
  /** Attempts that ran into their time limit. */
  timedOut = 0;
  /** Whether more tasks in flight bring no more throughput, as far as `concurrency: 'auto'` can tell. */
  limitReached = false;
  #flushScheduled = false;
  #turnScheduled = false;
  #entered = false;
  #turnMs = 0;
  #turnTicks = 0;
  readonly #onceIdle: (() => void)[] = [];

  constructor(settings: PoolSettings) {
    this.settings = settings;
    this.onRun = settings.watch?.ran;
    this.places = settings.autoConcurrency ? AUTO_PLACES_START[settings.kind] : settings.concurrency;
    const { queue } = settings;
    this.functions = new TaskFunctions(
      { ...settings.task, owner: { taskId: (sequence) => this.taskId(sequence), cancelTask: (task, reason) => this.onCancel(task as PoolTask, reason) } },
      queue.levels,
      settings.bulkheads,
      settings.watch?.learned,
    );
    this.scheduler = new Scheduler({ levels: queue.levels, placement: settings.placement, random: settings.random });
    this.deadLetters = new DeadLetters(settings.deadLettersMax);
    this.gauge = new BackpressureGauge({ max: queue.max, bytesMax: queue.bytesMax, highWaterMark: queue.highWaterMark, lowWaterMark: queue.lowWaterMark });
    this.alarms = new Alarms(settings.clock);
    this.idPrefix = poolIdPrefix(settings.random, Date.now());
  }

  /** Milliseconds of the pool's clock, whole, read once a turn: the time stamp of everything that happens in one batch. */
  stamp(): number {
    if (!this.#flushScheduled && !this.#entered) this.wake();
    return this.#turnMs;
  }

  /** The same in units of 10 µs, wrapping at 2^32: an integer, so that keeping it costs no allocation. */
  ticks(): number {
    if (!this.#flushScheduled && !this.#entered) this.wake();
    return this.#turnTicks;
  }

  /** Until `leave`, time is what the clock says now: for what happens at once, without a look at the queue to come. */
  enter(): void {
    if (this.#flushScheduled) return;
    this.readClock();
    this.#entered = true;
  }

  leave(): void {
    this.#entered = false;
  }

  /** The clock itself, for what must be exact. */
  now(): number {
    return this.settings.clock.now();
  }

  /** Sees to it that the queue is looked at once after the current synchronous code, however often it is called before. */
  wake(): void {
    if (this.#flushScheduled) return;
    this.#flushScheduled = true;
    this.readClock();
    this.settings.clock.defer(this.#flush);
  }

  /** Called before a task is queued: lets free workers begin, and takes in what others have done, where many were queued before it in this turn. */
  letBegin(): void {
    const { depth } = this.scheduler;
    if (depth === 0 || (depth & (RUSH - 1)) !== 0) return;
    // Some time has passed since the turn began, which is none that these tasks have waited.
    this.readClock();
    this.onRush();
  }

  /** Looks at the queue again after the event loop had a turn, if nothing makes it look before. */
  wakeNextTurn(): void {
    if (this.#turnScheduled) return;
    this.#turnScheduled = true;
    this.nextTurn(this.#turn);
  }

  /** Calls `fn` after the event loop had a turn. */
  nextTurn(fn: () => void): void {
    const { clock } = this.settings;
    if (clock.nextTurn === undefined) clock.defer(fn);
    else clock.nextTurn(fn);
  }

  taskId(sequence: number): string {
    return taskId(this.idPrefix, sequence);
  }

  taskEvent(task: PoolTask): TaskEvent {
    return { taskId: task.id, taskName: task.name, state: task.state, attempt: task.attempt, correlationId: task.correlationId };
  }

  /** A task has come into being. */
  opened(): void {
    this.open += 1;
    this.keepAlive.hold();
  }

  /** A task has its outcome. */
  closed(): void {
    this.open -= 1;
    this.keepAlive.release();
    if (this.open === 0) this.#becameIdle();
  }

  /** The same, while nobody listens to anything. */
  closedUnheard(): void {
    this.open -= 1;
    this.keepAlive.release();
    if (this.open === 0 && this.#onceIdle.length > 0) this.#becameIdle();
  }

  /** Keeps the process alive until `promise` has settled: somebody waits for it. */
  async holding<T>(promise: Promise<T>): Promise<T> {
    this.keepAlive.hold();
    try {
      return await promise;
    } finally {
      this.keepAlive.release();
    }
  }

  /** Resolves when no task is open. */
  whenIdle(): Promise<void> {
    if (this.open === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onceIdle.push(resolve);
    });
  }

  /** Reads the clock anew within a turn: what is stamped from here on is no older than what whoever asked stamps with it. */
  readClock(): number {
    const now = this.settings.clock.now();
    this.#turnMs = Math.floor(now);
    this.#turnTicks = Math.floor(now * TICKS_PER_MS) | 0;
    return now;
  }

  #becameIdle(): void {
    if (this.events.has('idle')) this.events.emit('idle', { completed: this.counters.completed });
    if (this.#onceIdle.length > 0) for (const resolve of this.#onceIdle.splice(0)) resolve();
  }

  readonly #turn = (): void => {
    this.#turnScheduled = false;
    this.wake();
  };

  readonly #flush = (): void => {
    this.onGather();
    this.#flushScheduled = false;
    this.onFlush();
  };
}
