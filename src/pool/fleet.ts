/**
 * The workers of a pool: started, replaced, recycled, drained and ended here; how many there should be is decided elsewhere and arrives as `wanted`.
 *
 *   wanted ---reconcile---> members: starting -> ready <-> suspect -> draining -> (exit)
 *
 * Replacement comes first wherever the old worker lives: a member that retires serves until a fresh one is ready. Starts that fail are repeated
 * with jittered backoff; when none can succeed the pool is degraded and says so.
 */
import { MillraceError } from '../errors.js';
import { deferred } from '../runtime/deferred.js';
import { restartDelayMs, RestartIntensity } from '../policy/restart-backoff.js';
import { ForkArea } from '../shared/fork-join/fork-area.js';
import { ForkSeats } from '../shared/fork-join/fork-seats.js';
import type { Worker, WorkerExit, WorkerFactory, WorkerReady } from '../worker/worker.js';
import type { Alarm } from './alarms.js';
import type { PoolCore } from './core.js';
import type { FleetHost, RecycleCause } from './fleet-host.js';
import { LostTasks } from './lost-tasks.js';
import { leastNeeded, Member, yetToCome } from './member.js';
import type { SizeLimits } from './normalise-options.js';
import type { PoolTask } from './pool-task.js';
import type { Settlement } from './settlement.js';
import { workerOptions } from './worker-options.js';
import type { PoolWorkerHost } from './worker-replies.js';

/** Failed starts in a row after which the pool is degraded, when the cause may pass. */
const START_FAILURES_MAX = 3;

/** Reasons to retire for which a member must not get another task. */
const MUST_STOP: ReadonlySet<RecycleCause> = new Set(['tasks', 'health', 'errors', 'slow']);

export class Fleet {
  readonly members: Set<Member> = new Set();
  limits: SizeLimits;
  /** How many workers there should be. */
  wanted: number;
  readonly #core: PoolCore;
  readonly #lostTasks: LostTasks;
  readonly #host: FleetHost;
  readonly #factory: WorkerFactory<PoolTask>;
  readonly #byWorker = new Map<Worker<PoolTask>, Member>();
  readonly #intensity = new RestartIntensity();
  readonly #onReady: (() => void)[] = [];
  readonly #opened = deferred<void>();
  /** Where threads run each other's forked children. */
  #forkSeats: ForkSeats | undefined;
  #moduleUrl: string | undefined;
  #replies: PoolWorkerHost | undefined;
  #ordinal = 0;
  #startFailures = 0;
  #restartAlarm: Alarm | undefined;

  constructor(core: PoolCore, settlement: Settlement, factory: WorkerFactory<PoolTask>, host: FleetHost) {
    this.#core = core;
    this.#lostTasks = new LostTasks(core, settlement);
    this.#factory = factory;
    this.#host = host;
    this.limits = core.settings.size;
    this.wanted = this.limits.min;
    core.placesToCome = () => (core.paused ? 0 : yetToCome(this.members, this.limits.max) * core.places);
  }

  /** The module is importable: workers may be started. */
  open(moduleUrl: string, replies: PoolWorkerHost): void {
    this.#moduleUrl = moduleUrl;
    this.#replies = replies;
    this.reconcile();
    this.#opened.resolve();
  }

  /** The module can never be imported. */
  cannotOpen(error: Error): void {
    this.#setDegraded(error);
    this.#opened.resolve();
  }

  /** Resolves when the first workers have been started, or never will be. */
  opened(): Promise<void> {
    return this.#opened.promise;
  }

  /** Members that count toward the size. */
  get size(): number {
    let size = 0;
    for (const member of this.members) if (member.counts) size += 1;
    return size;
  }

  memberOf(worker: Worker<PoolTask>): Member | undefined {
    return this.#byWorker.get(worker);
  }

