/**
 * A resource that its users share equally: the cores of a machine, or a service that tasks call.
 *
 *     users   1     2     3     4     5           with capacity 4: up to four users run at full speed,
 *     speed   1     1     1     1     4/5         more share what there is
 *
 * Instead of touching every user at each change, one "attained work" grows at the common speed; a user is done when it reaches what it came with plus
 * its work. So a change costs O(log users).
 */
import { IndexedHeap } from '../collections/heap.js';
import type { Clock } from '../runtime/clock.js';
import type { EventSource } from './virtual-clock.js';

/** One use of the resource. */
export interface Use {
  /** Attained work at which it is done, in ms at full speed. */
  readonly doneAt: number;
  readonly done: () => void;
  readonly forTask: boolean;
}

export class SharedProcessor implements EventSource {
  readonly #clock: Clock;
  readonly #uses = new IndexedHeap<Use>();
  #capacity: number;
  #slowness = 1;
  readonly #degradation: number;
  #attained = 0;
  #updatedAt = 0;
  #usedMs = 0;
  #taskUsers = 0;
  #taskUsedMs = 0;
  #taskPresentMs = 0;

  /**
   * @param capacity users that run at full speed; Infinity for no limit
   * @param degradation how much each user above the capacity costs the others, as a share of the whole: 0 loses nothing
   */
  constructor(clock: Clock, capacity: number, degradation = 0) {
    this.#clock = clock;
    this.#capacity = capacity;
    this.#degradation = degradation;
  }

  /** Users now. */
  get users(): number {
    return this.#uses.size;
  }

  get capacity(): number {
    return this.#capacity;
  }

  /** Capacity used so far, in ms of one unit: for cores, CPU time. */
  usedMs(): number {
    this.#update();
    return this.#usedMs;
  }

  /** Of the uses for tasks: the capacity they used, and how long they were there for it, summed over them, in ms. */
  tasks(): { readonly usedMs: number; readonly presentMs: number } {
    this.#update();
    return { usedMs: this.#taskUsedMs, presentMs: this.#taskPresentMs };
  }

  /** Changes the capacity, and how many times slower than normal everything is. */
  change(capacity: number, slowness: number): void {
    this.#update();
    this.#capacity = capacity;
    this.#slowness = slowness;
  }

  /**
   * Begins a use of `workMs`; `done` is called when it is over.
   *
   * @param forTask whether it is part of a task, and not of the start of a worker
   */
  use(workMs: number, done: () => void, forTask = true): Use {
    this.#update();
    const use: Use = { doneAt: this.#attained + workMs, done, forTask };
    this.#uses.push(use, use.doneAt);
    if (forTask) this.#taskUsers += 1;
    return use;
  }

  /** Ends a use before it is done. Returns the work that was left, in ms. */
  leave(use: Use): number {
    this.#update();
    if (!this.#uses.remove(use)) return 0;
    if (use.forTask) this.#taskUsers -= 1;
    return Math.max(0, use.doneAt - this.#attained);
  }

  nextAt(): number {
    const doneAt = this.#uses.peekKey();
    if (doneAt === undefined) return Infinity;
    return this.#updatedAt + Math.max(0, doneAt - this.#attained) / this.#speed();
  }

  fire(): void {
    this.#update();
    const use = this.#uses.pop();
    if (use?.forTask === true) this.#taskUsers -= 1;
    use?.done();
  }

  #speed(): number {
    const users = this.#uses.size;
    const excess = Math.max(0, users - this.#capacity);
    return Math.min(1, this.#capacity / users) / (1 + this.#degradation * excess) / this.#slowness;
  }

  #update(): void {
    const now = this.#clock.now();
    const users = this.#uses.size;
    if (users > 0) {
      const elapsedMs = now - this.#updatedAt;
      this.#attained += elapsedMs * this.#speed();
      const usedMs = elapsedMs * Math.min(users, this.#capacity);
      this.#usedMs += usedMs;
      this.#taskUsedMs += (usedMs * this.#taskUsers) / users;
      this.#taskPresentMs += elapsedMs * this.#taskUsers;
    }
    this.#updatedAt = now;
  }
}
