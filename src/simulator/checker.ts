/**
 * What must hold whatever happens. A violation is a sentence in the report; a run that has one is a failed run.
 *
 *     exactly once     a submission settles once, and completes at most once; a completed task was executed
 *     bounds           the queue holds no more than it may, workers execute no more than they may
 *     order            no task leaves the queue before one that has a smaller key (submission + head start): the bound on starvation
 *     Little's law     the mean number of tasks in the pool is arrivals a second times mean time in it, to rounding
 */
import type { PoolStats } from '../pool/stats.js';
import type { LevelOptions } from '../queue/queued-task.js';
import type { Outcome } from './clients.js';
import type { SimTask } from './sim-task.js';

/** The pool stamps submissions in whole ms. */
const ORDER_SLACK_MS = 2;
const VIOLATIONS_MAX = 20;
/** Tasks that no longer wait are let go of in lots of this size. */
const COMPACT_AFTER = 4_096;

export class Checker {
  readonly violations: string[] = [];
  /** The most a task began ahead of one with a smaller key, in ms. */
  overtakenMsMax = 0;
  readonly #levels: readonly LevelOptions[];
  readonly #queueMax: number;
  readonly #waiting: { tasks: SimTask[]; first: number }[];
  /** Retried tasks keep their old place in time and are behind on purpose while they wait for their delay. */
  readonly #retries: boolean;

  constructor(levels: readonly LevelOptions[], queueMax: number, retries: boolean) {
    this.#levels = levels;
    this.#queueMax = queueMax;
    this.#retries = retries;
    this.#waiting = levels.map(() => ({ tasks: [], first: 0 }));
  }

  submitted(task: SimTask): void {
    this.#waiting[task.level]?.tasks.push(task);
  }

  begun(task: SimTask, atMs: number): void {
    if (task.settled > 0) this.#report(`a task is executed after it has settled, at ${atMs.toFixed(1)} ms`);
  }

  dispatched(task: SimTask, atMs: number): void {
    if (this.#retries || task.executions > 0) return;
    const key = task.submittedAt + this.#headStartMs(task.level);
    for (const [level, queue] of this.#waiting.entries()) {
      const head = this.#head(queue);
      if (head === undefined) continue;
      const overtakenMs = key - (head.submittedAt + this.#headStartMs(level));
      if (overtakenMs <= this.overtakenMsMax) continue;
      this.overtakenMsMax = overtakenMs;
      if (overtakenMs > ORDER_SLACK_MS)
        this.#report(`a ${this.#levels[level]?.name} task was overtaken by ${overtakenMs.toFixed(1)} ms, at ${atMs.toFixed(1)} ms`);
    }
  }

  settled(task: SimTask, outcome: Outcome, atMs: number): void {
    task.settled += 1;
    if (task.settled > 1) this.#report(`a task settled ${task.settled} times, at ${atMs.toFixed(1)} ms`);
    if (outcome === 'completed' && task.completions !== 1) this.#report(`a completed task was executed to its end ${task.completions} times`);
  }

  /** @param revoked tasks that stand in the queue again, beyond its bound */
  bounds(stats: PoolStats, open: number, revoked: number, atMs: number): void {
    const { submitted, completed, failed, cancelled, rejected } = stats.tasks;
    if (submitted !== completed + failed + cancelled + rejected + open)
      this.#report(
        `${submitted} tasks were submitted, ${completed} completed, ${failed} failed, ${cancelled} cancelled, ${rejected} rejected and ${open} open`,
      );
    const again = stats.tasks.requeued + stats.tasks.retried + revoked;
    if (stats.queue.depth > this.#queueMax + again) this.#report(`${stats.queue.depth} tasks are queued, ${this.#queueMax} may be, at ${atMs.toFixed(1)} ms`);
  }

  /** @param timesMs time in the pool, summed over all submissions; @param integralMs number in the pool, integrated over time */
  little(timesMs: number, integralMs: number): void {
    if (Math.abs(timesMs - integralMs) > 1e-6 * Math.max(1, timesMs))
      this.#report(`Little's law: tasks spent ${timesMs} ms in the pool, which held ${integralMs} task-ms`);
  }

  #headStartMs(level: number): number {
    return this.#levels[level]?.headStartMs ?? 0;
  }

  #head(queue: { tasks: SimTask[]; first: number }): SimTask | undefined {
    while (queue.first < queue.tasks.length) {
      const task = queue.tasks[queue.first] as SimTask;
      if (task.queued && task.settled === 0) return task;
      queue.first += 1;
      if (queue.first < COMPACT_AFTER) continue;
      queue.tasks.splice(0, queue.first);
      queue.first = 0;
    }
    return undefined;
  }

  #report(violation: string): void {
    if (this.violations.length < VIOLATIONS_MAX) this.violations.push(violation);
  }
}
