/**
 * Takes workers out of service whose tasks fail when those of the others do not.
 *
 *   suspect    one task at a time; compared with what the others make of the same functions
 *   rested     no task at all for {@link REST_MS}: nobody else has done enough of the same to compare
 *   isolated   its replacement is started, it gets no more tasks, drains, and is ended
 *
 * The verdicts are those of `scheduler/supervisor/error-test.ts`; what follows from them is here. When more workers are to blame than may be isolated, the fault
 * is not the workers': the pool keeps them (panic) and says so.
 */
import { ErrorTests } from '../scheduler/supervisor/error-test.js';
import type { Finding, Verdict, WorkerTest } from '../scheduler/supervisor/error-test.js';
import { IsolationBudget } from '../scheduler/supervisor/isolation-budget.js';
import type { Alarm } from './alarms.js';
import type { PoolCore } from './core.js';
import type { IsolationCause } from './events.js';
import type { Member } from './member.js';

/** Longest rest of a suspect for want of proof, and how often it is looked at meanwhile. */
const REST_MS = 1_000;
const REST_LOOKS = 10;
/** Least time an isolated worker has to finish what it executes; or three times the 99th percentile of run times. */
const DRAIN_MS_MIN = 5_000;

/** What the isolation asks of the fleet. */
export interface IsolationHost {
  readonly members: ReadonlySet<Member>;
  readonly wanted: number;
  /** How many tasks the member may hold from now on; `Infinity` for as many as any other. */
  capCredit(member: Member, credit: number): void;
  /** Starts a replacement, then lets the member finish what it has. */
  retire(member: Member, cause: IsolationCause): void;
  kill(member: Member): void;
}

export class FailureIsolation {
  readonly #core: PoolCore;
  readonly #host: IsolationHost;
  readonly #errors = new ErrorTests();
  readonly #tests = new Map<Member, WorkerTest>();
  readonly #budget = new IsolationBudget();
  readonly #onPanic: (failing: readonly string[]) => void;
  #isolated = 0;
  #panicAlarm: Alarm | undefined;

  constructor(core: PoolCore, host: IsolationHost, onPanic: (failing: readonly string[]) => void) {
    this.#core = core;
    this.#host = host;
    this.#onPanic = onPanic;
  }

  /** Whether successes are to be told. */
  get watching(): boolean {
    return this.#errors.watching;
  }

  /** Workers isolated since the pool was made. */
  get isolated(): number {
    return this.#isolated;
  }

  /** Whether more workers fail than may be isolated. */
  get panic(): boolean {
    return this.#panicAlarm !== undefined;
  }

  errorRate(name: string): number | undefined {
    return this.#errors.errorRate(name);
  }

  succeeded(member: Member, name: string): void {
    const verdict = this.#tests.get(member)?.succeeded(name);
    if (verdict === 'trust') this.trust(member, 'errors');
  }

  failed(member: Member, name: string): void {
    if (member.state !== 'ready' || member.health === 'isolated') return;
    this.#act(member, this.#testOf(member).failed(name));
  }

  gone(member: Member): void {
    const test = this.#tests.get(member);
    if (test === undefined) return;
    this.#tests.delete(member);
    this.#errors.leave(test, member.health === 'isolated');
  }

  joined(member: Member): void {
    this.#testOf(member);
  }

  /** Takes a member out of service, if the budget allows it. */
  isolate(member: Member, cause: IsolationCause, finding: Finding | undefined): boolean {
    const core = this.#core;
    if (core.phase !== 'open' || this.#othersServing(member) === 0 || this.panic) return false;
    if (!this.#budget.take(core.now(), this.#host.wanted)) {
      this.#setPanic();
      return false;
    }
    this.#isolated += 1;
    member.health = 'isolated';
    if (core.events.has('workerIsolated')) core.events.emit('workerIsolated', { workerId: member.worker.id, kind: member.worker.kind, cause, ...finding });
    this.#host.capCredit(member, 0);
    this.#host.retire(member, cause);
    const limitMs = Math.max(DRAIN_MS_MIN, 3 * core.run.quantile(0.99));
    core.alarms.set(core.now() + limitMs, () => {
      if (this.#host.members.has(member) && member.worker.kind !== 'async') this.#host.kill(member);
    });
    return true;
  }

  /** Bounds what a member may hold to `credit` tasks until it is trusted again. Errors weigh more than slowness. */
  suspect(member: Member, cause: IsolationCause, credit: number, finding?: Finding): void {
    if (member.health === 'isolated' || member.suspicion === cause || member.suspicion === 'errors') return;
    member.health = 'suspect';
    member.suspicion = cause;
    this.#host.capCredit(member, credit);
    const { events } = this.#core;
    if (events.has('workerSuspected')) events.emit('workerSuspected', { workerId: member.worker.id, kind: member.worker.kind, cause, ...finding });
  }

  /** What it was suspected of has not been borne out. */
  trust(member: Member, cause: IsolationCause): void {
    if (member.health !== 'suspect' || member.suspicion !== cause) return;
    member.health = 'healthy';
    member.suspicion = undefined;
    this.#host.capCredit(member, Infinity);
    const { events } = this.#core;
    if (events.has('workerTrusted')) events.emit('workerTrusted', { workerId: member.worker.id, kind: member.worker.kind });
  }

  #testOf(member: Member): WorkerTest {
    let test = this.#tests.get(member);
    if (test === undefined) {
      test = this.#errors.join();
      this.#tests.set(member, test);
    }
    return test;
  }

  #act(member: Member, verdict: Verdict): void {
    if (verdict === 'none') return;
    if (verdict === 'trust') return this.trust(member, 'errors');
    if (this.#othersServing(member) === 0) return;
    this.suspect(member, 'errors', 1, this.#testOf(member).finding());
    if (verdict === 'unproven') this.#rest(member);
    else if (verdict === 'isolate') this.isolate(member, 'errors', this.#testOf(member).finding());
  }

  /** Lets the others do what this one would have done, until there is enough to compare or the time is up. */
  #rest(member: Member, looks = 0): void {
    if (looks === 0 && member.creditCap === 0) return;
    const core = this.#core;
    this.#host.capCredit(member, 0);
    core.alarms.set(core.now() + REST_MS / REST_LOOKS, () => {
      if (member.health !== 'suspect') return;
      // Its event loop is blocked: when it answers again it begins with one task.
      if (member.state !== 'ready') return this.#host.capCredit(member, 1);
      const verdict = this.#testOf(member).judge();
      if (verdict === 'unproven' && looks + 1 < REST_LOOKS) return this.#rest(member, looks + 1);
      this.#host.capCredit(member, 1);
      if (verdict !== 'unproven') this.#act(member, verdict);
    });
  }

  #othersServing(member: Member): number {
    let serving = 0;
    for (const each of this.#host.members) if (each !== member && each.state === 'ready' && each.suspicion !== 'errors') serving += 1;
    return serving;
  }

  #setPanic(): void {
    const core = this.#core;
    const until = this.#budget.freeAt(core.now());
    const suspects = [...this.#host.members].filter((member) => member.health === 'suspect').map((member) => member.worker.id);
    this.#panicAlarm = core.alarms.set(until, () => {
      this.#panicAlarm = undefined;
      if (core.events.has('panic')) core.events.emit('panic', { on: false, suspects: [] });
    });
    if (core.events.has('panic')) core.events.emit('panic', { on: true, suspects });
    this.#onPanic(this.#errors.failing());
  }
}
