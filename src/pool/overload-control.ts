/**
 * What the pool does when more comes in than it can finish, from cheap to drastic. Steps 1 (backpressure) and 2 (expired tasks are dropped before they
 * run) always hold and live elsewhere; what is here is asked for, by `overload` and by `maxWait`.
 *
 *     submission --> memory? --> maxWait, deadline: would it wait too long? --> rank behind the cutoff? --> the queue
 *                      5                                                            4 ^                       |
 *     every 100 ms: queue, inflow, capacity --> ShedController --> share to refuse --> cutoff                 |
 *     every turn with a backlog: the first in line of each level --> SojournGauge --> 3: what has waited too long is given up
 *
 * Nothing is refused while fewer tasks wait than the pool runs at once: a worker must never be idle because of a refusal.
 *
 * A pool without these options has no timer of this and pays one comparison a submission. Otherwise a submission costs O(levels), a turn O(levels).
 */
import { OverloadError } from '../errors.js';
import type { OverloadStep } from '../errors.js';
import { ArrivalRanks, COHORTS, rankOf } from '../policy/arrival-ranks.js';
import { MemoryPressure } from '../policy/memory-pressure.js';
import { ShedController } from '../policy/shed-controller.js';
import { estimateBytes } from '../queue/estimate-bytes.js';
import type { LevelOptions } from '../queue/queued-task.js';
import { SojournGauge } from '../queue/sojourn-gauge.js';
import { memoryLimit } from '../runtime/limits.js';
import { memoryShare } from '../runtime/memory-use.js';
import type { Alarm } from './alarms.js';
import type { PoolCore } from './core.js';
import type { PoolEvents } from './events.js';
import type { Member } from './member.js';
import type { OverloadSettings } from './overload-options.js';
import type { PoolTask } from './pool-task.js';
import type { Settlement } from './settlement.js';
import type { PoolStats } from './stats.js';
import { refusalError } from './submit-stack.js';
import { WaitForecast } from './wait-forecast.js';

const TICK_MS = 100;
/** Between two looks at the memory in use. */
const MEMORY_MS = 500;
const TARGET_MS_MIN = 5;
const INTERVAL_MS_MIN = 100;
/** The target is at most this share of a task's time. */
const DEADLINE_SHARE = 0.1;
/** A worker that starts relieves the pool within this time, or is not counted on. */
const BOOT_MS_MAX = 1_000;
/** Arguments above this size are refused while memory runs out (P). */
const LARGE_BYTES = 65_536;
const ARRIVALS_WEIGHT = 0.5;

export class OverloadControl {
  readonly forecast: WaitForecast;
  /** Whether submissions have to ask at all. */
  readonly guards: boolean;
  /** Tasks that have entered the queue. */
  inflow = 0;
  readonly #core: PoolCore;
  readonly #settlement: Settlement;
  readonly #members: ReadonlySet<Member>;
  readonly #settings: OverloadSettings | undefined;
  readonly #levels: readonly LevelOptions[];
  readonly #waitMsMax: readonly number[];
  readonly #gauge: SojournGauge;
  readonly #ranks: ArrivalRanks;
  readonly #controller: ShedController;
  readonly #memory: MemoryPressure;
  readonly #counts = { maxWait: 0, sojourn: 0, priority: 0, memory: 0 };
  #memoryLimit = 0;
  #memoryAt = -Infinity;
  /** While memory runs out, tasks of this level and lower ones are refused. */
  #memoryLevel = Infinity;
  #cutoff = Infinity;
  #slots = 1;
  #spared = 0;
  /** The most urgent level of those that arrive, while a part of it must be refused: no order of the queue can shorten its waits. */
  #alone = -1;
  #targetMs = 0;
  #closerAt = -Infinity;
  #closer = 0;
  /** Tasks of that level that were refused although they rank before the cutoff. */
  #turnedAway = 0;
  #alarm: Alarm | undefined;
  #tickAt = 0;
  #inflowAtTick = 0;
  #outflowAtTick = 0;
  #seenAtTick = 0;
  #arrivalsPerMs = 0;

  constructor(core: PoolCore, settlement: Settlement, members: ReadonlySet<Member>) {
    const { overload, queue } = core.settings;
    this.#core = core;
    this.#settlement = settlement;
    this.#members = members;
    this.#settings = overload;
    this.#levels = queue.levels;
    this.#waitMsMax = queue.levels.map((level) => Math.min(queue.waitMsMax, level.waitMsMax ?? Infinity));
    this.guards = overload !== undefined || this.#waitMsMax.some((ms) => ms !== Infinity);
    this.forecast = new WaitForecast(core);
    this.#gauge = new SojournGauge(queue.levels.length);
    this.#ranks = new ArrivalRanks(queue.levels.length);
    this.#controller = new ShedController(overload?.refuseMax ?? 0);
    this.#memory = new MemoryPressure(overload?.memoryShareMax ?? Infinity);
  }

