/**
 * How a side goes to sleep without missing what the other publishes, and how it is woken at most once for a batch.
 *
 *     AWAKE            it looks by itself (runs, spins or has a turn of its event loop coming): do not wake
 *     PARKED           wake it when you have published records
 *     PARKED_FOR_ROOM  it holds records that found no room: wake it as well when you have released some
 *
 * Sleeper:  1. store PARKED   2. look once more; if there is something: store AWAKE, go on   3. wait while the word is not AWAKE
 * Waker:    1. store tail (or head)   2. load the word; if parked: exchange AWAKE; who took it notifies
 *
 * The order is total, so either the waker's load (2) comes after the sleeper's store (1) and it is woken, or the sleeper's look (2) comes
 * after the waker's store (1) and it does not sleep. See README.md for the whole argument.
 */
import { exchange, load, notify, store, waitAsync } from '../../runtime/atomics.js';

const AWAKE = 0;
const PARKED = 1;
const PARKED_FOR_ROOM = 2;

/** The sleeping side of one parked word. */
export class Parking {
  readonly #words: Int32Array;
  readonly #index: number;
  readonly #hasWork: () => boolean;
  readonly #onWake: () => void;
  /** A wait of ours is registered: it serves however often we park and unpark in the meantime. */
  #waiting = false;
  #parked = false;

  /**
   * @param hasWork the second look: whether there is anything to do that the other side published, room to write included
   * @param onWake called in a turn of its own after a wake; it may be spurious, so it must look and park again
   */
  constructor(words: Int32Array, index: number, hasWork: () => boolean, onWake: () => void) {
    this.#words = words;
    this.#index = index;
    this.#hasWork = hasWork;
    this.#onWake = onWake;
  }

  /** Whether we last parked and neither unparked nor were woken since. */
  get parked(): boolean {
    return this.#parked;
  }

  /** Parks. `false`: there is something to do, we are awake. `forRoom`: be woken too when the other side has made room. */
  park(forRoom: boolean): boolean {
    const state = forRoom ? PARKED_FOR_ROOM : PARKED;
    store(this.#words, this.#index, state);
    if (this.#hasWork()) {
      this.unpark();
      return false;
    }
    this.#parked = this.#waiting || this.#wait(state);
    return this.#parked;
  }

  /** From here on we look by ourselves. */
  unpark(): void {
    this.#parked = false;
    store(this.#words, this.#index, AWAKE);
  }

  /** Ends a wait that is still registered, so that nothing is left behind. */
  close(): void {
    this.unpark();
    if (this.#waiting) notify(this.#words, this.#index);
  }

  #wait(state: number): boolean {
    const wait = waitAsync(this.#words, this.#index, state);
    if (!wait.async) return false;
    this.#waiting = true;
    void wait.value.then(this.#woken);
    return true;
  }

  readonly #woken = (): void => {
    this.#waiting = false;
    this.#parked = false;
    this.#onWake();
  };
}

/** Whether the side of this word sleeps, or is about to. A hint: it may have changed by now. */
export function isParked(words: Int32Array, index: number): boolean {
  return load(words, index) !== AWAKE;
}

/** Wakes the side that sleeps on this word, if it does: after records were published for it. */
export function wake(words: Int32Array, index: number): void {
  if (load(words, index) !== AWAKE && exchange(words, index, AWAKE) !== AWAKE) notify(words, index, 1);
}

/** Wakes the side that sleeps on this word if it waits for room: after records of its were released. */
export function wakeForRoom(words: Int32Array, index: number): void {
  if (load(words, index) === PARKED_FOR_ROOM && exchange(words, index, AWAKE) !== AWAKE) notify(words, index, 1);
}
