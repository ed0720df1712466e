/**
 * How a task comes in: refused, held back, delayed, overflowed, or queued. Every refusal is an outcome of the task (a rejected promise), never a throw,
 * and is decided before anything is serialised.
 */
import { MillraceError } from '../errors.js';
import { Admission, QUEUE_FULL } from '../queue/admission.js';
import type { AdmissionDecision, QueueLoad } from '../queue/admission.js';
import { bulkheadFullError, neverFitsError, queueFullError, taskShedError } from '../queue/refusal.js';
import type { Bulkhead } from '../queue/bulkhead.js';
import { estimateBytes } from '../queue/estimate-bytes.js';
import { captureContext } from '../runtime/async-context.js';
import { DELAYED, isTerminal } from '../task/lifecycle.js';
import type { OverloadStep } from '../errors.js';
import type { Cancellation } from './cancellation.js';
import type { PoolCore } from './core.js';
import type { OverloadControl } from './overload-control.js';
import { COUNTED, DIRECT, PoolTask, TRANSFERRED, WAITING } from './pool-task.js';
import { Nesting } from './nesting.js';
import { RunNow } from './run-now.js';
import type { NowDispatcher } from './run-now.js';
import type { Settlement } from './settlement.js';
import type { SignalWatch } from './signals.js';
import { refusalError, SubmitStacks } from './submit-stack.js';
import type { Above } from './submit-stack.js';
import type { GivenOptions } from './task-functions.js';
import type { TaskSettings } from './task-settings.js';

/** What the intake asks of the rest of the pool. */
export interface IntakeHost {
  /** Runs a task on this process's event loop, soon. */
  readonly caller: { run(task: PoolTask): void };
  readonly dispatcher: NowDispatcher;
}

type Obstacle = Exclude<OverloadStep, 'sojourn'>;

const WAIT: AdmissionDecision = { action: 'wait' };

export class Intake {
  readonly #core: PoolCore;
  readonly #settlement: Settlement;
  readonly #cancellation: Cancellation;
  readonly #signals: SignalWatch;
  readonly #byKey: Map<string, PoolTask>;
  readonly #overload: OverloadControl;
  readonly #host: IntakeHost;
  readonly #stacks: SubmitStacks;
  readonly #admission: Admission;
  readonly #load: QueueLoad;
  readonly #bounded: boolean;
  readonly #guarded: boolean;
  readonly #countsBytes: boolean;
  readonly #contextAlways: boolean;
  readonly #nesting: Nesting | undefined;
  readonly now: RunNow | undefined;
  readonly #drained: (() => void)[] = [];

