/**
 * How long tasks will wait: what a refused caller is told, and what `maxWait` and the overload control go by. Asked where tasks are refused or
 * the control is on, never for each task of a pool without bounds of time.
 */
import { DrainRate } from '../queue/drain-rate.js';
import { estimateWaitMs } from '../queue/refusal.js';
import { tasksAhead } from '../queue/tasks-ahead.js';
import type { PoolCore } from './core.js';

/** Before the first task has been finished (P). */
const SERVICE_MS_DEFAULT = 10;

export class WaitForecast {
  readonly #core: PoolCore;
  readonly #rate: DrainRate = new DrainRate();
  #lookedAt = -Infinity;
  #busySince = Infinity;
  #perMs = 0;

  constructor(core: PoolCore) {
    this.#core = core;
  }

  /** Tasks handed over to workers in a ms while they are busy; worked out once a ms at most. */
  perMs(nowMs: number = this.#nowMs()): number {
    if (nowMs === this.#lookedAt) return this.#perMs;
    const core = this.#core;
    // What leaves the queue any other way says nothing of how fast the workers are.
    const handedOver = core.wait.count;
    this.#rate.note(nowMs, handedOver, this.#busy(nowMs));
    this.#lookedAt = nowMs;
    const measured = this.#rate.perMs(nowMs, handedOver);
    this.#perMs = Number.isNaN(measured) ? this.#byLittle() : measured;
    return this.#perMs;
  }

  /** Mean time a slot is taken by a task, in ms. */
  serviceMs(slots: number, nowMs: number = this.#nowMs()): number {
    return slots / this.perMs(nowMs);
  }

  /** How long a task of a level would wait if it were queued now, in ms. */
  waitMs(level: number): number {
    const { scheduler, settings } = this.#core;
    if (scheduler.runnable === 0) return 0;
    const nowMs = this.#nowMs();
    return tasksAhead(level, nowMs, settings.queue.levels, scheduler.counts, (each) => scheduler.oldestIn(each)) / this.perMs(nowMs);
  }

  /** When all that waits now will have been begun, in whole ms from 1 to 60,000. */
  retryAfterMs(): number {
    const { scheduler, waiting } = this.#core;
    return estimateWaitMs(scheduler.depth + waiting.size, 1 / this.perMs(), 1);
  }

  /**
   * Not the time stamp of the turn, which wakes the pool: while a task waits for room the forecast is asked for in each look at the queue, and each look
   * would have another follow, without end and without a turn of the event loop.
   */
  #nowMs(): number {
    return Math.floor(this.#core.now());
  }

  /** Since when there has been more to do than can be done: whoever is first in line had come before the last look. */
  #busy(nowMs: number): number {
    const { scheduler, paused } = this.#core;
    const oldest = paused || scheduler.hasCredit ? undefined : scheduler.oldest();
    if (oldest === undefined || oldest.submittedAt > this.#lookedAt) this.#busySince = nowMs;
    return this.#busySince;
  }

  /** Little's law over the tasks in the hands of workers. */
  #byLittle(): number {
    const { run, inFlight, settings, places } = this.#core;
    const together = inFlight > 0 ? inFlight : Math.max(1, settings.size.max * places);
    return together / (run.count === 0 || run.mean === 0 ? SERVICE_MS_DEFAULT : run.mean);
  }
}
