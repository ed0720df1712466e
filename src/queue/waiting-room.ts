/**
 * Tasks that wait for room in a full queue (`whenFull: 'wait'`), in the order of their submission.
 *
 *     high     [ B 7 ][ D 9 ]        the heads, first submitted first: A, then B.
 *     normal   [ A 5 ][ C 8 ] ...    A's level is full: it is passed over, with all behind it; B may enter.
 *                                    The whole queue is full: nobody may, or a large task would wait for ever behind small ones.
 *
 * Levels split the order only where they must: each is a Fifo, and a task submitted in the same ms as another of a less urgent level goes first.
 */
import { Fifo } from '../collections/fifo.js';
import { LEVEL_FULL, QUEUE_FULL } from './admission.js';
import { NOT_QUEUED, WAITING_FIRST } from './queued-task.js';
import type { QueuedTask } from './queued-task.js';

/** More than the levels there can be. */
const LINES_MAX = 32;

/** Line and place within it as one `position`, so that a task is found even if it was given another level while it waits. */
function positionOf(line: number, place: number): number {
  return WAITING_FIRST - (place * LINES_MAX + line);
}

export class WaitingRoom<T extends QueuedTask> {
  /** By level; made when a level is first met. */
  readonly #lines: Fifo<T>[] = [];
  #size = 0;

  /** Tasks that wait. */
  get size(): number {
    return this.#size;
  }

  /** Adds a task that stands nowhere. O(1). */
  add(task: T): void {
    task.position = positionOf(task.level, this.#lineOf(task.level).push(task));
    this.#size += 1;
  }

  /** Takes a task that gave up. O(1) amortised. Returns whether it waited here. */
  remove(task: T): boolean {
    const place = WAITING_FIRST - task.position;
    if (place < 0 || !this.#lineOf(place % LINES_MAX).removeAt(Math.floor(place / LINES_MAX))) return false;
    this.#left(task);
    return true;
  }

  /**
   * Takes the first task that may enter and sets its `level` to the one it enters at. O(levels).
   *
   * @param roomFor the level with room for a task, `LEVEL_FULL` or `QUEUE_FULL`: see {@link Admission.roomFor}
   */
  shift(roomFor: (task: T) => number): T | undefined {
    let passedOver = 0;
    for (let line = this.#first(passedOver); line !== -1; line = this.#first(passedOver)) {
      const level = roomFor(this.#lineOf(line).peek() as T);
      if (level === QUEUE_FULL) return undefined;
      if (level !== LEVEL_FULL) return this.#enter(line, level);
      passedOver |= 1 << line;
    }
    return undefined;
  }

  /** The tasks that wait, by level. Do not change the room meanwhile. */
  *[Symbol.iterator](): IterableIterator<T> {
    for (const line of this.#lines) yield* line;
  }

  #lineOf(level: number): Fifo<T> {
    while (this.#lines.length <= level) this.#lines.push(newLine<T>(this.#lines.length));
    return this.#lines[level] as Fifo<T>;
  }

  /** The level whose head was submitted first, -1 for none; `except` is a bit set of levels. */
  #first(except: number): number {
    let first = -1;
    let submittedAt = Infinity;
    for (let level = 0; level < this.#lines.length; level += 1) {
      const head = (except & (1 << level)) === 0 ? this.#lineOf(level).peek() : undefined;
      if (head === undefined || head.submittedAt >= submittedAt) continue;
      first = level;
      submittedAt = head.submittedAt;
    }
    return first;
  }

  #enter(from: number, to: number): T {
    const task = this.#lineOf(from).shift() as T;
    this.#left(task);
    task.level = to;
    return task;
  }

  #left(task: T): void {
    task.position = NOT_QUEUED;
    this.#size -= 1;
  }
}

function newLine<T extends QueuedTask>(line: number): Fifo<T> {
  return new Fifo<T>((task, place) => {
    task.position = positionOf(line, place);
  });
}
