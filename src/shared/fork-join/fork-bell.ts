/**
 * How a thread sleeps without missing a child it could take, a result of its own or a cancellation.
 *
 * Sleeper:  1. say what it wants to hear of   2. look once more; if there is something: awake, go on   3. `waitAsync` while the word is what was said
 * Waker:    1. store what there is to see (mask, state, cancel word)   2. exchange the bell for AWAKE; if it was not, notify
 *
 * The order of these is total: either the waker's exchange comes after the sleeper's (1) and wakes it, or the sleeper's look (2) comes after the waker's (1)
 * and sees. One wait is registered however often the level changes; a wake may be for nothing.
 */
import { waitAsync } from '../../runtime/atomics.js';
import { AWAKE, BELL, type BellLevel, type ForkArea } from './fork-area.js';

export class ForkBell {
  readonly #area: ForkArea;
  readonly #seat: number;
  readonly #hasNews: (level: BellLevel, wants: number) => boolean;
  readonly #onRung: () => void;
  #level: BellLevel = AWAKE;
  #waiting = false;

  /**
   * @param hasNews the second look: whether there is anything that this level wants to hear of
   * @param onRung called in a turn of its own; it must look and say again what it wants to hear of
   */
  constructor(area: ForkArea, seat: number, hasNews: (level: BellLevel, wants: number) => boolean, onRung: () => void) {
    this.#area = area;
    this.#seat = seat;
    this.#hasNews = hasNews;
    this.#onRung = onRung;
  }

  /** What we last said. It may have rung since, then `onRung` is on its way. */
  get level(): BellLevel {
    return this.#level;
  }

  /** Says what we want to hear of. `false`: there is something already, and the bell is at rest. */
  set(level: BellLevel, wants = 0): boolean {
    this.#say(level, wants);
    if (level === AWAKE) return true;
    if (!this.#hasNews(level, wants) && (this.#waiting || this.#wait(level))) return true;
    this.#say(AWAKE, 0);
    return false;
  }

  #say(level: BellLevel, wants: number): void {
    this.#level = level;
    this.#area.setBell(this.#seat, level, wants);
  }

  #wait(level: BellLevel): boolean {
    const wait = waitAsync(this.#area.words, this.#area.seatWord(this.#seat) + BELL, level);
    if (!wait.async) return false;
    this.#waiting = true;
    void wait.value.then(this.#woken);
    return true;
  }

  readonly #woken = (): void => {
    this.#waiting = false;
    this.#level = AWAKE;
    this.#onRung();
  };
}
