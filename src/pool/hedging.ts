/**
 * A second attempt for tasks that take unusually long, on another worker; the first answer wins and the other attempt is told to stop.
 *
 *     primary   DISPATCHED ---------------------------------------> answered: the shadow is cancelled
 *                    | after p95: budget? a free worker? no queue?
 *     shadow         '--> pinned to another worker --> completed: the primary is let go, and completed with this value
 *                                                  --> anything else: forgotten, the primary goes on
 *
 * The shadow is a task of the pool's own with the id, arguments and correlation id of the primary. It counts as no task, settles no promise and is never
 * retried. It exists only while the primary is in the hands of a worker: whatever takes the primary away from there ends the race. So the primary is settled
 * by whoever comes first, in the one place where tasks are settled, and by nobody else.
 *
 * Nothing is hedged while tasks wait or the pool is saturated: a second attempt must only ever take what would have been idle.
 */
import { HedgeDelay } from '../policy/hedge.js';
import type { HedgePlan } from '../policy/hedge.js';
import { RetryBudget } from '../policy/retry-budget.js';
import { isInFlight, isTerminal } from '../task/lifecycle.js';
import type { Alarm } from './alarms.js';
import type { Cancellation } from './cancellation.js';
import type { PoolCore } from './core.js';
import type { HedgeObserver } from './hedge-observer.js';
import type { Member } from './member.js';
import { BROADCAST, DIRECT, HEDGE, PART, PoolTask, PROBE, STREAMING, TRANSFERRED } from './pool-task.js';
import type { Settlement } from './settlement.js';

/** Tasks that cannot be run twice, or whose place in the pool is not that of any task. */
const NEVER_HEDGED = HEDGE | DIRECT | BROADCAST | PART | PROBE | STREAMING | TRANSFERRED;
/** Second attempts allowed a second whatever the first attempts, averaged over 10 s. */
const FLOOR_PER_S = 0.1;

/** One task that may get a second attempt, or has. */
interface Race {
  readonly primary: PoolTask;
  readonly startedAt: number;
  alarm: Alarm | undefined;
  shadow: PoolTask | undefined;
}

export class Hedging implements HedgeObserver {
  readonly #core: PoolCore;
  readonly #settlement: Settlement;
  readonly #cancellation: Cancellation;
  readonly #members: ReadonlySet<Member>;
  /** A first attempt puts in as many tokens as its plan allows it second ones. */
  readonly #budget: RetryBudget = new RetryBudget(1, FLOOR_PER_S);
  readonly #delays: Map<string, HedgeDelay> = new Map();

  constructor(core: PoolCore, settlement: Settlement, cancellation: Cancellation, members: ReadonlySet<Member>) {
    this.#core = core;
    this.#settlement = settlement;
    this.#cancellation = cancellation;
    this.#members = members;
  }

  /** A task with a plan was handed over. */
  begin(task: PoolTask, plan: HedgePlan): void {
    const extra = task.ensureExtra();
    // Bulkheads and affinity say where a task may run, and how many of them.
    if ((task.marks & NEVER_HEDGED) !== 0 || task.settings.bulkhead !== undefined || extra.affinityKey !== undefined) return;
    const startedAt = this.#core.now();
    if (task.attempt === 1) this.#budget.onFirstAttempt(startedAt, plan.budget);
    const race: Race = { primary: task, startedAt, alarm: undefined, shadow: undefined };
    const afterMs = plan.afterMs ?? this.#delayOf(task.name).ms;
    if (!Number.isNaN(afterMs)) race.alarm = this.#core.alarms.set(startedAt + afterMs, () => this.#hedge(race));
    extra.race = race;
  }

  /** The primary, or the shadow, is no longer in the hands of its worker. `answered`: its time counts. */
  end(task: PoolTask, answered: boolean): void {
    const race = raceOf(task);
    if (race === undefined) return;
    task.ensureExtra().race = undefined;
    const { primary, shadow } = race;
    if (task !== primary) {
      race.shadow = undefined;
      return;
    }
    if (race.alarm !== undefined) this.#core.alarms.cancel(race.alarm);
    if (answered) this.#delayOf(primary.name).record(this.#core.now() - race.startedAt);
    if (shadow !== undefined) this.#dismiss(shadow);
  }

  /** The shadow has completed: the primary has its result. */
  won(shadow: PoolTask, member: Member, value: unknown): void {
    const race = raceOf(shadow);
    this.end(shadow, false);
    if (race === undefined || isTerminal(race.primary.stateCode)) return;
    this.#core.counters.hedgesWon += 1;
    this.#cancellation.letGo(race.primary);
    race.primary.attempt = shadow.attempt;
    this.#settlement.complete(race.primary, member, value);
  }

  /** The function returned a generator: its values cannot come from two attempts. */
  streams(task: PoolTask): void {
    const race = raceOf(task);
    if (race !== undefined) this.end(race.primary, false);
  }

  #dismiss(shadow: PoolTask): void {
    if (isInFlight(shadow.stateCode)) this.#cancellation.letGo(shadow);
    else this.#core.scheduler.remove(shadow);
    this.#settlement.cancel(shadow, undefined, 'the other attempt came first');
  }

  #delayOf(name: string): HedgeDelay {
    let delay = this.#delays.get(name);
    if (delay === undefined) this.#delays.set(name, (delay = new HedgeDelay()));
    return delay;
  }

  #hedge(race: Race): void {
    race.alarm = undefined;
    const { primary } = race;
    const core = this.#core;
    if (!isInFlight(primary.stateCode) || (primary.marks & STREAMING) !== 0 || core.phase !== 'open' || core.paused) return;
    const other = core.saturated || core.scheduler.depth > 0 ? undefined : this.#freeMember(primary.holder);
    if (other === undefined || !this.#budget.tryRetry(core.now())) return;
    race.shadow = this.#shadowOf(race);
    core.counters.hedged += 1;
    core.opened();
    core.scheduler.pin(race.shadow, other);
    core.wake();
    if (core.events.has('hedged')) core.events.emit('hedged', { ...core.taskEvent(primary), workerId: other.worker.id, afterMs: core.now() - race.startedAt });
  }

  #shadowOf(race: Race): PoolTask {
    const { primary } = race;
    const { settings } = primary;
    // The deadline is the primary's, which takes the shadow with it.
    const own = { ...settings, retry: { ...settings.retry, attempts: 1 }, deadlineMs: Infinity, hedge: undefined };
    const shadow = new PoolTask(primary.name, primary.args, own, primary.sequence, this.#core.stamp());
    shadow.marks = HEDGE;
    shadow.level = primary.level;
    shadow.attempt = primary.attempt;
    const extra = shadow.ensureExtra();
    extra.correlationId = primary.extra?.correlationId;
    extra.deadlineEpochMs = primary.deadlineEpochMs;
    extra.race = race;
    return shadow;
  }

  /** The one with the most room that could begin at once. */
  #freeMember(except: object | undefined): Member | undefined {
    let best: Member | undefined;
    for (const member of this.#members) {
      if (member === except || member.state !== 'ready' || member.retiring || member.inFlight >= this.#core.places) continue;
      if (best === undefined || member.inFlight < best.inFlight) best = member;
    }
    return best;
  }
}

function raceOf(task: PoolTask): Race | undefined {
  return task.extra?.race as Race | undefined;
}
