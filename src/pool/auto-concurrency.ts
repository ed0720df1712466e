/**
 * `concurrency: 'auto'`: asks the limit of tasks in flight (`scheduler/scaler/concurrency-limit.ts`) several times a second while tasks are in flight, and gives
 * the workers so much credit. Nothing per task: the time tasks take is in the pool's histogram already.
 */
import { LogHistogram } from '../collections/log-histogram.js';
import { initialLimit, limitNow, observeLimit } from '../scheduler/scaler/concurrency-limit.js';
import type { LimitMemory } from '../scheduler/scaler/concurrency-limit.js';
import type { Alarm } from './alarms.js';
import type { PoolCore } from './core.js';
import type { Fleet } from './fleet.js';

const LOOK_MS = 100;
/** A window ends with so many tasks, not before the first of these times; or with few at the second; or with any at the third. */
const WINDOW_TASKS = 50;
const WINDOW_TASKS_FEW = 10;
const WINDOW_MS = [200, 1_000, 5_000] as const;
/** Looks that come later than this, twice in a row, show an event loop that is not up to what it has. */
const LOOP_LATE_MS = 50;

export class AutoConcurrency {
  readonly #core: PoolCore;
  readonly #fleet: Fleet;
  readonly #workersFull: (nowMs: number) => boolean;
  readonly #before = new LogHistogram();
  #memory: LimitMemory;
  #alarm: Alarm | undefined;
  #windowAt = 0;
  #timedOutBefore = 0;
  #inFlightMax = 0;
  #lateMs = 0;
  #isLate = false;

  /** @param workersFull whether the workers have no time left to look after more tasks */
  constructor(core: PoolCore, fleet: Fleet, workersFull: (nowMs: number) => boolean) {
    this.#core = core;
    this.#fleet = fleet;
    this.#workersFull = workersFull;
    this.#memory = initialLimit(core.places);
  }

  /** Called once a turn: looks from now on while tasks are in flight. */
  watch(): void {
    const core = this.#core;
    if (this.#alarm !== undefined || core.inFlight === 0 || core.phase === 'closed') return;
    this.#openWindow(core.now());
    this.#alarm = core.alarms.set(core.now() + LOOK_MS, this.#look);
  }

  /** The limit in words. */
  explain(): string {
    return `${this.#core.places} tasks in flight a worker: ${this.#memory.why}`;
  }

  readonly #look = (): void => {
    const core = this.#core;
    const nowMs = core.now();
    const lateMs = nowMs - (this.#alarm as Alarm).at;
    this.#alarm = undefined;
    this.#isLate ||= Math.min(lateMs, this.#lateMs) > LOOP_LATE_MS;
    this.#lateMs = lateMs;
    for (const { inFlight } of this.#fleet.members) this.#inFlightMax = Math.max(this.#inFlightMax, inFlight);
    if (this.#isOver(nowMs - this.#windowAt)) {
      this.#close(nowMs);
      this.#openWindow(nowMs);
    }
    if (core.inFlight > 0 && core.phase !== 'closed') this.#alarm = core.alarms.set(nowMs + LOOK_MS, this.#look);
  };

  #isOver(elapsedMs: number): boolean {
    const finished = this.#core.run.count - this.#before.count;
    const [soonMs, laterMs, lastMs] = WINDOW_MS;
    return (finished >= WINDOW_TASKS && elapsedMs >= soonMs) || (finished >= WINDOW_TASKS_FEW && elapsedMs >= laterMs) || elapsedMs >= lastMs;
  }

  #openWindow(nowMs: number): void {
    this.#windowAt = nowMs;
    this.#before.copyFrom(this.#core.run);
    this.#timedOutBefore = this.#core.timedOut;
    this.#inFlightMax = 0;
    this.#isLate = false;
  }

  #close(nowMs: number): void {
    const { run, timedOut, settings } = this.#core;
    const late = timedOut - this.#timedOutBefore;
    const window = {
      finished: run.count - this.#before.count + late,
      elapsedMs: nowMs - this.#windowAt,
      p90Ms: run.quantileSince(0.9, this.#before),
      inFlightMax: this.#inFlightMax,
      timedOut: late,
      // On this event loop the workers are no better off than our own looks.
      workersFull: this.#workersFull(nowMs) || (this.#isLate && settings.kind === 'async'),
    };
    this.#memory = observeLimit(this.#memory, window, settings.concurrency);
    this.#core.limitReached = this.#memory.saturated;
    this.#apply(limitNow(this.#memory));
  }

  #apply(places: number): void {
    const core = this.#core;
    if (places === core.places) return;
    const from = core.places;
    core.places = places;
    for (const member of this.#fleet.members) {
      if (member.state !== 'ready') continue;
      member.creditMax = Math.min(member.creditCap, places);
      core.scheduler.setCredit(member, member.creditMax);
    }
    if (core.events.has('limited')) core.events.emit('limited', { from, to: places, saturated: this.#memory.saturated, reason: this.#memory.why });
    core.wake();
  }
}
