/**
 * Tasks whose turn came while their bulkhead was full: they stand aside, so that those behind them are not held up, and go back to their place in the queue one by
 * one as there is room. A pool without bulkheads never touches any of this.
 */
import type { Bulkhead } from '../queue/bulkhead.js';
import type { LevelCounts } from '../queue/level-counts.js';
import type { LevelOptions, QueuedTask } from '../queue/queued-task.js';
import { TaskQueue } from '../queue/task-queue.js';

export class HeldTasks<T extends QueuedTask> {
  readonly #levels: readonly LevelOptions[];
  readonly #counts: LevelCounts;
  readonly #queues: Map<Bulkhead, TaskQueue<T>> = new Map();
  readonly #held: Set<T> = new Set();

  /** @param counts counts that held tasks are part of: they are subject to the bounds of the queue */
  constructor(levels: readonly LevelOptions[], counts: LevelCounts) {
    this.#levels = levels;
    this.#counts = counts;
  }

  get size(): number {
    return this.#held.size;
  }

  hold(task: T, bulkhead: Bulkhead): void {
    let queue = this.#queues.get(bulkhead);
    if (queue === undefined) {
      queue = new TaskQueue(this.#levels, this.#counts);
      this.#queues.set(bulkhead, queue);
    }
    queue.push(task);
    this.#held.add(task);
  }

  /** Takes the task of this bulkhead that is next. */
  shift(bulkhead: Bulkhead): T | undefined {
    const task = this.#queues.get(bulkhead)?.shift();
    if (task !== undefined) this.#held.delete(task);
    return task;
  }

  /** Returns whether the task stood here. */
  remove(task: T): boolean {
    if (!this.#held.delete(task)) return false;
    this.#queues.get(task.bulkhead as Bulkhead)?.remove(task);
    return true;
  }

  queues(): Iterable<TaskQueue<T>> {
    return this.#queues.values();
  }

  /** All tasks. Do not change the queue meanwhile. */
  [Symbol.iterator](): IterableIterator<T> {
    return this.#held.values();
  }
}
