/**
 * When a task is tried again that was in a worker which died: it is the likeliest of all to end the next one. While few workers die, at once. From half of a
 * crash loop on such tasks wait for each other and for deaths to become fewer, one at a time, so that tasks that were never in a worker that died go on.
 *
 *     deaths within 10 s   0 .......... half of a loop .......... a loop: the function is shut off
 *     suspects                at once  |  wait, one at a time    |
 *
 * More than can be tried within a minute are not held, and none is held for longer while many die: they fail with the death they had.
 */
import { RestartIntensity } from '../policy/restart-backoff.js';
import { deathsMax, WINDOW_MS } from '../scheduler/supervisor/crash-loops.js';
import { isTerminal } from '../task/lifecycle.js';
import type { PoolTask } from './pool-task.js';

const HOLD_MS_MAX = 60_000;

/** O(1) amortised for each death and each look at a suspect. Time is an argument, in ms, and never goes backwards. */
export class Suspects {
  readonly #deaths = new RestartIntensity();
  /** Since when, in the order in which they will be tried. */
  readonly #held = new Map<PoolTask, number>();
  #triedAt = -Infinity;

  /** A worker has died without having been asked to. */
  died(nowMs: number): void {
    this.#deaths.record(nowMs);
  }

  /** Whether there is room for one more that may have to wait. */
  hasRoom(workers: number): boolean {
    const max = HOLD_MS_MAX / turnMs(workers);
    if (this.#held.size >= max) for (const task of this.#held.keys()) if (isTerminal(task.stateCode)) this.#held.delete(task);
    return this.#held.size < max;
  }

  /** How long the task, whose next attempt is due, must wait before it asks again; 0 when it may begin, `Infinity` when it has waited for too long. */
  holdMs(task: PoolTask, nowMs: number, workers: number): number {
    const many = 2 * this.#deaths.recent(nowMs) > deathsMax(workers);
    if (!many && this.#held.size === 0) return 0;
    const first = this.#first() ?? task;
    const since = this.#held.get(task);
    if (since === undefined) this.#held.set(task, nowMs);
    else if (many && nowMs - since >= HOLD_MS_MAX) {
      this.#held.delete(task);
      return Infinity;
    }
    const leftMs = this.#triedAt + turnMs(workers) - nowMs;
    if (many || first !== task || leftMs > 0) return Math.max(turnMs(workers), leftMs);
    this.#held.delete(task);
    this.#triedAt = nowMs;
    return 0;
  }

  /** Whoever has ended otherwise meanwhile waits for nothing. */
  #first(): PoolTask | undefined {
    for (const task of this.#held.keys()) {
      if (!isTerminal(task.stateCode)) return task;
      this.#held.delete(task);
    }
    return undefined;
  }
}

/** Between two of them, so that what one does is known before the next. */
function turnMs(workers: number): number {
  return WINDOW_MS / deathsMax(workers);
}
