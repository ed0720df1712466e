/**
 * Which worker gets which task: pure bookkeeping, no clock, no chance of its own, no calls out.
 *
 *     push ---> common queue ----.                      .--> ready workers --- placement picks --.
 *        \                        > smallest key first <                                          > next(): nextTask, nextWorker
 *         '--> own queue of the  '                      '--> the own worker, once it has credit -'
 *              worker (bound by affinity; pinned)
 *
 * - `next()` counts the task as in flight on the worker; `release()` takes it off again, whatever became of it.
 * - A worker has credit while its load is below what `setCredit` allows; 0 stops it (draining, suspect).
 * - With placement `affinity` the first dispatch of a key binds it to the worker. A bound task waits for that worker while it lives, even if
 *   others are free. Tasks of a key that stand in the common queue when it is bound move over when their turn comes.
 * - When a worker goes, its bound tasks go back to their place in the common queue: the order is one static key, so nothing is lost by moving.
 */
import type { Bulkhead } from '../queue/bulkhead.js';
import type { LevelOptions, QueuedTask } from '../queue/queued-task.js';
import { LevelCounts } from '../queue/level-counts.js';
import { TaskQueue } from '../queue/task-queue.js';
import { assert, failAssertion } from '../runtime/assert.js';
import type { Random } from '../runtime/random.js';
import { AffinityBindings } from './affinity-bindings.js';
import { HeldTasks } from './held-tasks.js';
import { OwnQueues } from './own-queues.js';
import type { Placement } from './placement.js';
import { ReadyWorkers } from './ready-workers.js';
import { WorkerSlot } from './worker-slot.js';

export interface SchedulerOptions {
  readonly levels: readonly LevelOptions[];
  readonly placement: Placement;
  readonly random: Random;
  /** Affinity keys remembered; beyond it the oldest is forgotten. Default 100,000. */
  readonly bindingsMax?: number;
}

/** A worker without tasks. */
export interface IdleWorker<W> {
  readonly worker: W;
  readonly sinceMs: number;
}

const BINDINGS_MAX_DEFAULT = 100_000;

/** Every operation is O(levels), independent of the number of workers and tasks, where it does not say otherwise. */
export class Scheduler<T extends QueuedTask, W extends object> {
  /** The task of the last `next()` that returned true. */
  nextTask!: T;
  /** The worker of the last `next()` that returned true. */
  nextWorker!: W;
  /** While true nothing is handed out. */
  paused = false;
  /** What is queued, pinned tasks apart: they are subject to no bounds. */
  readonly counts: LevelCounts;
  readonly #placement: Placement;
  readonly #random: Random;
  readonly #common: TaskQueue<T>;
  readonly #own: OwnQueues<T, W>;
  readonly #held: HeldTasks<T>;
  readonly #slots: Map<W, WorkerSlot<T, W>> = new Map();
  readonly #ready: ReadyWorkers<WorkerSlot<T, W>> = new ReadyWorkers();
  readonly #bindings: AffinityBindings<WorkerSlot<T, W>> | undefined;
  /** Of the worker that was asked for last: replies come in batches. */
  #lastSlot: WorkerSlot<T, W> | undefined;
  #inFlight = 0;
  #busy = 0;

  constructor(options: SchedulerOptions) {
    this.counts = new LevelCounts(options.levels.length);
    this.#common = new TaskQueue(options.levels, this.counts);
    this.#own = new OwnQueues(options.levels, this.counts);
    this.#held = new HeldTasks(options.levels, this.counts);
    this.#placement = options.placement;
    this.#random = options.random;
    this.#bindings = options.placement.name === 'affinity' ? new AffinityBindings(options.bindingsMax ?? BINDINGS_MAX_DEFAULT) : undefined;
  }

  /** Tasks queued. */
  get depth(): number {
    return this.counts.size + this.#own.pinnedSize;
  }

  /** Tasks queued that may not be handed out now, whatever workers are free: their bulkheads are full. */
  get held(): number {
    return this.#held.size;
  }

  /** Tasks queued that a free worker could take. */
  get runnable(): number {
    return this.depth - this.#held.size;
  }

  /** Tasks in flight. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Workers that have tasks in flight and are not being stopped. */
  get busy(): number {
    return this.#busy;
  }

  /** Whether some worker may be sent a task. */
  get hasCredit(): boolean {
    return this.#ready.size > 0;
  }