  /** Resolves when a worker is ready; rejects when none can be started. A pool that has none, and wants none, starts one. */
  ready(): Promise<void> {
    for (const member of this.members) if (member.state === 'ready') return Promise.resolve();
    const refusal = this.#whyNotReady();
    if (refusal !== undefined) return Promise.reject(refusal);
    if (this.wanted === 0) this.add(1);
    return new Promise((resolve, reject) => {
      this.#onReady.push(() => {
        const error = this.#whyNotReady();
        if (error === undefined) resolve();
        else reject(error);
      });
    });
  }

  #whyNotReady(): Error | undefined {
    const { degraded, phase, settings } = this.#core;
    return degraded ?? (phase === 'closed' ? new MillraceError('ERR_POOL_CLOSED', `pool ${settings.name} was closed before a worker was ready`) : undefined);
  }

  /** Brings the number of workers to `wanted`. */
  reconcile(): void {
    if (this.#moduleUrl === undefined || this.#core.phase === 'closed' || (this.#core.phase === 'closing' && this.#core.open === 0)) return;
    let size = this.size;
    if (size < this.wanted && this.#restartAlarm === undefined) {
      for (; size < this.wanted; size += 1) this.#spawn();
    }
    for (; size > this.wanted; size -= 1) {
      const surplus = leastNeeded(this.members);
      if (surplus === undefined) break;
      void this.drain(surplus);
    }
    this.#relieve();
  }

  /** Starts `count` workers now, whatever the policy says. */
  add(count: number): Member[] {
    this.wanted += count;
    const before = new Set(this.members);
    this.#cancelBackoff();
    this.reconcile();
    return [...this.members].filter((member) => !before.has(member));
  }

  /** Drains the `count` members that are least needed. */
  remove(count: number): Member[] {
    const before = new Set(this.members);
    for (const member of before) if (member.state === 'draining' || member.state === 'dead') before.delete(member);
    this.wanted = Math.max(0, this.wanted - count);
    this.reconcile();
    return [...before].filter((member) => member.state === 'draining');
  }

  /** No more tasks for this member; it ends when what it has is answered. */
  drain(member: Member, recalls = true): Promise<void> {
    if (member.state === 'draining' || member.state === 'dead') return member.exited.promise;
    const wasServing = member.state === 'ready' || member.state === 'suspect';
    member.state = 'draining';
    if (wasServing) {
      this.#withdraw(member);
      if (recalls) this.#host.recall(member);
    }
    this.finishDrain(member);
    return member.exited.promise;
  }

  /** Ends a draining member whose last task has been answered. */
  finishDrain(member: Member): void {
    if (member.state !== 'draining' || member.inFlight > 0 || member.pending.length > 0) return;
    void member.worker.stop(this.#core.settings.stopTimeoutMs);
  }

  /** Replaces a member: a fresh worker is started, and the old one drains when it is ready. */
  retire(member: Member, cause: RecycleCause): void {
    if (member.retiring || (member.state !== 'ready' && member.state !== 'suspect')) return;
    member.retiring = true;
    const { events } = this.#core;
    if (events.has('workerRecycled')) events.emit('workerRecycled', { workerId: member.worker.id, kind: member.worker.kind, cause });
    if (this.#core.phase === 'open' && this.size < this.wanted) this.reconcile();
    // Over its tasks or unhealthy, it must not get another one; otherwise it serves until it is relieved.
    // What it was sent ahead is within its number of tasks.
    if (MUST_STOP.has(cause) || this.wanted === 0) void this.drain(member, cause !== 'tasks');
  }

  /** The member does not answer: no more tasks for it, and its replacement is started: now, or when it has been ended, which is about to happen. */
  suspect(member: Member, isEnding = false): void {
    if (member.state !== 'ready') return;
    member.state = 'suspect';
    this.#core.scheduler.setCredit(member, 0);
    this.#host.recall(member);
    if (!isEnding) this.reconcile();
  }

  /** Bounds the tasks the member may hold; what it was sent beyond that is given back. */
  capCredit(member: Member, credit: number): void {
    member.creditCap = credit;
    if (member.state !== 'ready') return;
    member.packing = 0;
    member.creditMax = Math.min(credit, this.#core.places);
    this.#core.scheduler.setCredit(member, member.creditMax);
    if (credit !== Infinity) this.#host.recall(member);
    this.#core.wake();
  }

  /** It has answered after all. Whoever is too many now leaves when idle. */
  trust(member: Member): void {
    if (member.state !== 'suspect') return;
    member.state = 'ready';
    member.packing = 0;
    member.creditMax = Math.min(member.creditCap, this.#core.places);
    this.#core.scheduler.setCredit(member, member.creditMax);
    this.reconcile();
    this.#core.wake();
  }

  /** Ends a member now, also one that has been asked to end; the tasks it was not to blame for are run elsewhere. */
  kill(member: Member): void {
    if (member.state === 'ready' || member.state === 'suspect') this.#withdraw(member);
    member.state = 'dead';
    void member.worker.terminate();
    this.reconcile();
  }

  onReady(worker: Worker<PoolTask>, info: WorkerReady): void {
    const member = this.#byWorker.get(worker);
    if (member === undefined || member.state === 'dead') return;
    const core = this.#core;
    if (!this.#learn(info, member)) return;
    this.#startFailures = 0;
    this.#setDegraded(undefined);
    member.info = info;
    member.readyAt = member.idleSince = core.now();
    if (member.state === 'draining') {
      this.finishDrain(member);
    } else {
      member.state = 'ready';
      member.creditMax = core.places;
      core.scheduler.addWorker(member, member.creditMax, member.readyAt);
      const { ageMsMax } = core.settings.recycle;
      if (ageMsMax !== Infinity) core.alarms.set(member.readyAt + ageMsMax, () => this.retire(member, 'age'));
      this.#host.memberReady(member, info);
      this.#relieve();
    }
    member.settled.resolve();
    if (core.events.has('workerReady')) {
      core.events.emit('workerReady', { workerId: worker.id, kind: worker.kind, pid: info.pid, threadId: info.threadId, bootMs: info.bootMs });
    }
    for (const task of member.pending.splice(0)) this.#host.sendDirect(task, member);
    for (const resolve of this.#onReady.splice(0)) resolve();
    core.wake();
  }

  onExit(worker: Worker<PoolTask>, exit: WorkerExit): void {
    const member = this.#byWorker.get(worker);
    if (member === undefined) return;
    const core = this.#core;
    const asked = member.state === 'draining' || member.state === 'dead';
    if (member.state === 'ready' || member.state === 'suspect') this.#withdraw(member);
    member.state = 'dead';
    this.members.delete(member);
    this.#byWorker.delete(worker);
    this.#host.memberGone(member);
    const lost = [...worker.inFlight(), ...member.pending.splice(0)];
    if (exit.reason === 'start-failed') this.#startFailed(exit);
    else if (!asked) this.#diedUnasked();
    if (core.events.has('workerExit')) {
      core.events.emit('workerExit', {
        workerId: worker.id,
        kind: worker.kind,
        reason: exit.reason,
        exitCode: exit.exitCode,
        exitSignal: exit.exitSignal,
        error: exit.error ?? member.endedFor,
        lostTasks: lost.length,
      });
    }
    core.inFlight -= member.inFlight;
    member.inFlight = 0;
    this.#lostTasks.settle(lost, member, exit);
    member.settled.resolve();
    member.exited.resolve();
    this.reconcile();
    core.wake();
  }

  /** Ends all members: by their `stop` hooks within `graceMs`, at once with 0. */
  async end(graceMs: number): Promise<void> {
    this.#cancelBackoff();
    const members = [...this.members];
    for (const member of members) {
      if (member.state === 'ready' || member.state === 'suspect') this.#withdraw(member);
      member.state = 'dead';
    }
    await Promise.all(members.map((member) => (graceMs === 0 ? member.worker.terminate() : member.worker.stop(graceMs))));
    for (const resolve of this.#onReady.splice(0)) resolve();
  }

  #spawn(): void {
    const core = this.#core;
    this.#ordinal += 1;
    if (core.settings.kind === 'thread') this.#forkSeats ??= new ForkSeats(ForkArea.create());
    const worker = this.#factory(
      { ...workerOptions(core.settings, core.idPrefix, this.#moduleUrl as string, `${core.settings.name}-${this.#ordinal}`), forkSeats: this.#forkSeats },
      this.#replies as PoolWorkerHost,
    );
    const member = new Member(worker, this.#ordinal, core.now());
    this.members.add(member);
    this.#byWorker.set(worker, member);
    if (core.events.has('workerStarting')) core.events.emit('workerStarting', { workerId: worker.id, kind: worker.kind });
    worker.start();
  }

  /** Takes in what the worker says of the module; a module whose declarations are wrong cannot be served. */
  #learn(info: WorkerReady, member: Member): boolean {
    const { functions } = this.#core;
    const first = !functions.learned;
    try {
      const hasDefaults = functions.learn(info.functions);
      if (first) this.#host.functionsLearned(hasDefaults);
      return true;
    } catch (error) {
      this.#startFailures += 1;
      this.#backOff(restartDelayMs(this.#startFailures + 1, this.#core.settings.random));
      this.#setDegraded(error as Error);
      this.kill(member);
      return false;
    }
  }

  /** Takes a serving member out of the scheduler; tasks bound to it go back to the queue. */
  #withdraw(member: Member): void {
    for (const task of this.#core.scheduler.removeWorker(member)) this.#core.scheduler.push(task);
    this.#core.wake();
  }

  /** Lets those that retire go as far as enough others are ready. */
  #relieve(): void {
    let serving = 0;
    for (const member of this.members) if (member.state === 'ready' || (member.retiring && member.state === 'suspect')) serving += 1;
    for (const member of this.members) {
      if (serving <= this.wanted) return;
      if (!member.retiring || (member.state !== 'ready' && member.state !== 'suspect')) continue;
      serving -= 1;
      void this.drain(member);
    }
  }

  #startFailed(exit: WorkerExit): void {
    this.#startFailures += 1;
    const error = exit.error ?? new MillraceError('ERR_WORKER_START', 'the worker ended before it was ready');
    if (this.#tryAlternative(error)) return;
    const serving = [...this.members].some((member) => member.state === 'ready' || member.state === 'suspect');
    const hopeless = error instanceof MillraceError && error.code !== 'ERR_WORKER_START';
    if (!serving && (hopeless || this.#startFailures >= START_FAILURES_MAX)) this.#setDegraded(error);
    this.#backOff(restartDelayMs(this.#startFailures + 1, this.#core.settings.random));
  }

  #tryAlternative(error: Error): boolean {
    const current = this.#moduleUrl;
    if (current === undefined) return true;
    const next = this.#host.alternative(current, error);
    if (next === undefined) return false;
    this.#moduleUrl = undefined;
    void this.#openWith(next);
    return true;
  }

  async #openWith(next: Promise<string>): Promise<void> {
    try {
      this.#moduleUrl = await next;
      this.reconcile();
    } catch (failure) {
      this.cannotOpen(failure as Error);
    }
  }

  #diedUnasked(): void {
    const core = this.#core;
    const now = core.now();
    this.#intensity.record(now);
    if (this.#intensity.exceeded(now, Math.max(1, this.wanted)))
      this.#backOff(restartDelayMs(this.#intensity.recent(now) - Math.max(3, this.wanted), core.settings.random));
  }

  #backOff(delayMs: number): void {
    if (delayMs === 0 || this.#restartAlarm !== undefined) return;
    this.#restartAlarm = this.#core.alarms.set(this.#core.now() + delayMs, () => {
      this.#restartAlarm = undefined;
      this.reconcile();
    });
  }

  #cancelBackoff(): void {
    if (this.#restartAlarm !== undefined) this.#core.alarms.cancel(this.#restartAlarm);
    this.#restartAlarm = undefined;
  }

  #setDegraded(error: Error | undefined): void {
    const core = this.#core;
    const before = core.degraded;
    core.degraded = error;
    if (error !== undefined) this.#host.failWaiting(error);
    if ((before === undefined) !== (error === undefined)) core.events.emit('degraded', { on: error !== undefined, error });
    if (error !== undefined) for (const resolve of this.#onReady.splice(0)) resolve();
  }
}
