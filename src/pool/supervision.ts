/**
 * What follows from how attempts and workers end: workers that are to blame are isolated, functions that are to blame are shut off, and health checks that fail or
 * never answer have their worker replaced.
 */
import { MillraceError, TaskTimeoutError, WorkerCrashedError } from '../errors.js';
import { CrashLoops } from '../scheduler/supervisor/crash-loops.js';
import type { Alarm } from './alarms.js';
import type { AttemptObserver } from './attempt-observer.js';
import { Breakers } from './breakers.js';
import type { PoolCore } from './core.js';
import { FailureIsolation } from './failure-isolation.js';
import type { IsolationHost } from './failure-isolation.js';
import type { RecycleCause } from './fleet-host.js';
import { HealthChecks } from './health-checks.js';
import type { Member } from './member.js';
import { DIRECT, PART, STREAMING } from './pool-task.js';
import type { PoolTask } from './pool-task.js';

import { SlowWorkers } from './slow-workers.js';
import { Suspects } from './suspects.js';

/** Errors of millrace that come out of an attempt and say nothing about the worker or the function. */
const NEUTRAL: ReadonlySet<string> = new Set(['ERR_TASK_CANCELLED', 'ERR_DEADLINE_EXCEEDED', 'ERR_UNKNOWN_FUNCTION', 'ERR_VALUE_NOT_CLONEABLE', 'ERR_OPTION']);
/** How long after the last death a loop that nobody is known to be guilty of counts as over. */
const LOOP_OVER_MS = 10_000;
/** Share of errors from which a function is shut off in a panic, if it has a breaker that counts errors. */
const PANIC_RATE = 0.1;

/** What the supervision asks of the fleet. */
export interface SupervisedFleet extends IsolationHost {
  retire(member: Member, cause: RecycleCause): void;
}

/** What the supervision asks of the rest of the pool. */
export interface SupervisionHost {
  /** Puts what the member was sent ahead back into the queue. */
  recall(member: Member): void;
  /** Refuses what waits of a function that has been shut off. */
  refuseWaiting(name: string): void;
}

export class Supervision implements AttemptObserver {
  readonly isolation: FailureIsolation;
  readonly breakers: Breakers;
  readonly health: HealthChecks;
  readonly #core: PoolCore;
  readonly #fleet: SupervisedFleet;
  readonly #host: SupervisionHost;
  readonly #slow: SlowWorkers | undefined;
  readonly #loops = new CrashLoops();
  readonly #suspects = new Suspects();
  /** Functions that are shut off because they end workers. */
  readonly #looping = new Set<string>();
  #unexplainedLoop: Alarm | undefined;

