/**
 * The tasks in the hands of one worker, by slot.
 *
 *     slot      0      1      2      3
 *     entries [ task | token | task |  -  ]      token: the attempt was abandoned, its function has not ended
 *     free    [ 3 ]                              reused last in, first out, so that the table stays as small as the load
 */
import type { WorkerTask } from './worker.js';

/** Stands in the slot of an attempt that the pool has let go of. */
export class AbandonedAttempt {
  readonly abandoned = true;
}

export class SlotTable<T extends WorkerTask> {
  readonly #entries: (T | AbandonedAttempt | undefined)[] = [];
  readonly #free: number[] = [];

  /** Slots in use, those of abandoned attempts included. */
  get occupied(): number {
    return this.#entries.length - this.#free.length;
  }

  /** Whether it holds tasks that were not abandoned. */
  get holdsTasks(): boolean {
    return !this.tasks().next().done;
  }

  /** Gives the task a slot. */
  add(task: T): void {
    const slot = this.#free.pop() ?? this.#entries.length;
    task.slot = slot;
    this.#entries[slot] = task;
  }

  /** The task in the slot; `undefined` when it is free or its attempt was abandoned. */
  get(slot: number): T | undefined {
    const entry = this.#entries[slot];
    return entry instanceof AbandonedAttempt ? undefined : entry;
  }

  holds(task: T): boolean {
    return this.#entries[task.slot] === task;
  }

  /** Frees the slot and returns what was in it. */
  release(slot: number): T | AbandonedAttempt | undefined {
    const entry = this.#entries[slot];
    if (entry === undefined) return undefined;
    this.#entries[slot] = undefined;
    this.#free.push(slot);
    return entry;
  }

  /** Lets go of the task; its slot stays taken until `release`. */
  abandon(task: T): AbandonedAttempt {
    const token = new AbandonedAttempt();
    if (this.holds(task)) this.#entries[task.slot] = token;
    return token;
  }

  /** The tasks, abandoned ones left out. */
  *tasks(): Generator<T, void, undefined> {
    for (const entry of this.#entries) if (entry !== undefined && !(entry instanceof AbandonedAttempt)) yield entry;
  }
}
