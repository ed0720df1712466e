/**
 * Every instant the pool waits for (timeouts, deadlines, delays, graces, retries of a start) in one heap over one timer.
 */
import { IndexedHeap } from '../collections/heap.js';
import type { Clock, Timer } from '../runtime/clock.js';

/** A pending call. */
export interface Alarm {
  readonly at: number;
  readonly ring: () => void;
}

export class Alarms {
  readonly #clock: Clock;
  readonly #heap = new IndexedHeap<Alarm>();
  #timer: Timer | undefined;
  #timerAt = Infinity;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Calls `ring` once at `at` (clock ms), or as soon after as the event loop allows. */
  set(at: number, ring: () => void): Alarm {
    const alarm: Alarm = { at, ring };
    this.#heap.push(alarm, at);
    this.#aim();
    return alarm;
  }

  cancel(alarm: Alarm): void {
    this.#heap.remove(alarm);
    if (this.#heap.size === 0) this.#aim();
  }

  /** Drops everything: the pool is closed. */
  clear(): void {
    while (this.#heap.pop() !== undefined);
    this.#aim();
  }

  #aim(): void {
    const next = this.#heap.peek()?.at ?? Infinity;
    if (next >= this.#timerAt && this.#timer !== undefined && next !== Infinity) return;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#timerAt = next;
    if (next !== Infinity) this.#timer = this.#clock.setTimer(Math.ceil(next - this.#clock.now()), this.#ring);
  }

  readonly #ring = (): void => {
    this.#timer = undefined;
    this.#timerAt = Infinity;
    // Host timers may fire up to a millisecond early; half of one is as good as due.
    const now = this.#clock.now() + 0.5;
    for (let next = this.#heap.peek(); next !== undefined && next.at <= now; next = this.#heap.peek()) {
      this.#heap.pop();
      next.ring();
    }
    this.#aim();
  };
}