  /** Notes that a task has come: refused or not, it is part of the demand. */
  arrived(task: PoolTask): void {
    if (this.#settings !== undefined) this.#ranks.note(this.#rankOf(task));
  }

  /** Why a task must not enter the queue now, if so. O(levels), before anything is serialised. */
  obstacle(task: PoolTask): Exclude<OverloadStep, 'sojourn'> | undefined {
    if (this.#memory.on && this.#tooMuchForMemory(task)) return 'memory';
    const waitMsMax = this.#waitMsMaxOf(task);
    if (waitMsMax !== Infinity && this.forecast.waitMs(task.level) > waitMsMax) return 'max-wait';
    if (this.#controller.share === 0) return undefined;
    const rank = this.#rankOf(task);
    const isBehind = rank > this.#cutoff;
    if (!isBehind && (task.level !== this.#alone || rank <= this.#cutoffNow())) return undefined;
    if (this.#core.scheduler.runnable >= this.#slots) {
      if (!isBehind) this.#turnedAway += 1;
      return 'priority';
    }
    if (isBehind) this.#spared += 1;
    return undefined;
  }

  /** The error of a task that met an obstacle; counts it. */
  refusal(task: PoolTask, step: Exclude<OverloadStep, 'sojourn'>): OverloadError {
    this.#counts[step === 'max-wait' ? 'maxWait' : step] += 1;
    const retryAfterMs = this.forecast.retryAfterMs();
    return new OverloadError(`${task.name}: ${this.#why(task, step)}. Try again in ${retryAfterMs} ms`, step, retryAfterMs);
  }

  /** Tasks wait and no worker has room: called once a turn. */
  onBacklog(): void {
    if (this.#settings === undefined) return;
    const nowMs = this.#core.now();
    if (this.#alarm === undefined) this.#begin(nowMs);
    this.#look(nowMs);
  }

  stats(): PoolStats['overload'] {
    return {
      on: this.#core.saturated,
      levels: this.#levels.filter((_, index) => this.#gauge.isOverloaded(index)).map((level) => level.name),
      refusedShare: this.#controller.share,
      memoryShare: this.#memory.share,
      refused: { maxWait: this.#counts.maxWait, priority: this.#counts.priority, memory: this.#counts.memory },
      shed: { sojourn: this.#counts.sojourn },
    };
  }

  #begin(nowMs: number): void {
    this.#mark(nowMs);
    this.#arrivalsPerMs = 0;
    this.#countSlots();
    this.#alarm = this.#core.alarms.set(nowMs + TICK_MS, this.#tick);
  }

  /** Takes the waits of the first in line, and gives up what has waited too long. */
  #look(nowMs: number): void {
    const { scheduler, settings } = this.#core;
    // Before a worker is ready the wait is that for its start.
    if (this.#slots === 0) return this.#calm();
    const serviceMs = this.forecast.serviceMs(this.#slots, Math.floor(nowMs));
    const targetMs = this.#settings?.targetMs ?? Math.max(TARGET_MS_MIN, serviceMs, DEADLINE_SHARE * finite(settings.task.deadlineMs));
    this.#targetMs = targetMs;
    const intervalMs = this.#settings?.intervalMs ?? Math.max(INTERVAL_MS_MIN, 10 * serviceMs);
    for (let level = 0; level < this.#levels.length; level += 1) {
      const first = scheduler.counts.sizeOf(level) === 0 ? undefined : scheduler.oldestIn(level);
      const waitMs = first === undefined ? 0 : nowMs - first.submittedAt;
      if (this.#gauge.sample(level, nowMs, waitMs, targetMs, intervalMs)) this.#levelChanged(level, waitMs, targetMs);
      if (this.#isTimed(level)) this.#giveUp(level, nowMs, targetMs);
    }
  }

  #isTimed(level: number): boolean {
    return this.#gauge.isOverloaded(level) && this.#settings?.interactive[level] === true;
  }

  /** The pool is paused: what waits does so because it was told to. */
  #rest(): void {
    this.#calm();
    if (this.#controller.share === 0) return;
    this.#controller.reset();
    this.#emit('priority', false, {});
  }

  /** Nothing is handed out, so waits say nothing of the load. */
  #calm(): void {
    const overloaded = this.#levels.flatMap((_, level) => (this.#gauge.isOverloaded(level) ? [level] : []));
    this.#gauge.reset();
    for (const level of overloaded) this.#levelChanged(level, 0, 0);
  }

  #levelChanged(level: number, waitMs: number, targetMs: number): void {
    const { scheduler } = this.#core;
    if (this.#settings?.newestFirst === true && this.#settings.interactive[level] === true) scheduler.setNewestFirst(level, this.#gauge.isOverloaded(level));
    this.#emit('sojourn', this.#gauge.isOverloaded(level), { level: this.#levels[level]?.name, waitMs, targetMs });
    if (this.#gauge.any && this.#controller.share === 0) this.#beginToRefuse();
  }

  /** Starts at what inflow and capacity say; the controller does the rest. */
  #beginToRefuse(): void {
    const perMs = this.forecast.perMs();
    if (this.#settings?.refuseMax === 0 || this.#arrivalsPerMs <= perMs || this.#helpIsOnItsWay()) return;
    this.#controller.begin(1 - perMs / this.#arrivalsPerMs);
    this.#refuseBehind(this.#controller.share);
    this.#emit('priority', true, {});
  }

  #refuseBehind(share: number): void {
    this.#cutoff = this.#ranks.cutoff(share);
    const level = Math.floor(this.#cutoff / COHORTS);
    this.#alone = level === Math.floor(this.#ranks.first() / COHORTS) ? level : -1;
    this.#closerAt = -Infinity;
  }

  /**
   * The cutoff within a level that fills the pool alone: nearer, the longer a task would wait beyond the target, down to none at twice the target. The share
   * is found over a second, and chance makes a queue of what is let in meanwhile. Looked at once a ms, so that parts of one answer are dealt with alike.
   */
  #cutoffNow(): number {
    const nowMs = Math.floor(this.#core.now());
    if (nowMs === this.#closerAt) return this.#closer;
    this.#closerAt = nowMs;
    const first = this.#alone * COHORTS;
    const share = Math.max(0, Math.min(1, 2 - this.forecast.waitMs(this.#alone) / this.#targetMs));
    return (this.#closer = Math.floor(first + (this.#cutoff - first) * share));
  }

  #giveUp(level: number, nowMs: number, targetMs: number): void {
    const { scheduler } = this.#core;
    for (;;) {
      const task = scheduler.counts.evictableOf(level) === 0 ? undefined : scheduler.oldestOf(level);
      if (task === undefined || nowMs - task.submittedAt <= targetMs || !scheduler.remove(task)) return;
      this.#counts.sojourn += 1;
      const retryAfterMs = this.forecast.retryAfterMs();
      const waitedMs = Math.round(nowMs - task.submittedAt);
      const text = `${task.name}: given up after ${waitedMs} ms in the queue, its level ${this.#levels[level]?.name ?? ''} is overloaded (target ${Math.round(targetMs)} ms). Try again in ${retryAfterMs} ms`;
      const error = refusalError(false, () => new OverloadError(text, 'sojourn', retryAfterMs));
      this.#settlement.reject(task, error, true);
    }
  }

  readonly #tick = (): void => {
    this.#alarm = undefined;
    const core = this.#core;
    if (core.phase === 'closed') return;
    const nowMs = core.now();
    this.#countSlots();
    if (core.paused) this.#rest();
    else this.#look(nowMs);
    this.#regulate(nowMs);
    if (nowMs - this.#memoryAt >= MEMORY_MS) this.#lookAtMemory(nowMs);
    if (core.scheduler.runnable > 0 || core.saturated) this.#alarm = core.alarms.set(nowMs + TICK_MS, this.#tick);
  };

  #regulate(nowMs: number): void {
    const { scheduler, inFlight, wait } = this.#core;
    const elapsedMs = nowMs - this.#tickAt;
    const arrivalsPerMs = (this.#ranks.seen - this.#seenAtTick) / elapsedMs;
    this.#arrivalsPerMs = this.#arrivalsPerMs === 0 ? arrivalsPerMs : this.#arrivalsPerMs + ARRIVALS_WEIGHT * (arrivalsPerMs - this.#arrivalsPerMs);
    const before = this.#controller.share;
    if (before > 0 || this.#gauge.any) {
      const share = this.#controller.update(
        {
          elapsedMs,
          arrivals: this.#ranks.seen - this.#seenAtTick,
          // Those turned away would have come in: the share has to do without them.
          inflow: this.inflow - this.#inflowAtTick + this.#turnedAway,
          outflow: wait.count - this.#outflowAtTick,
          queued: scheduler.runnable,
          // As many as run: enough that no worker goes idle between two looks, a wait of one execution.
          queuedTarget: this.#slots,
          spared: this.#spared,
          freeSlots: Math.max(0, this.#slots - inFlight),
          capacityPerMs: this.forecast.perMs(Math.floor(nowMs)),
        },
        !this.#helpIsOnItsWay(),
      );
      this.#refuseBehind(share);
      if (share > 0 !== before > 0) this.#emit('priority', share > 0, {});
    }
    this.#mark(nowMs);
  }

  /** What the next update counts from. */
  #mark(nowMs: number): void {
    this.#tickAt = nowMs;
    this.#inflowAtTick = this.inflow;
    this.#outflowAtTick = this.#core.wait.count;
    this.#seenAtTick = this.#ranks.seen;
    this.#spared = 0;
    this.#turnedAway = 0;
  }

  #lookAtMemory(nowMs: number): void {
    if (this.#settings === undefined || this.#settings.memoryShareMax === Infinity) return;
    this.#memoryAt = nowMs;
    if (this.#memoryLimit === 0) this.#memoryLimit = memoryLimit().bytes;
    if (this.#memory.update(memoryShare(this.#memoryLimit))) this.#emit('memory', this.#memory.on, {});
    this.#memoryLevel = Infinity;
    if (this.#memory.on) this.#shedLowest();
  }

  /** Gives up half of the lowest level that has tasks, the newest first, and refuses that level until the next look. */
  #shedLowest(): void {
    const { scheduler } = this.#core;
    let level = this.#levels.length - 1;
    while (level > 0 && scheduler.counts.evictableOf(level) === 0) level -= 1;
    this.#memoryLevel = level;
    for (let left = Math.ceil(scheduler.counts.evictableOf(level) / 2); left > 0; left -= 1) {
      const task = scheduler.newestOf(level);
      if (task === undefined || !scheduler.remove(task)) return;
      const error = refusalError(false, () => this.refusal(task, 'memory'));
      this.#settlement.reject(task, error, true);
    }
  }

  #tooMuchForMemory(task: PoolTask): boolean {
    return (task.level >= this.#memoryLevel && this.#core.scheduler.depth > 0) || estimateBytes(task.args) > LARGE_BYTES;
  }

  #waitMsMaxOf(task: PoolTask): number {
    const waitMsMax = this.#waitMsMax[task.level] as number;
    return this.#settings === undefined ? waitMsMax : Math.min(waitMsMax, Math.max(0, task.settings.deadlineMs - this.forecast.serviceMs(this.#slots)));
  }

  #rankOf(task: PoolTask): number {
    return rankOf(task.level, task.extra?.correlationId, task.sequence, task.submittedAt);
  }

  /** A worker is being started, and not for too long yet. */
  #helpIsOnItsWay(): boolean {
    const nowMs = this.#core.now();
    for (const member of this.#members) if (member.state === 'starting' && nowMs - member.startedAt < BOOT_MS_MAX) return true;
    return false;
  }

  #countSlots(): void {
    let ready = 0;
    for (const member of this.#members) if (member.state === 'ready') ready += 1;
    this.#slots = ready * this.#core.places;
  }

  #setSaturated(): void {
    this.#core.saturated = this.#gauge.any || this.#controller.share > 0 || this.#memory.on;
  }

  #why(task: PoolTask, step: OverloadStep): string {
    const level = this.#levels[task.level]?.name ?? '';
    switch (step) {
      case 'max-wait':
        return `it would wait about ${Math.ceil(this.forecast.waitMs(task.level))} ms in level ${level}, which is more than the ${Math.ceil(this.#waitMsMaxOf(task))} ms allowed`;
      case 'memory':
        return `memory runs out (${Math.round(this.#memory.share * 100)} % of what there is), level ${level} and large arguments are not taken`;
      default:
        return `the pool is overloaded, ${Math.round(this.#controller.share * 100)} % of the tasks are refused, the least urgent first (this one is ${level})`;
    }
  }

  #emit(step: OverloadStep, on: boolean, figures: { level?: string | undefined; waitMs?: number; targetMs?: number }): void {
    const { events } = this.#core;
    this.#setSaturated();
    if (!events.has('overload')) return;
    const payload: PoolEvents['overload'] = {
      on,
      step,
      level: figures.level,
      waitMs: figures.waitMs,
      targetMs: figures.targetMs,
      refusedShare: this.#controller.share,
      memoryShare: this.#memory.share,
      retryAfterMs: this.forecast.retryAfterMs(),
    };
    events.emit('overload', payload);
  }
}

function finite(ms: number): number {
  return ms === Infinity ? 0 : ms;
}
