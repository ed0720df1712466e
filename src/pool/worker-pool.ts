/**
 * The pool: its parts put together, and the public methods.
 *
 *   submit -> Intake -> Scheduler (queue) -> Dispatcher -> Worker -> WorkerReplies -> Settlement -> the caller's promise
 *                            ^                   |                        |
 *                            '-- retry, requeue  '-- Scaling -> Fleet <---'          Cancellation, Shutdown: from anywhere to an outcome
 */
import { MillraceError, OptionError } from '../errors.js';
import { ownOptions, wholeNumber } from '../runtime/own-options.js';
import { parseDuration } from '../runtime/units.js';
import type { DeadLetterFilter } from '../queue/dead-letters.js';
import type { Task, TaskOptions } from '../task/types.js';
import { FLAG_RANGE_SHARE } from '../transport/protocol.js';
import { bundleTaskModule, mayBundle } from '../worker/prepare-module.js';
import type { WorkerFactory } from '../worker/worker.js';
import { broadcast } from './broadcast.js';
import { takeReplies } from './call-replies.js';
import { CallerRunner } from './caller-runner.js';
import { Cancellation } from './cancellation.js';
import { collectStats, describeWorkers } from './collect-stats.js';
import { PoolCore } from './core.js';
import { Dispatcher } from './dispatcher.js';
import { checkEventName } from './event-names.js';
import type { PoolEvents } from './events.js';
import { Fleet } from './fleet.js';
import { Inspection } from './inspection.js';
import type { StackOptions, WorkerInspector } from './inspection.js';
import { ForkedChildren } from './forked-children.js';
import { Hedging } from './hedging.js';
import { Intake } from './intake.js';
import { MAP_PLACES_MAX, mapInputs } from './map.js';
import type { Member } from './member.js';
import { sizeLimits } from './normalise-options.js';
import type { PoolSettings } from './normalise-options.js';
import type { CloseOptions, CloseReport, PoolSize } from './options.js';
import { OverloadControl } from './overload-control.js';
import type { DeadLetterQueue, MapOptions, RangeOptions, WorkerInfo } from './pool.js';
import { BROADCAST, DIRECT, HANDLE, PART } from './pool-task.js';
import type { PoolTask } from './pool-task.js';
import { PoolView } from './pool-view.js';
import { Prefetch } from './prefetch.js';
import { rangeSettings, runRange } from './range.js';
import { Scaling } from './scaling.js';
import { Settlement } from './settlement.js';
import { Shutdown } from './shutdown.js';
import { SignalWatch } from './signals.js';
import type { PoolStats } from './stats.js';
import type { GivenOptions } from './task-functions.js';
import { Supervision } from './supervision.js';
import { WorkerLimitsGuard } from './worker-limits.js';
import { Watchdog } from './watchdog.js';
import type { WorkerReplies } from './worker-replies.js';
import type { WorkerStack } from './worker-stack.js';

export class WorkerPool {
  readonly name: string;
  readonly kind: PoolSettings['kind'];
  readonly deadLetters: DeadLetterQueue;
  readonly #core: PoolCore;
  readonly #intake: Intake;
  readonly #fleet: Fleet;
  readonly #scaling: Scaling;
  readonly #cancellation: Cancellation;
  readonly #supervision: Supervision;
  readonly #dispatcher: Dispatcher;
  readonly #shutdown: Shutdown;
  readonly #overload: OverloadControl;

