/**
 * Waiting tasks, smallest key first (the key: queued-task.ts).
 *
 *     level      lane                     key of its head
 *     critical   [ ]                      Infinity
 *     high       [ A ][ B ] ...           1107         peek, shift: the smallest of these,
 *     normal     [ C ][ D ][ E ] ...      1090    <--  the more urgent level at equal keys
 *     low        [ F ] ...                4711
 *     idle       [ ]                      Infinity
 *
 * A lane is in order by itself (lane.ts), so comparing the heads is the whole priority queue: O(levels) whatever the length.
 */
import { Lane } from './lane.js';
import { LevelCounts } from './level-counts.js';
import type { LevelOptions, QueuedTask } from './queued-task.js';

/** A queue of tasks in levels. Adding one allocates nothing but its place in a lane. */
export class TaskQueue<T extends QueuedTask> {
  /** What this queue holds, and the others it was made to share the counts with. */
  readonly counts: LevelCounts;
  readonly #lanes: readonly Lane<T>[];
  readonly #headKeys: Float64Array;
  #size = 0;

  constructor(levels: readonly LevelOptions[], counts: LevelCounts = new LevelCounts(levels.length)) {
    this.counts = counts;
    this.#lanes = levels.map((level) => new Lane<T>(level.headStartMs));
    this.#headKeys = new Float64Array(levels.length).fill(Infinity);
  }

  /** Tasks in this queue. */
  get size(): number {
    return this.#size;
  }

  /** Adds a task that stands nowhere. O(1); O(log n) out of order. */
  push(task: T): void {
    const { level } = task;
    const key = this.#laneOf(level).push(task);
    if (key < (this.#headKeys[level] as number)) this.#headKeys[level] = key;
    this.#size += 1;
    this.counts.add(task);
  }

  /** The task that is next, in O(levels). */
  peek(): T | undefined {
    return this.#size === 0 ? undefined : this.#laneOf(this.#first()).peek();
  }

  /** The key of the task that is next, `Infinity` when empty. */
  peekKey(): number {
    return this.#size === 0 ? Infinity : (this.#headKeys[this.#first()] as number);
  }

  /** Its place in the order, whether it stands here or not. */
  keyOf(task: T): number {
    return this.#laneOf(task.level).key(task);
  }

  /** Takes the task that is next, in O(levels). */
  shift(): T | undefined {
    if (this.#size === 0) return undefined;
    const level = this.#first();
    const task = this.#laneOf(level).shift() as T;
    this.#left(task);
    return task;
  }

  /** Takes a task out of the middle: O(1) amortised in order, O(log n) out of order. Returns whether it stood here. */
  remove(task: T): boolean {
    if (!this.#laneOf(task.level).remove(task)) return false;
    this.#left(task);
    return true;
  }

  /** The task submitted first, up to a head start for tasks with near deadlines. O(levels). */
  oldest(): T | undefined {
    let oldest: T | undefined;
    for (const lane of this.#lanes) {
      const task = lane.oldest();
      if (task !== undefined && (oldest === undefined || task.submittedAt < oldest.submittedAt)) oldest = task;
    }
    return oldest;
  }

  /** The task of a level that was submitted first, as in {@link oldest}. O(1). */
  oldestIn(level: number): T | undefined {
    return this.#laneOf(level).oldest();
  }

  /** Whether tasks of a level leave newest first from now on; the level keeps its turn among the others. */
  setNewestFirst(level: number, on: boolean): void {
    this.#laneOf(level).newestFirst = on;
  }

  /** The oldest task of a level that may be evicted: it was never requeued. */
  oldestOf(level: number): T | undefined {
    return this.#laneOf(level).oldestEvictable();
  }

  /** The newest task of a level that may be evicted: it was never requeued. */
  newestOf(level: number): T | undefined {
    return this.#laneOf(level).newestEvictable();
  }

  /** All tasks, by level, in no order that matters. Do not change the queue meanwhile. */
  *[Symbol.iterator](): IterableIterator<T> {
    for (const lane of this.#lanes) yield* lane;
  }

  #laneOf(level: number): Lane<T> {
    return this.#lanes[level] as Lane<T>;
  }

  /** The level with the smallest key; the more urgent one among equals. */
  #first(): number {
    const keys = this.#headKeys;
    let first = 0;
    for (let level = 1; level < keys.length; level += 1) {
      if ((keys[level] as number) < (keys[first] as number)) first = level;
    }
    return first;
  }

  #left(task: T): void {
    this.#headKeys[task.level] = this.#laneOf(task.level).peekKey();
    this.#size -= 1;
    this.counts.remove(task);
  }
}
