/**
 * The tasks that wait for one certain worker, apart from the common queue.
 *
 *     slot A   bound  [ .. ]  pinned [ .. ]      bound: by affinity key; back to the common queue when the worker goes
 *     slot B   bound  [ .. ]                     pinned: for this worker only
 *        |
 *     heads    ( B 1007 )( A 1030 )              slots with tasks of their own *and* credit, by the smaller key of their heads
 *
 * A pool without affinity and pinning never touches any of this. Costs are O(log workers) for each task of a worker's own.
 */
import { IndexedHeap } from '../collections/heap.js';
import type { LevelCounts } from '../queue/level-counts.js';
import type { LevelOptions, QueuedTask } from '../queue/queued-task.js';
import { TaskQueue } from '../queue/task-queue.js';
import type { WorkerSlot } from './worker-slot.js';

export class OwnQueues<T extends QueuedTask, W> {
  readonly #levels: readonly LevelOptions[];
  readonly #boundCounts: LevelCounts;
  readonly #heads: IndexedHeap<WorkerSlot<T, W>> = new IndexedHeap();
  readonly #boundTo: Map<T, WorkerSlot<T, W>> = new Map();
  readonly #pinnedTo: Map<T, WorkerSlot<T, W>> = new Map();

  /** @param boundCounts counts that bound tasks are part of; pinned ones are subject to no bounds and counted apart */
  constructor(levels: readonly LevelOptions[], boundCounts: LevelCounts) {
    this.#levels = levels;
    this.#boundCounts = boundCounts;
  }

  /** Tasks in all of them. */
  get size(): number {
    return this.#boundTo.size + this.#pinnedTo.size;
  }

  /** Tasks that wait pinned. */
  get pinnedSize(): number {
    return this.#pinnedTo.size;
  }

  bind(slot: WorkerSlot<T, W>, task: T): void {
    slot.bound ??= new TaskQueue<T>(this.#levels, this.#boundCounts);
    slot.bound.push(task);
    this.#boundTo.set(task, slot);
    this.refresh(slot);
  }

  pin(slot: WorkerSlot<T, W>, task: T): void {
    slot.pinned ??= new TaskQueue<T>(this.#levels);
    slot.pinned.push(task);
    this.#pinnedTo.set(task, slot);
    this.refresh(slot);
  }

  /** The slot with credit whose own task has the smallest key. */
  first(): WorkerSlot<T, W> | undefined {
    return this.#heads.peek();
  }

  /** The key of that task, `Infinity` when there is none. */
  firstKey(): number {
    return this.#heads.peekKey() ?? Infinity;
  }

  /** Takes the next of the tasks of a slot that has some. {@link refresh} the slot afterwards. */
  shift(slot: WorkerSlot<T, W>): T {
    const pinnedFirst = keyOf(slot.pinned) <= keyOf(slot.bound);
    return this.#shift(slot, pinnedFirst ? 'pinned' : 'bound') as T;
  }

  /** Returns whether the task stood here. */
  remove(task: T): boolean {
    const bound = this.#boundTo.get(task);
    const slot = bound ?? this.#pinnedTo.get(task);
    if (slot === undefined) return false;
    (bound === undefined ? slot.pinned : slot.bound)?.remove(task);
    (bound === undefined ? this.#pinnedTo : this.#boundTo).delete(task);
    this.refresh(slot);
    return true;
  }

  /** To be called when the credit or the own tasks of a slot have changed. */
  refresh(slot: WorkerSlot<T, W>): void {
    if (slot.bound === undefined && slot.pinned === undefined) return;
    this.#heads.remove(slot);
    const key = Math.min(keyOf(slot.bound), keyOf(slot.pinned));
    if (key !== Infinity && slot.credit > 0) this.#heads.push(slot, key);
  }

  /** Takes all of one kind from a slot that goes, in their order. */
  takeAll(slot: WorkerSlot<T, W>, kind: 'bound' | 'pinned'): T[] {
    const tasks: T[] = [];
    for (let task = this.#shift(slot, kind); task !== undefined; task = this.#shift(slot, kind)) tasks.push(task);
    this.refresh(slot);
    return tasks;
  }

  /** All tasks. Do not change the queues meanwhile. */
  *[Symbol.iterator](): IterableIterator<T> {
    yield* this.#pinnedTo.keys();
    yield* this.#boundTo.keys();
  }

  #shift(slot: WorkerSlot<T, W>, kind: 'bound' | 'pinned'): T | undefined {
    const task = slot[kind]?.shift();
    if (task !== undefined) (kind === 'bound' ? this.#boundTo : this.#pinnedTo).delete(task);
    return task;
  }
}

function keyOf(queue: { peekKey(): number } | undefined): number {
  return queue === undefined ? Infinity : queue.peekKey();
}
