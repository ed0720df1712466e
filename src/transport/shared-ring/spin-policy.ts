/**
 * Whether it pays to look for work again and again before going to sleep, and for how long.
 *
 * Looking costs CPU time, sleeping costs the other side a system call and us tens of microseconds to be woken. The score falls fast when we
 * looked in vain and rises slowly, by successes while we look and by short sleeps while we do not. So a stream of quick answers keeps it on,
 * and one of slow answers (or none) costs a few budgets and then nothing.
 *
 * A sleeper may be woken on the core of the one that wakes it, while others have the rest (the collector's threads, for one). Then nothing can come while it looks, since
 * it looks on the core of the one it waits for, and yet all sleeps are short. Two things bound what that costs. Who found something the last times looks a few times as
 * long as that took, not for the whole budget. And looks in vain in a row cost twice as much each, until one finds something.
 */
const SCORE_MAX = 8;
const SCORE_MIN = -64;
const MISS_COST = 2;

/** So many times as long as it took lately (P). */
const GAPS = 3;
/** But no shorter than this: less than a wake-up takes, in ms (P). */
const LOOK_MS_MIN = 0.02;
/** Weight of the newest time in the moving mean. */
const NEWEST = 0.125;

export class SpinPolicy {
  /** Longest time to look before sleeping, in ms; 0 for never. */
  readonly budgetMs: number;
  readonly #shortSleepMs: number;
  #score: number = SCORE_MAX;
  /** Looks in vain since the last that was not. */
  #misses = 0;
  /** Moving mean of how long we looked until something came. */
  #gapMs: number;

  /** @param shortSleepMs a sleep of up to this long would not have happened had we looked: the budget plus what a wake-up takes */
  constructor(budgetMs: number, shortSleepMs: number) {
    this.budgetMs = budgetMs;
    this.#shortSleepMs = shortSleepMs;
    this.#gapMs = budgetMs;
  }

  get pays(): boolean {
    return this.#score >= 0 && this.budgetMs > 0;
  }

  /** How long to look now, where `longestMs` is the most: the whole of it after a look in vain, which may have been too short. */
  lookMs(longestMs: number): number {
    return this.#misses > 0 ? longestMs : Math.min(longestMs, Math.max(LOOK_MS_MIN, GAPS * this.#gapMs));
  }

  /** Something came while we looked, after so long. */
  hit(gapMs: number): void {
    this.#misses = 0;
    this.#gapMs += NEWEST * (Math.min(gapMs, this.#shortSleepMs) - this.#gapMs);
    this.#rise();
  }

  /** Nothing came while we looked. */
  miss(): void {
    this.#score = Math.max(SCORE_MIN, this.#score - (MISS_COST << Math.min(this.#misses, 5)));
    this.#misses += 1;
  }

  /** We slept this long until something came. */
  slept(ms: number): void {
    if (ms <= this.#shortSleepMs) this.#rise();
  }

  #rise(): void {
    if (this.#score < SCORE_MAX) this.#score += 1;
  }
}
