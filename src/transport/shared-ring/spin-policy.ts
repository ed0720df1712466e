/**
 * Whether it pays to look for work again and again before going to sleep.
 *
 * Looking costs CPU time, sleeping costs the other side a system call and us tens of microseconds to be woken. The score falls fast when we
 * looked in vain and rises slowly, by successes while we look and by short sleeps while we do not. So a stream of quick answers keeps it on,
 * and one of slow answers (or none) costs a few budgets and then nothing.
 */
const SCORE_MAX = 8;
const SCORE_MIN = -4;
const MISS_COST = 2;

export class SpinPolicy {
  /** Longest time to look before sleeping, in ms; 0 for never. */
  readonly budgetMs: number;
  readonly #shortSleepMs: number;
  #score: number = SCORE_MAX;

  /** @param shortSleepMs a sleep of up to this long would not have happened had we looked: the budget plus what a wake-up takes */
  constructor(budgetMs: number, shortSleepMs: number) {
    this.budgetMs = budgetMs;
    this.#shortSleepMs = shortSleepMs;
  }

  get pays(): boolean {
    return this.#score >= 0 && this.budgetMs > 0;
  }

  /** Something came while we looked. */
  hit(): void {
    if (this.#score < SCORE_MAX) this.#score += 1;
  }

  /** Nothing came within the budget. */
  miss(): void {
    this.#score = Math.max(SCORE_MIN, this.#score - MISS_COST);
  }

  /** We slept this long until something came. */
  slept(ms: number): void {
    if (ms <= this.#shortSleepMs) this.hit();
  }
}