  /** A worker that is ready from now on. It counts as idle since `nowMs`. */
  addWorker(worker: W, creditMax: number, nowMs: number): void {
    assert(!this.#slots.has(worker), 'a worker is added once');
    const slot = new WorkerSlot<T, W>(worker, nowMs);
    this.#slots.set(worker, slot);
    this.#change(slot, 0, creditMax, false);
  }

  /** Forgets a worker and what is in flight on it. Its bound tasks go back to the common queue; the pinned ones are returned. O(its tasks). */
  removeWorker(worker: W): T[] {
    const slot = this.#slotOf(worker);
    this.#slots.delete(worker);
    this.#lastSlot = undefined;
    this.#inFlight -= slot.load;
    this.#change(slot, 0, 0, false);
    slot.alive = false;
    for (const task of this.#own.takeAll(slot, 'bound')) this.#common.push(task);
    return this.#own.takeAll(slot, 'pinned');
  }

  /**
   * How many tasks the worker may have in flight from now on; 0 stops it. `packing`: two to this power of them count as one where loads are compared
   * (`packingFor`).
   */
  setCredit(worker: W, creditMax: number, packing = 0): void {
    const slot = this.#slotOf(worker);
    if (slot.creditMax === creditMax && slot.packing === packing) return;
    const repacked = slot.packing !== packing;
    slot.packing = packing;
    this.#change(slot, slot.load, creditMax, repacked);
  }

  /** Queues a task that stands nowhere. */
  push(task: T): void {
    const bound = this.#boundTo(task);
    if (task.bulkhead?.isFull === true) this.#held.hold(task, task.bulkhead);
    else if (bound === undefined) this.#common.push(task);
    else this.#own.bind(bound, task);
  }

  /** Queues a task for one worker only. O(log workers). */
  pin(task: T, worker: W): void {
    this.#own.pin(this.#slotOf(worker), task);
  }

  /** Takes a task out of the queue. Returns whether it stood there. */
  remove(task: T): boolean {
    if (this.#held.size > 0 && this.#held.remove(task)) return true;
    const removed = (this.#own.size > 0 && this.#own.remove(task)) || this.#common.remove(task);
    // It may have been the one that was let go on: another takes its turn.
    if (removed && task.bulkhead !== undefined) this.#goOn(task.bulkhead);
    return removed;
  }

  /**
   * Takes the task with the smallest key that some worker with credit may execute, and picks the worker: `nextTask` and `nextWorker`. At equal
   * keys a worker's own task goes first. Returns whether there was one. Allocates nothing.
   */
  next(): boolean {
    if (!this.paused && this.#advance()) return true;
    // Nothing of the last task is kept alive from here; nobody reads these after a `false`.
    (this as { nextTask: T | undefined }).nextTask = undefined;
    (this as { nextWorker: W | undefined }).nextWorker = undefined;
    return false;
  }

  /** Place in the queue's order of the next task that any worker may be given; `Infinity` when there is none. O(levels). */
  headKey(): number {
    return this.#common.peekKey();
  }

  /** Place of a task in the queue's order. */
  keyOf(task: T): number {
    return this.#common.keyOf(task);
  }

  /** Picks the worker for a task that goes past the queue, which is empty: one of no bulkhead and no affinity key. Somebody must have credit. */
  pass(): W {
    const slot = this.#pick();
    this.#load(slot);
    return slot.worker;
  }

  /** As {@link pass}; `undefined` when something is queued, nothing may be handed out, or nobody has credit. */
  passNow(): W | undefined {
    if (this.paused || this.#ready.size === 0 || this.depth > 0) return undefined;
    const slot = this.#ready.alone;
    if (slot === undefined || slot.load + 1 === slot.creditMax) return this.pass();
    // It keeps credit, and alone it needs no order: nothing follows from its load.
    this.#inFlight += 1;
    slot.load += 1;
    if (slot.load === 1) this.#busy += 1;
    return slot.worker;
  }

  #advance(): boolean {
    while (this.#ready.size > 0) {
      const owner = this.#own.first();
      if (owner !== undefined && this.#own.firstKey() <= this.#common.peekKey()) {
        const own = this.#own.shift(owner);
        if (own.bulkhead === undefined || !own.bulkhead.isFull) return this.#give(own, owner);
        this.#own.refresh(owner);
        this.#held.hold(own, own.bulkhead);
        continue;
      }
      const task = this.#common.shift();
      if (task === undefined) return false;
      if (task.bulkhead?.isFull === true) {
        this.#held.hold(task, task.bulkhead);
        continue;
      }
      const slot = this.#boundTo(task) ?? this.#choose(task);
      if (slot.credit > 0) return this.#give(task, slot);
      this.#own.bind(slot, task);
    }
    return false;
  }

  /** A task has left the worker: answered, failed, or taken back. */
  release(worker: W, nowMs: number): void {
    const slot = this.#slotOf(worker);
    assert(slot.load > 0, 'a worker gives back no more tasks than it was given');
    this.#inFlight -= 1;
    if (slot.load === 1) slot.idleSinceMs = nowMs;
    if (slot === this.#ready.alone && slot.load < slot.creditMax) {
      // As above.
      slot.load -= 1;
      if (slot.load === 0) this.#busy -= 1;
      return;
    }
    this.#change(slot, slot.load - 1, slot.creditMax, true);
  }

  /** A task of this bulkhead is no longer in flight: the next one that was held up for it takes its place in the queue. Returns whether there was one. */
  leave(bulkhead: Bulkhead): boolean {
    assert(bulkhead.inFlight > 0, 'a bulkhead is left no more often than it was entered');
    bulkhead.inFlight -= 1;
    return this.#goOn(bulkhead);
  }

  /** Workers without tasks that are not being stopped, idle the longest first. O(workers log workers). */
  idle(): IdleWorker<W>[] {
    const idle: IdleWorker<W>[] = [];
    for (const slot of this.#slots.values()) {
      if (slot.load === 0 && slot.creditMax > 0) idle.push({ worker: slot.worker, sinceMs: slot.idleSinceMs });
    }
    return idle.sort((a, b) => a.sinceMs - b.sinceMs);
  }

  /** The queued task that was submitted first, see {@link TaskQueue.oldest}. O(workers) when workers have tasks of their own. */
  oldest(): T | undefined {
    return this.#best(
      (queue) => queue.oldest(),
      true,
      (a, b) => a.submittedAt < b.submittedAt,
    );
  }

  /** The task of a level that was submitted first, of those that any worker may be given. O(1). */
  oldestIn(level: number): T | undefined {
    return this.#common.oldestIn(level);
  }

  /** Whether tasks of a level that are bound to no worker leave newest first from now on. */
  setNewestFirst(level: number, on: boolean): void {
    this.#common.setNewestFirst(level, on);
  }

  /** The oldest task of a level that may be evicted. O(workers) when workers have tasks of their own. */
  oldestOf(level: number): T | undefined {
    return this.#best(
      (queue) => queue.oldestOf(level),
      false,
      (a, b) => a.submittedAt < b.submittedAt,
    );
  }

  /** The newest task of a level that may be evicted. O(workers) when workers have tasks of their own. */
  newestOf(level: number): T | undefined {
    return this.#best(
      (queue) => queue.newestOf(level),
      false,
      (a, b) => a.submittedAt > b.submittedAt,
    );
  }

  /** All queued tasks, in no order that matters. Do not change the queue meanwhile. */
  *[Symbol.iterator](): IterableIterator<T> {
    yield* this.#own;
    yield* this.#held;
    yield* this.#common;
  }

  /**
   * Lets one task go on that stands aside. Called for each that leaves, so that while some stand aside, as many as the bulkhead allows are in flight or in
   * the queue.
   */
  #goOn(bulkhead: Bulkhead): boolean {
    const next = bulkhead.isFull ? undefined : this.#held.shift(bulkhead);
    if (next !== undefined) this.push(next);
    return next !== undefined;
  }

  #slotOf(worker: W): WorkerSlot<T, W> {
    const last = this.#lastSlot;
    if (last !== undefined && last.worker === worker) return last;
    const slot = this.#slots.get(worker);
    assert(slot !== undefined, 'the worker was added and not removed');
    this.#lastSlot = slot;
    return slot;
  }

