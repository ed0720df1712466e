/**
 * The tasks of one level, smallest key first.
 *
 *     in order       [ A 1007 ][ B 1007 ][ C 1030 ] ...   Fifo: whoever comes with a key not smaller than the last one's
 *     out of order      ( R 400 )                         IndexedHeap: requeued tasks, and deadlines nearer than those before them
 *                      ( S 990 )
 *
 * Time only grows, so a task of its first queueing and without a near deadline always fits behind the last one: the heap stays small. At
 * equal keys the heap goes first: a requeued task was there before. Among themselves requeued tasks keep the order of their submission.
 */
import { Fifo } from '../collections/fifo.js';
import { IndexedHeap } from '../collections/heap.js';
import { NOT_QUEUED, OUT_OF_ORDER } from './queued-task.js';
import type { QueuedTask } from './queued-task.js';

/**
 * Submission times are whole ms, so tasks that were queued before are put in their order of submission by a fraction below half a ms: they come back in
 * any order, and go before all that were submitted in the same ms.
 */
const REQUEUED_AHEAD_MS = 0.5;
const SEQUENCES = 2 ** 20;

function recordPosition(task: QueuedTask, position: number): void {
  task.position = position;
}

export class Lane<T extends QueuedTask> {
  /** Whether tasks leave newest first. The lane keeps its turn among the others: that goes by its oldest task. */
  newestFirst = false;
  readonly #headStartMs: number;
  readonly #inOrder: Fifo<T> = new Fifo<T>(recordPosition);
  readonly #outOfOrder: IndexedHeap<T> = new IndexedHeap();
  /** Not less than the key of the last task in order: it may have left. */
  #lastKey = -Infinity;

  constructor(headStartMs: number) {
    this.#headStartMs = headStartMs;
  }

  /** Tasks in this lane. */
  get size(): number {
    return this.#inOrder.length + this.#outOfOrder.size;
  }

  /** The virtual deadline by which all tasks are ordered. */
  key(task: T): number {
    return Math.min(task.submittedAt + this.#headStartMs, task.deadlineAt);
  }

  /** Adds a task and returns its key. O(1) in order, O(log n) out of order. */
  push(task: T): number {
    const key = this.key(task);
    if (task.requeued && task.sequence !== undefined) {
      this.#outOfOrder.push(task, key - REQUEUED_AHEAD_MS + (task.sequence % SEQUENCES) / (2 * SEQUENCES));
      task.position = OUT_OF_ORDER;
    } else if (task.requeued || (key < this.#lastKey && this.#inOrder.length > 0)) {
      this.#outOfOrder.push(task, key);
      task.position = OUT_OF_ORDER;
    } else {
      task.position = this.#inOrder.push(task);
      this.#lastKey = key;
    }
    return key;
  }

  /** The task that leaves next: the one with the smallest key, but for {@link newestFirst}. */
  peek(): T | undefined {
    if (this.#outOfOrderFirst()) return this.#outOfOrder.peek();
    return this.newestFirst ? this.#inOrder.peekLast() : this.#inOrder.peek();
  }

  /** The smallest key, `Infinity` when empty. */
  peekKey(): number {
    const first = this.#inOrder.peek();
    const key = first === undefined ? Infinity : this.key(first);
    return this.#outOfOrder.size === 0 ? key : Math.min(key, this.#outOfOrder.peekKey() as number);
  }

  shift(): T | undefined {
    const task = this.#outOfOrderFirst() ? this.#outOfOrder.pop() : this.newestFirst ? this.#inOrder.pop() : this.#inOrder.shift();
    if (task !== undefined) task.position = NOT_QUEUED;
    return task;
  }

  /** O(1) amortised in order, O(log n) out of order. Returns whether the task stood here. */
  remove(task: T): boolean {
    const { position } = task;
    const removed = position === OUT_OF_ORDER ? this.#outOfOrder.remove(task) : this.#inOrder.removeAt(position);
    if (removed) task.position = NOT_QUEUED;
    return removed;
  }

  /** The one of the two heads that was submitted first: the oldest of all, but for near deadlines out of order. */
  oldest(): T | undefined {
    const head = this.#inOrder.peek();
    const other = this.#outOfOrder.peek();
    if (head === undefined || other === undefined) return head ?? other;
    return other.submittedAt <= head.submittedAt ? other : head;
  }

  /** The oldest that was never requeued. O(1) while a task stands in order, else O(size). */
  oldestEvictable(): T | undefined {
    return this.#inOrder.peek() ?? this.#scan((task, best) => task.submittedAt < best.submittedAt);
  }

  /** The newest that was never requeued. O(1) while a task stands in order, else O(size). */
  newestEvictable(): T | undefined {
    return this.#inOrder.peekLast() ?? this.#scan((task, best) => task.submittedAt >= best.submittedAt);
  }

  *[Symbol.iterator](): IterableIterator<T> {
    yield* this.#outOfOrder;
    yield* this.#inOrder;
  }

  #outOfOrderFirst(): boolean {
    if (this.#outOfOrder.size === 0) return false;
    const head = this.#inOrder.peek();
    return head === undefined || (this.#outOfOrder.peekKey() as number) <= this.key(head);
  }

  #scan(better: (task: T, best: T) => boolean): T | undefined {
    let best: T | undefined;
    for (const task of this.#outOfOrder) {
      if (!task.requeued && (best === undefined || better(task, best))) best = task;
    }
    return best;
  }
}
