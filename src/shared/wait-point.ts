/**
 * Where threads wait for a change of one shared object, and how those who change it wake them: an event count.
 *
 *     in the object:   ID   WAITING: somebody sleeps, or is about to   NEXT: token of the thread the object is reserved for, 0 for none
 *     in the table:    the point: counts changes
 *
 * Who waits:     1. load the point (the key)   2. store WAITING = 1   3. try; if it works, go on   4. sleep while the point is the key   5. from 1
 * Who changes:   1. change the object          2. load WAITING; if it is set: exchange it for 0; who took it adds 1 to the point and notifies all
 *
 * No wake-up is lost. All operations stand in one total order. If the try (3) comes after the change, it sees it. Otherwise the change, and hence the
 * look at WAITING, comes after our store (2): the changer finds the flag set, or somebody has taken it since. Whoever took it after (2) adds to the
 * point after (1), so the sleep (4) ends or does not begin. A thread that is ended between taking the flag and adding to the point is told dead by
 * others, who then add to every point (`thread-table.ts`).
 *
 * Fairness: whoever comes first after a change takes it, a newcomer too; that is what makes short locks fast. But a waiter that has been woken
 * {@link LOSSES_MAX} times for nothing reserves the object, and from then on nobody else takes it. Reservations follow one another, so that a waiter is passed
 * over at most so many times, and by each thread that waits with it. Within a thread, asynchronous waiters of one object are served in order.
 *
 * A change wakes all threads that wait, at most one registration each, and one of them wins: cost O(waiting threads).
 */
import { compareExchange, exchange, load, store, wait, waitAsync, waitAsyncSupported } from '../runtime/atomics.js';
import type { AsyncWait } from '../runtime/atomics.js';
import { threadTable } from './thread-table.js';
import type { ThreadTable } from './thread-table.js';
import { setTimeout } from '../runtime/host-timers.js';

/** Wake-ups for nothing after which a waiter reserves the object (P). */
export const LOSSES_MAX = 4;

/** Words that a point takes in its object. */
export const POINT_WORDS = 3;
const ID = 0;
const WAITING = 1;
const NEXT = 2;

/** Pause between two looks where the runtime cannot wait without blocking (P). */
const POLL_MS = 2;

export class WaitPoint {
  /** Number of the object, unique in the process. */
  readonly id: number;
  readonly table: ThreadTable;
  readonly #words: Int32Array;
  readonly #base: number;
  readonly #point: number;

  /** Gives the point at word `base` its number; before the object is shown to anybody. */
  static initialise(words: Int32Array, base: number): void {
    words[base + ID] = threadTable().nextObject();
  }

  constructor(words: Int32Array, base: number) {
    this.table = threadTable();
    this.id = words[base + ID] as number;
    this.#words = words;
    this.#base = base;
    this.#point = this.table.pointOf(this.id);
  }

  /** Step 1 and 2 of who waits. The key is for `sleep`. */
  announce(): number {
    const key = load(this.table.words, this.#point);
    store(this.#words, this.#base + WAITING, 1);
    return key;
  }

  /** Step 2 of who changes. */
  changed(): void {
    if (load(this.#words, this.#base + WAITING) !== 0 && exchange(this.#words, this.#base + WAITING, 0) !== 0) this.table.wake(this.#point);
  }

  /** Wakes all who sleep, whether or not they have announced themselves since the last change. */
  wake(): void {
    this.table.wake(this.#point);
  }

  /** Step 4, blocking. `owner` is the token of the thread that is waited for, 0 for none. */
  sleep(key: number, timeoutMs: number, owner: number): void {
    this.table.noteBlocked(this.id, owner);
    wait(this.table.words, this.#point, key, timeoutMs);
    this.table.noteBlocked(0, 0);
  }

  /** Step 4, without blocking. Does not keep the event loop alive. */
  sleepAsync(key: number): AsyncWait {
    if (waitAsyncSupported) return waitAsync(this.table.words, this.#point, key);
    return { async: true, value: new Promise((resolve) => void setTimeout(() => resolve('timed-out'), POLL_MS)) };
  }

  /** Whether this thread may take what is free: it is not reserved for another. */
  mayTake(): boolean {
    const next = load(this.#words, this.#base + NEXT);
    return next === 0 || next === this.table.me || this.table.isDead(next);
  }

  /** Reserves the object for this thread, unless it is reserved for another. */
  reserve(): boolean {
    const next = load(this.#words, this.#base + NEXT);
    if (next !== 0 && !this.table.isDead(next)) return false;
    return compareExchange(this.#words, this.#base + NEXT, next, this.table.me) === next;
  }

  /** Ends a reservation; those it kept away look again. */
  unreserve(): void {
    compareExchange(this.#words, this.#base + NEXT, this.table.me, 0);
    this.changed();
  }
}