  #boundTo(task: T): WorkerSlot<T, W> | undefined {
    if (this.#bindings === undefined || task.affinityKey === undefined) return undefined;
    return this.#bindings.find(task.affinityKey);
  }

  /** Picks a worker with credit, and binds the task's affinity key to it. */
  #choose(task: T): WorkerSlot<T, W> {
    const slot = this.#pick();
    if (this.#bindings !== undefined && task.affinityKey !== undefined) this.#bindings.bind(task.affinityKey, slot);
    return slot;
  }

  #pick(): WorkerSlot<T, W> {
    const slot = this.#placement.pick(this.#ready, this.#random);
    if (slot === undefined) failAssertion(`placement ${this.#placement.name} picks one of the candidates`);
    return slot;
  }

  #load(slot: WorkerSlot<T, W>): void {
    this.#inFlight += 1;
    this.#change(slot, slot.load + 1, slot.creditMax, true);
    this.#ready.endTurn(slot);
  }

  #give(task: T, slot: WorkerSlot<T, W>): true {
    if (task.bulkhead !== undefined) task.bulkhead.inFlight += 1;
    this.#load(slot);
    this.nextTask = task;
    this.nextWorker = slot.worker;
    return true;
  }

  /** The one place where load and credit change, so that all that follows from them stays in step. */
  #change(slot: WorkerSlot<T, W>, load: number, creditMax: number, busy: boolean): void {
    if (slot.busy) this.#busy -= 1;
    slot.load = load;
    slot.creditMax = creditMax;
    if (slot.busy) this.#busy += 1;
    this.#ready.update(slot, busy);
    this.#own.refresh(slot);
  }

  #best(of: (queue: TaskQueue<T>) => T | undefined, withPinned: boolean, better: (task: T, best: T) => boolean): T | undefined {
    let best = of(this.#common);
    for (const queue of this.#held.size > 0 ? this.#held.queues() : []) {
      const task = of(queue);
      if (task !== undefined && (best === undefined || better(task, best))) best = task;
    }
    if (this.#own.size === 0) return best;
    for (const { bound, pinned } of this.#slots.values()) {
      for (const queue of [bound, withPinned ? pinned : undefined]) {
        const task = queue === undefined ? undefined : of(queue);
        if (task !== undefined && (best === undefined || better(task, best))) best = task;
      }
    }
    return best;
  }
}