  constructor(
    core: PoolCore,
    settlement: Settlement,
    cancellation: Cancellation,
    signals: SignalWatch,
    byKey: Map<string, PoolTask>,
    overload: OverloadControl,
    host: IntakeHost,
  ) {
    this.#core = core;
    this.#settlement = settlement;
    this.#cancellation = cancellation;
    this.#signals = signals;
    this.#byKey = byKey;
    this.#overload = overload;
    this.#host = host;
    const { queue } = core.settings;
    this.#admission = new Admission(queue);
    this.#load = { counts: core.scheduler.counts, delayed: core.delayed, waiting: core.waiting, placesToCome: () => core.placesToCome() };
    this.#stacks = new SubmitStacks(core.settings.submitStack);
    this.#countsBytes = queue.bytesMax !== Infinity || queue.levels.some((level) => level.bytesMax !== Infinity);
    this.#bounded = this.#countsBytes || queue.max !== Infinity || queue.levels.some((level) => level.max !== Infinity);
    this.#guarded = this.#bounded || overload.guards;
    const isHere = core.settings.kind === 'async';
    this.#nesting = isHere ? new Nesting(core) : undefined;
    if (RunNow.serves(core, overload)) this.now = new RunNow(core, this.#make.bind(this), host.dispatcher, this.#stacks);
    this.#contextAlways = isHere || queue.whenFull === 'caller-runs';
  }

  /**
   * Makes a task and takes it in. `above` is the public method called, where the recorded stack begins. `mayWait` holds the task back
   * when the queue is full, whatever the policy: for callers that feed at the pool's pace.
   */
  submit(name: string, args: readonly unknown[], given: GivenOptions | undefined, flags: number, above: Above, mayWait: boolean): PoolTask {
    if (given?.idempotencyKey !== undefined) {
      const existing = this.#byKey.get(given.idempotencyKey);
      if (existing !== undefined) return existing;
    }
    const called = given === undefined && flags === 0 ? this.now?.tryCall(name, args, above) : undefined;
    if (called !== undefined) return called;
    const core = this.#core;
    const task = this.create(name, args, given, flags, above);
    const refusal = this.#refusal(name, given) ?? core.guard?.(task);
    if (refusal !== undefined) {
      if (given?.signal?.aborted === true && core.phase === 'open') this.#settlement.cancel(task, given.signal.reason, 'its signal had already aborted');
      else this.#settlement.reject(task, refusal, false);
      return task;
    }
    if (task.settings.bulkhead !== undefined && !this.#enterBulkhead(task, mayWait)) return task;
    if (given !== undefined && given.delayMs > 0) this.#delay(task, given.delayMs);
    else if (this.#guarded && (task.marks & DIRECT) === 0) this.#admit(task, mayWait);
    else this.#enqueue(task);
    if (task.isComplete()) return task;
    core.retryBudget.onFirstAttempt(core.stamp());
    if (core.events.has('submitted')) core.events.emit('submitted', core.taskEvent(task));
    return task;
  }

  /** Makes a task that is open but stands nowhere yet. */
  create(name: string, args: readonly unknown[], given: GivenOptions | undefined, flags: number, above: Above): PoolTask {
    const core = this.#core;
    const settings = given === undefined ? core.functions.of(name) : core.functions.with(name, given);
    const task = this.#make(name, args, settings, above);
    task.marks = flags;
    if (given !== undefined) this.#takeOptions(task, given);
    if (this.#contextAlways || settings.retry.retryIf !== undefined || typeof settings.retry.backoff === 'function') this.#takeContext(task);
    if (settings.deadlineMs !== Infinity) this.#cancellation.setDeadline(task, settings.deadlineMs);
    if (this.#countsBytes) task.ensureExtra().bytes = estimateBytes(args);
    return task;
  }

  /** Gives tasks that came before the functions were known the defaults and the refusals they would get now. */
  functionsLearned(hasDefaults: boolean): void {
    const core = this.#core;
    for (const task of [...core.scheduler, ...core.delayed, ...core.waiting]) {
      const unknown = core.functions.unknown(task.name);
      if (unknown !== undefined) {
        this.#remove(task);
        this.#settlement.fail(task, unknown, undefined);
      } else if (hasDefaults) this.#refresh(task);
    }
  }

  /** Refuses what waits of one function; what is delayed is looked at when it is due. */
  refuseWaiting(name: string): void {
    const core = this.#core;
    for (const task of [...core.scheduler, ...core.waiting]) {
      if (task.name !== name) continue;
      const refusal = core.guard?.(task);
      if (refusal === undefined) continue;
      this.#remove(task);
      this.#settlement.reject(task, refusal, true);
    }
  }

  /** Fails everything that waits: no worker can be started. */
  failWaiting(error: Error): void {
    const core = this.#core;
    for (const task of [...core.scheduler, ...core.delayed, ...core.waiting]) {
      this.#remove(task);
      this.#settlement.fail(task, error, undefined);
    }
  }

  /** Lets tasks in that were held back, as far as there is room. Called before each hand-out and after it. */
  admitWaiting(): void {
    const core = this.#core;
    if (core.waiting.size === 0) return;
    for (let task = core.waiting.shift(this.#roomFor); task !== undefined; task = core.waiting.shift(this.#roomFor)) {
      task.marks &= ~WAITING;
      this.#overload.inflow += 1;
      this.#enqueue(task);
    }
  }

  /** Tells the gauge where the queue stands. */
  gauge(): void {
    const core = this.#core;
    if (!this.#bounded) return;
    const depth = core.scheduler.depth;
    const { bytes } = core.scheduler.counts;
    const change = core.gauge.update(depth + core.waiting.size, bytes);
    if (change === undefined) return;
    if (core.events.has('backpressure')) core.events.emit('backpressure', { on: change === 'on', depth, bytes, retryAfterMs: this.#retryAfterMs() });
    if (change === 'off') for (const resolve of this.#drained.splice(0)) resolve();
  }

  /** Resolves when the queue is below its low-water mark. */
  drained(): Promise<void> {
    if (!this.#core.gauge.on) return Promise.resolve();
    return new Promise((resolve) => {
      this.#drained.push(resolve);
    });
  }

  #make(name: string, args: readonly unknown[], settings: TaskSettings, above: Above): PoolTask {
    const core = this.#core;
    const now = core.stamp();
    core.counters.submitted += 1;
    const task = new PoolTask(name, args, settings, core.counters.submitted, now);
    core.opened();
    const submitStack = this.#stacks.record(now, above);
    if (submitStack !== undefined) task.ensureExtra().submitStack = submitStack;
    this.#nesting?.created(task);
    return task;
  }

  #refusal(name: string, given: GivenOptions | undefined): Error | undefined {
    const core = this.#core;
    if (core.phase !== 'open')
      return new MillraceError(
        'ERR_POOL_CLOSED',
        `pool ${core.settings.name} is ${core.phase === 'closing' ? 'closing' : 'closed'} and takes no more tasks (${name})`,
      );
    if (core.degraded !== undefined) return core.degraded;
    const unknown = core.functions.unknown(name);
    if (unknown !== undefined) return unknown;
    return given?.signal?.aborted === true ? new MillraceError('ERR_TASK_CANCELLED', 'the signal had already aborted') : undefined;
  }

  /** Counts the task where its bulkhead bounds what may wait; refuses it when there is no place. Callers that feed at the pool's pace are not refused. */
  #enterBulkhead(task: PoolTask, mayWait: boolean): boolean {
    const bulkhead = task.settings.bulkhead as Bulkhead;
    if (bulkhead.queuedMax === Infinity) return true;
    if (bulkhead.isOverfull && !mayWait) {
      const error = refusalError(isRecorded(task), () => bulkheadFullError(task.name, bulkhead, this.#meanRunMs()));
      this.#settlement.reject(task, error, false);
      return false;
    }
    bulkhead.open += 1;
    task.marks |= COUNTED;
    return true;
  }

  #takeOptions(task: PoolTask, given: GivenOptions): void {
    const extra = task.ensureExtra();
    extra.given = given;
    extra.transfer = given.transfer;
    if (given.transfer !== undefined && given.transfer.length > 0 && this.#core.settings.kind === 'thread') task.marks |= TRANSFERRED;
    extra.correlationId = given.correlationId;
    extra.affinityKey = given.affinityKey;
    if (given.idempotencyKey !== undefined) {
      extra.idempotencyKey = given.idempotencyKey;
      this.#byKey.set(given.idempotencyKey, task);
    }
    if (given.signal !== undefined && !given.signal.aborted) {
      extra.signal = given.signal;
      this.#signals.add(given.signal, task);
    }
  }

  #takeContext(task: PoolTask): void {
    const context = captureContext();
    if (context !== undefined) task.ensureExtra().inCallerContext = context;
  }

  #delay(task: PoolTask, delayMs: number): void {
    const core = this.#core;
    if (this.#bounded && (core.settings.queue.max < 1 || this.#admission.roomFor(task, this.#load) < 0)) {
      return this.#refuse(task, core.settings.queue.whenFull === 'dead-letter', this.#admission.neverFits(task));
    }
    task.stateCode = DELAYED;
    this.#settlement.delay(task, core.now() + delayMs);
  }

  #enqueue(task: PoolTask): void {
    const core = this.#core;
    core.letBegin();
    core.scheduler.push(task);
    core.wake();
    if (this.#bounded) this.gauge();
  }

  #admit(task: PoolTask, mayWait: boolean): void {
    const core = this.#core;
    const obstacle = this.#overload.guards ? this.#obstacle(task) : undefined;
    if (obstacle !== undefined) return this.#turnAway(task, obstacle, mayWait);
    this.#overload.inflow += 1;
    let decision = this.#decide(task, mayWait);
    if (decision.action !== 'admit' && this.#handOutFirst()) {
      if (core.scheduler.depth === 0 && core.scheduler.hasCredit) return this.#enqueue(task);
      decision = this.#decide(task, mayWait);
    }
    while (decision.action === 'evict') {
      this.#evict(decision.level, decision.end);
      decision = this.#decide(task, mayWait);
    }
    switch (decision.action) {
      case 'admit':
        task.level = decision.level;
        return this.#enqueue(task);
      case 'wait':
        return this.#wait(task);
      case 'caller-runs':
        return this.#host.caller.run(task);
      default:
        this.#refuse(task, decision.action === 'dead-letter', decision.action === 'refuse' && decision.neverFits);
    }
  }

  /** What the overload control has against the task, after what came before it in this turn was handed out. */
  #obstacle(task: PoolTask): Obstacle | undefined {
    this.#overload.arrived(task);
    const obstacle = this.#overload.obstacle(task);
    return obstacle !== undefined && this.#handOutFirst() ? this.#overload.obstacle(task) : obstacle;
  }

  /** As for a full queue, but nothing is evicted: what was admitted was admitted because it would be done in time. */
  #turnAway(task: PoolTask, obstacle: Obstacle, mayWait: boolean): void {
    const { whenFull } = this.#core.settings.queue;
    if (mayWait || whenFull === 'wait') return this.#wait(task);
    if (whenFull === 'caller-runs' && obstacle !== 'memory') return this.#host.caller.run(task);
    const error = refusalError(isRecorded(task), () => this.#overload.refusal(task, obstacle));
    this.#settlement.reject(task, error, false, whenFull === 'dead-letter' ? 'overload' : undefined);
  }

  /** Hands out what was submitted before in this turn, if there are workers for it: then there may be room, or one of them free for this task. */
  #handOutFirst(): boolean {
    const core = this.#core;
    if (core.paused || !core.scheduler.hasCredit) return false;
    core.onFlush();
    return true;
  }

  /** A caller that may wait waits, whatever the policy, rather than be refused or have others evicted. */
  #decide(task: PoolTask, mayWait: boolean): AdmissionDecision {
    if (mayWait && (this.#core.waiting.size > 0 || this.#admission.roomFor(task, this.#load) < 0) && !this.#admission.neverFits(task)) return WAIT;
    return this.#admission.decide(task, this.#load);
  }

  #wait(task: PoolTask): void {
    task.marks |= WAITING;
    this.#core.waiting.add(task);
    this.#core.wake();
    this.gauge();
  }

  #refuse(task: PoolTask, deadLetter: boolean, neverFits: boolean): void {
    const { queue } = this.#core.settings;
    const error = refusalError(isRecorded(task), () =>
      neverFits ? neverFitsError(task.name, queue, task.bytes) : queueFullError(task.name, queue, this.#load, this.#retryAfterMs()),
    );
    this.#settlement.reject(task, error, false, deadLetter ? 'queue-full' : undefined);
  }

  #evict(level: number, end: 'oldest' | 'newest'): void {
    const { scheduler, settings } = this.#core;
    const victim = (end === 'oldest' ? scheduler.oldestOf(level) : scheduler.newestOf(level)) as PoolTask;
    scheduler.remove(victim);
    const error = refusalError(isRecorded(victim), () => taskShedError(victim.name, settings.queue, this.#retryAfterMs()));
    this.#settlement.reject(victim, error, true);
  }

  /** The level at which a task that waits may enter: also one without room in it, when it is handed out at once. */
  readonly #roomFor = (task: PoolTask): number => {
    const { scheduler, paused } = this.#core;
    if (this.#overload.guards && this.#overload.obstacle(task) !== undefined) return QUEUE_FULL;
    const level = this.#admission.roomFor(task, this.#load);
    return level < 0 && !paused && scheduler.depth === 0 && scheduler.hasCredit ? task.level : level;
  };

  #retryAfterMs(): number {
    return this.#overload.forecast.retryAfterMs();
  }

  #meanRunMs(): number {
    const { run } = this.#core;
    return run.count === 0 ? 10 : run.mean;
  }

  #remove(task: PoolTask): void {
    const core = this.#core;
    if (task.stateCode === DELAYED) core.delayed.remove(task);
    else if ((task.marks & WAITING) !== 0) core.waiting.remove(task);
    else core.scheduler.remove(task);
  }

  #refresh(task: PoolTask): void {
    if (isTerminal(task.stateCode)) return;
    const core = this.#core;
    const given = task.extra?.given;
    const settings: TaskSettings = given === undefined ? core.functions.of(task.name) : core.functions.with(task.name, given);
    const before = task.settings;
    if (settings === before) return;
    task.settings = settings;
    if (settings.deadlineMs !== before.deadlineMs && before.deadlineMs === Infinity)
      this.#cancellation.setDeadline(task, settings.deadlineMs, task.submittedAt);
    if (settings.level === before.level || task.stateCode === DELAYED || (task.marks & WAITING) !== 0) {
      task.level = settings.level === before.level ? task.level : settings.level;
      return;
    }
    core.scheduler.remove(task);
    task.level = settings.level;
    core.scheduler.push(task);
  }
}

function isRecorded(task: PoolTask): boolean {
  return task.extra?.submitStack !== undefined;
}