  /** `moduleUrl` may still be in the making (a TypeScript module that is being compiled). */
  constructor(settings: PoolSettings, moduleUrl: string | Promise<string>, factory: WorkerFactory<PoolTask>) {
    this.name = settings.name;
    this.kind = settings.kind;
    const core = new PoolCore(settings);
    const byKey = new Map<string, PoolTask>();
    const signals = new SignalWatch((task, reason) => this.#cancellation.cancel(task, reason, 'its signal aborted'));
    const settlement = new Settlement(core, signals, byKey);
    const fleet = new Fleet(core, settlement, factory, {
      sendDirect: (task, member) => this.#dispatcher.sendDirect(task, member),
      functionsLearned: (hasDefaults) => {
        this.#intake.functionsLearned(hasDefaults);
        supervision.observe();
      },
      failWaiting: (error) => this.#intake.failWaiting(error),
      alternative: (url, error) => (mayBundle(url, error) ? bundleTaskModule(url) : undefined),
      memberReady: (member, info) => {
        supervision.memberReady(member);
        limits.memberReady(member, info);
      },
      memberGone: (member) => {
        this.#cancellation.memberGone(member);
        supervision.memberGone(member);
        limits.memberGone(member);
        watchdog.memberGone(member);
      },
      recall: (member) => prefetch.recall(member),
    });
    const limits = new WorkerLimitsGuard(core, fleet);
    this.#core = core;
    this.#fleet = fleet;
    this.#cancellation = new Cancellation(core, settlement, fleet);
    core.hedges = new Hedging(core, settlement, this.#cancellation, fleet.members);
    this.#overload = new OverloadControl(core, settlement, fleet.members);
    const prefetch = new Prefetch(core, settlement, fleet.members);
    const supervision = new Supervision(core, fleet, {
      recall: (member) => prefetch.recall(member),
      refuseWaiting: (name) => this.#intake.refuseWaiting(name),
    });
    core.attempts = supervision;
    this.#supervision = supervision;
    const watchdog = new Watchdog(core, fleet, this.#cancellation, prefetch);
    this.#cancellation.onBlocked = (member) => watchdog.blocked(member);
    const replies = takeReplies(core, settlement, this.#cancellation, prefetch, supervision.health, fleet, watchdog);
    this.#scaling = new Scaling(core, fleet);
    this.#dispatcher = new Dispatcher(core, this.#cancellation, prefetch, {
      admitWaiting: () => this.#intake.admitWaiting(),
      gauge: () => this.#intake.gauge(),
      onBacklog: () => this.#onBacklog(),
      handedOut: () => watchdog.wake(),
      usedUp: (member) => fleet.members.has(member) && fleet.retire(member, 'tasks'), // callers run tasks in one that is not
    });
    const caller = new CallerRunner(core, settlement, this.#dispatcher, replies, moduleUrl);
    this.#intake = new Intake(core, settlement, this.#cancellation, signals, byKey, this.#overload, { caller, dispatcher: this.#dispatcher });
    replies.children = new ForkedChildren(core, this.#intake);
    this.#shutdown = new Shutdown(core, this.#cancellation, fleet, this.#scaling, caller);
    core.onCancel = (task, reason) => this.#cancellation.cancel(task, reason, 'cancel() was called');
    core.onFlush = this.#scaling.watching(() => this.#dispatcher.flush());
    this.deadLetters = this.#deadLetterQueue();
    this.#open(moduleUrl, replies);
  }

  run(name: string, ...args: unknown[]): Promise<unknown> {
    return this.#intake.now?.call(checkName(name), args) ?? this.#intake.submit(checkName(name), args, undefined, 0, this.run, false).result;
  }

  submit(name: string, args: readonly unknown[], options?: TaskOptions): Task {
    return this.#submit(name, args, options, this.submit);
  }

  map(name: string, inputs: Iterable<unknown> | AsyncIterable<unknown>, options?: MapOptions): AsyncIterableIterator<unknown> {
    return this.#map(name, inputs, options, undefined);
  }

  with(options: TaskOptions): PoolView {
    const given = this.#core.functions.check(options);
    return new PoolView({
      run: (name, args, above) => this.#intake.submit(checkName(name), args, given, 0, above, false).result,
      submit: (name, args, more, above) => this.#submit(name, args, { ...options, ...more }, above),
      map: (name, inputs, more) => this.#map(name, inputs, more, options),
      with: (more) => this.with({ ...options, ...more }),
    });
  }

  async broadcast(name: string, ...args: unknown[]): Promise<unknown[]> {
    checkName(name);
    const above = this.broadcast;
    await this.#core.holding(this.#fleet.opened());
    this.#assertOpen('broadcast');
    if (this.#core.degraded !== undefined) throw this.#core.degraded;
    const once = this.#core.functions.check({ retry: 1 });
    return broadcast(this.#fleet, (member) => {
      const task = this.#intake.create(name, args, once, DIRECT | BROADCAST, above);
      if (member.state === 'starting') member.pending.push(task);
      else this.#dispatcher.sendDirect(task, member);
      return task;
    });
  }

  async range(name: string, length: number, options?: RangeOptions, ...args: unknown[]): Promise<unknown> {
    const { chunk, signal, timeoutMs, reduce, task } = rangeSettings(options);
    const core = this.#core;
    const given = core.functions.check({ ...task, retry: 1, timeout: Infinity });
    const values = await runRange({
      name: checkName(name),
      args,
      plan: { length: wholeNumber('range: length', length, 0), chunk, shares: this.#fleet.limits.max },
      sharesMemory: this.kind === 'thread',
      signal,
      timeoutMs: timeoutMs ?? core.functions.of(name).timeoutMs,
      submit: (taskArgs, isShare) => this.#intake.submit(name, taskArgs, given, isShare ? PART | FLAG_RANGE_SHARE : PART, this.range, true),
      setAlarm: (afterMs, ring) => core.alarms.set(core.now() + afterMs, ring),
      cancelAlarm: (alarm) => core.alarms.cancel(alarm),
    });
    return reduce === undefined ? values : values.length === 0 ? undefined : values.reduce(reduce);
  }

  async addWorker(count = 1): Promise<void> {
    this.#assertOpen('addWorker');
    wholeNumber('addWorker: count', count, 1, 4_096);
    const fleet = this.#fleet;
    const from = fleet.wanted;
    const { min, max } = fleet.limits;
    const target = from + count;
    fleet.limits = { min: min === max ? target : min, max: Math.max(max, target) };
    const added = fleet.add(count);
    this.#scaled(from, `addWorker(${count})`);
    await this.#core.holding(this.#settled(added));
  }

  async removeWorker(count = 1): Promise<void> {
    this.#assertOpen('removeWorker');
    wholeNumber('removeWorker: count', count, 1, 4_096);
    const fleet = this.#fleet;
    const from = fleet.wanted;
    const { min, max } = fleet.limits;
    const target = Math.max(0, from - count);
    fleet.limits = { min: Math.min(min, target), max: min === max ? Math.max(1, target) : max };
    const leaving = fleet.remove(count);
    this.#scaled(from, `removeWorker(${count})`);
    this.#core.wake();
    await this.#core.holding(Promise.all(leaving.map((member) => member.exited.promise)));
  }

  resize(size: PoolSize): void {
    this.#assertOpen('resize');
    this.#fleet.limits = sizeLimits('resize', size, this.kind, this.#fleet.limits);
    this.#scaling.reconsider();
    this.#core.wake();
  }

  async recycleWorkers(): Promise<void> {
    this.#assertOpen('recycleWorkers');
    const old = [...this.#fleet.members].filter((member) => member.state === 'ready' || member.state === 'suspect');
    for (const member of old) this.#fleet.retire(member, 'manual');
    await this.#core.holding(Promise.all(old.map((member) => member.exited.promise)));
  }

  pause(): void {
    if (this.#core.paused || this.#core.phase !== 'open') return;
    this.#dispatcher.pause();
    if (this.#core.events.has('paused')) this.#core.events.emit('paused', { depth: this.#core.scheduler.depth });
  }

  resume(): void {
    if (!this.#core.paused) return;
    this.#core.paused = false;
    if (this.#core.events.has('resumed')) this.#core.events.emit('resumed', { depth: this.#core.scheduler.depth });
    this.#core.wake();
  }

  idle(): Promise<void> {
    return this.#core.whenIdle();
  }

  ready(): Promise<void> {
    return this.#core.holding(this.#fleet.ready());
  }

  drained(): Promise<void> {
    return this.#intake.drained();
  }

  get backpressure(): boolean {
    return this.#core.gauge.on;
  }

  get workers(): readonly WorkerInfo[] {
    return describeWorkers(this.#core, this.#fleet);
  }

  stats(): PoolStats {
    return collectStats(this.#core, this.#fleet, this.#supervision, this.#overload);
  }

  async dumpStacks(options?: StackOptions): Promise<WorkerStack[]> {
    return new Inspection(this.#core, this.#fleet.members).dumpStacks(options);
  }

  inspect(workerId: string): WorkerInspector {
    return new Inspection(this.#core, this.#fleet.members).of(workerId);
  }

  explain(): string {
    return this.#scaling.explain();
  }

  on<E extends keyof PoolEvents>(event: E, listener: (event: PoolEvents[E]) => void): this {
    this.#core.events.on(checkEventName(event), checkListener(listener));
    return this;
  }

  once<E extends keyof PoolEvents>(event: E, listener: (event: PoolEvents[E]) => void): this {
    this.#core.events.once(checkEventName(event), checkListener(listener));
    return this;
  }

  off<E extends keyof PoolEvents>(event: E, listener: (event: PoolEvents[E]) => void): this {
    this.#core.events.off(checkEventName(event), listener);
    return this;
  }

  async close(options?: CloseOptions): Promise<CloseReport> {
    const { timeout } = ownOptions<CloseOptions>('close', options, ['timeout']);
    return this.#shutdown.close(parseDuration('close: timeout', timeout ?? 30_000));
  }

  async terminate(): Promise<CloseReport> {
    return this.#shutdown.terminate();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #open(moduleUrl: string | Promise<string>, replies: WorkerReplies): void {
    const fleet = this.#fleet;
    if (typeof moduleUrl === 'string') this.#core.settings.clock.defer(() => fleet.open(moduleUrl, replies));
    else
      moduleUrl.then(
        (url) => fleet.open(url, replies),
        (error: Error) => fleet.cannotOpen(error),
      );
  }

  #onBacklog(): void {
    this.#scaling.onBacklog();
    this.#overload.onBacklog();
  }

  #submit(name: string, args: readonly unknown[], options: TaskOptions | undefined, above: (...args: never[]) => unknown): PoolTask {
    checkName(name);
    if (!Array.isArray(args)) throw new OptionError('submit: args', 'an array of the arguments', args, 'For a single argument write submit(name, [argument])');
    const given = options === undefined ? undefined : this.#core.functions.check(options);
    return this.#intake.submit(name, args, given, HANDLE, above, false);
  }

  #map(
    name: string,
    inputs: Iterable<unknown> | AsyncIterable<unknown>,
    options: MapOptions | undefined,
    base: TaskOptions | undefined,
  ): AsyncIterableIterator<unknown> {
    checkName(name);
    const { ordered, concurrency, onError, ...task } = ownMapOptions(options);
    const { settings } = this.#core;
    if (typeof ordered !== 'boolean') throw new OptionError('map: ordered', 'true or false', ordered);
    if (onError !== 'throw' && onError !== 'settle') throw new OptionError('map: onError', "'throw' or 'settle'", onError);
    const given: GivenOptions | undefined = base === undefined && Object.keys(task).length === 0 ? undefined : this.#core.functions.check({ ...base, ...task });
    return mapInputs(inputs, {
      ordered,
      onError,
      concurrency:
        concurrency === undefined
          ? 2 * this.#fleet.limits.max * Math.min(settings.concurrency, MAP_PLACES_MAX)
          : wholeNumber('map: concurrency', concurrency, 1),
      submit: (input) => this.#intake.submit(name, [input], given, 0, this.map, true),
    });
  }

  /** Resolves when the members are ready or have ended: all that there are, when the first had not been started. */
  async #settled(added: readonly Member[]): Promise<void> {
    await this.#fleet.opened();
    const waited = added.length > 0 ? added : [...this.#fleet.members];
    await Promise.all(waited.map((member) => member.settled.promise));
  }

  #scaled(from: number, reason: string): void {
    const to = this.#fleet.wanted;
    this.#scaling.keepWatching();
    if (from !== to && this.#core.events.has('scaled'))
      this.#core.events.emit('scaled', { from, to, cause: 'manual', policy: this.#core.settings.policy.name, reason });
  }

  #assertOpen(method: string): void {
    if (this.#core.phase !== 'open') throw new MillraceError('ERR_POOL_CLOSED', `${method}: pool ${this.name} is ${this.#core.phase}`);
  }

  #deadLetterQueue(): DeadLetterQueue {
    const { deadLetters } = this.#core;
    const replay = (filter?: DeadLetterFilter): readonly Task[] =>
      deadLetters
        .take(filter)
        .map((letter) => this.#submit(letter.name, letter.args, { priority: letter.priority, correlationId: letter.correlationId }, replay));
    return {
      get size() {
        return deadLetters.size;
      },
      get dropped() {
        return deadLetters.dropped;
      },
      list: (filter) => deadLetters.list(filter),
      purge: (filter) => deadLetters.purge(filter),
      replay,
    };
  }
}

/** On a null prototype: nothing comes from Object.prototype. */
function ownMapOptions(options: MapOptions | undefined): MapOptions {
  return Object.assign(Object.create(null) as MapOptions, { ordered: true, onError: 'throw' }, options);
}

function checkName(name: unknown): string {
  if (typeof name === 'string' && name !== '') return name;
  throw new OptionError('name', 'the name of a task function', name);
}

function checkListener<L>(listener: L): L {
  if (typeof listener === 'function') return listener;
  throw new OptionError('listener', 'a function', listener);
}