  constructor(core: PoolCore, fleet: SupervisedFleet, host: SupervisionHost) {
    this.#core = core;
    this.#fleet = fleet;
    this.#host = host;
    this.isolation = new FailureIsolation(core, fleet, (names) => this.#panic(names));
    // With affinity a worker has the keys it has, and some have more to do than others.
    this.#slow = core.settings.slowWorkers === 'ignore' || core.settings.placement.name === 'affinity' ? undefined : new SlowWorkers(core, this.isolation);
    this.breakers = new Breakers(core, { refuseWaiting: (name) => this.#shutOff(name), halfOpened: (name) => this.#letThrough(name) });
    this.health = new HealthChecks(core, (member) => fleet.retire(member, 'health'));
    this.observe();
  }

  /** Workers die too often. */
  get crashLooping(): boolean {
    return this.#looping.size > 0 || this.#unexplainedLoop !== undefined;
  }

  /** Looks anew whether successes are of interest. */
  observe(): void {
    this.#core.observed = this.isolation.watching || this.breakers.counting;
  }

  timed(task: PoolTask, member: Member, runMs: number): void {
    if ((task.marks & (DIRECT | STREAMING | PART)) !== 0) return;
    this.#core.functionTimes.add(task.name, runMs);
    this.#slow?.timed(member, task.name, runMs);
  }

  completed(task: PoolTask, member: Member): void {
    if ((task.marks & DIRECT) !== 0) return;
    if (this.isolation.watching) this.isolation.succeeded(member, task.name);
    if (this.breakers.counting) this.breakers.succeeded(task);
    this.observe();
  }

  failed(task: PoolTask, member: Member, error: unknown): void {
    if ((task.marks & DIRECT) !== 0 || !counts(error)) return;
    this.isolation.failed(member, task.name);
    if (this.breakers.counting) this.breakers.failed(task, error);
    this.observe();
  }

  crashed(blamed: readonly PoolTask[], error: Error): void {
    const names = killedFromOutside(error) ? [] : [...new Set(blamed.map((task) => task.name))];
    this.#suspects.died(this.#core.now());
    const guilty = this.#loops.record(this.#core.now(), names, this.#fleet.wanted);
    for (const task of blamed) this.breakers.failed(task, error);
    if (guilty !== undefined) this.#crashLoop(guilty, error);
    this.observe();
  }

  mayTryAgain(): boolean {
    return this.#suspects.hasRoom(this.#fleet.wanted);
  }

  holdMs(task: PoolTask): number {
    return this.#suspects.holdMs(task, this.#core.now(), this.#fleet.wanted);
  }

  memberReady(member: Member): void {
    this.isolation.joined(member);
    this.health.arm(member);
  }

  memberGone(member: Member): void {
    this.isolation.gone(member);
    this.#slow?.gone(member);
    this.health.gone(member);
  }

  #crashLoop(guilty: readonly string[], error: Error): void {
    const { functions } = this.#core;
    const shutOff = guilty.filter((name) => functions.of(name).breaker !== undefined);
    for (const name of shutOff) {
      this.#looping.add(name);
      if (this.breakers.trip(name, functions.of(name).breaker, 'crashes', error)) this.#core.events.emit('degraded', { on: true, error, taskName: name });
    }
    this.#loops.forgive(shutOff);
    if (shutOff.length === 0) this.#unexplained(error);
  }

  /** Workers die and no function can be shut off for it: fresh ones are started with growing pauses, and the pool says so. */
  #unexplained(error: Error): void {
    const { alarms, events } = this.#core;
    if (this.#unexplainedLoop === undefined) events.emit('degraded', { on: true, error });
    else alarms.cancel(this.#unexplainedLoop);
    this.#unexplainedLoop = alarms.set(this.#core.now() + LOOP_OVER_MS, () => {
      this.#unexplainedLoop = undefined;
      events.emit('degraded', { on: false, error: undefined });
    });
  }

  /** What was sent ahead comes back first, so that it is refused with the rest. */
  #shutOff(name: string): void {
    for (const member of this.#fleet.members) if (member.state === 'ready') this.#host.recall(member);
    this.#host.refuseWaiting(name);
  }

  #letThrough(name: string): void {
    if (this.#looping.delete(name)) this.#core.events.emit('degraded', { on: false, error: undefined, taskName: name });
  }

  /** More workers fail than may be isolated: functions that fail and have a breaker for it are shut off. */
  #panic(names: readonly string[]): void {
    for (const name of names) {
      const { breaker } = this.#core.functions.of(name);
      if (breaker === undefined || breaker.errorRate === Infinity || (this.isolation.errorRate(name) ?? 0) < PANIC_RATE) continue;
      this.breakers.trip(name, breaker, 'panic', undefined);
    }
  }
}

/** Whether an error speaks against the function or its worker: all that a function throws, and running into its timeout. */
function counts(error: unknown): boolean {
  if (error instanceof MillraceError) return error instanceof TaskTimeoutError ? error.code === 'ERR_TASK_TIMEOUT' : !NEUTRAL.has(error.code);
  return !(error instanceof Error && error.name === 'AbortError');
}

/** An operator or the kernel has ended the worker, for no reason that the pool knows: no function is shut off for that. */
function killedFromOutside(error: Error): boolean {
  return error instanceof WorkerCrashedError && error.cause === undefined && (error.exitSignal === 'SIGKILL' || error.exitSignal === 'SIGTERM');
}
