import { IndexedHeap } from '../collections/heap.js';

/** Tasks that are not due yet: scheduled starts and retries. Earliest first, first in first out among equals; add and remove are O(log n). */
export class DelayQueue<T extends { readonly bytes: number }> {
  readonly #heap: IndexedHeap<T> = new IndexedHeap();
  #bytes = 0;

  /** Tasks held. */
  get size(): number {
    return this.#heap.size;
  }

  /** Bytes of their arguments. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Holds a task until `dueAt`, in ms of the pool's clock. */
  add(task: T, dueAt: number): void {
    this.#heap.push(task, dueAt);
    this.#bytes += task.bytes;
  }

  /** When the next task is due, `Infinity` when there is none. */
  nextDueAt(): number {
    return this.#heap.peekKey() ?? Infinity;
  }

  /**
   * Takes the tasks that are due, one at each step: tasks may be added and removed while it runs. What is added during the iteration and due
   * by `now` is taken too. `Infinity` takes all.
   */
  *takeDue(now: number): IterableIterator<T> {
    while (this.size > 0 && this.nextDueAt() <= now) {
      const task = this.#heap.pop() as T;
      this.#bytes -= task.bytes;
      yield task;
    }
  }

  /** Returns whether the task was held. */
  remove(task: T): boolean {
    if (!this.#heap.remove(task)) return false;
    this.#bytes -= task.bytes;
    return true;
  }

  /** The tasks held, in no particular order. Do not change the queue meanwhile. */
  [Symbol.iterator](): IterableIterator<T> {
    return this.#heap[Symbol.iterator]();
  }
}
