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
  #presentMs = 0;

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

  /** Time users were there, summed over them, in ms. */
  presentMs(): number {
    this.#update();
    return this.#presentMs;
  }

  /** Changes the capacity, and how many times slower than normal everything is. */
  change(capacity: number, slowness: number): void {
    this.#update();
    this.#capacity = capacity;
    this.#slowness = slowness;
  }

  /** Begins a use of `workMs`; `done` is called when it is over. */
  use(workMs: number, done: () => void): Use {
    this.#update();
    const use: Use = { doneAt: this.#attained + workMs, done };
    this.#uses.push(use, use.doneAt);
    return use;
  }

  /** Ends a use before it is done. Returns the work that was left, in ms. */
  leave(use: Use): number {
    this.#update();
    return this.#uses.remove(use) ? Math.max(0, use.doneAt - this.#attained) : 0;
  }

  nextAt(): number {
    const doneAt = this.#uses.peekKey();
    if (doneAt === undefined) return Infinity;
    return this.#updatedAt + Math.max(0, doneAt - this.#attained) / this.#speed();
  }

  fire(): void {
    this.#update();
    this.#uses.pop()?.done();
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
      this.#presentMs += elapsedMs * users;
      this.#usedMs += elapsedMs * Math.min(users, this.#capacity);
    }
    this.#updatedAt = now;
  }
}
