/**
 * How long a worker waits with its next offer after one that nobody took in time.
 *
 * An offer in vain costs its owner some 10 µs: bytes for the arguments, and a wake-up. In a tree of tiny functions beside a sibling that is always too late that
 * would be most of the time, so forks and joins go by in between, twice as many after each. But where a function takes long they add up to time in which the
 * sibling has nothing to do: what has gone by is counted in forks or in time, whichever ends the pause sooner.
 */
import type { EventLoop } from '../../../transport/shared-ring/event-loop.js';

/** Most forks and joins that pass between two offers in vain (P). */
const FORKS_MAX = 64;
/** Longest pause in ms (P): twenty times what an offer costs. */
const PAUSE_MS = 0.2;

export class OfferPause {
  readonly #loop: EventLoop;
  #forks = 0;
  #forksNext = 0;
  #endMs = 0;

  constructor(loop: EventLoop) {
    this.#loop = loop;
  }

  /** An offer had to be taken back. */
  inVain(): void {
    this.#forksNext = Math.min(FORKS_MAX, this.#forksNext * 2 + 1);
    this.#begin(this.#forksNext);
  }

  /** Nobody would take what we have. */
  unwanted(): void {
    this.#begin(FORKS_MAX);
  }

  /** An offer was taken: the next may follow at once. */
  taken(): void {
    this.#forks = 0;
    this.#forksNext = 0;
  }

  /** A fork or join goes by. `true`: it may make an offer. Reads the clock during a pause only. */
  isOver(): boolean {
    if (this.#forks === 0) return true;
    this.#forks -= 1;
    if (this.#loop.nowMs() < this.#endMs) return false;
    this.#forks = 0;
    return true;
  }

  #begin(forks: number): void {
    this.#forks = forks;
    this.#endMs = this.#loop.nowMs() + PAUSE_MS;
  }
}
