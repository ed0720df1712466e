/**
 * Tells for each level whether its tasks have been waiting too long for too long: not a burst, a queue that stands.
 *
 *     wait    .   .  /\   _______/\____    above the target throughout an interval: overloaded
 *     target  - - - /- \-/- - - - - - -    (the shortest wait of an interval is above it)
 *             _____/    v
 *
 * A burst makes a queue too, but one that empties. Overload ends when the wait has been within the target throughout an interval. The shortest
 * wait of an interval as the signal: CoDel (Nichols and Jacobson, 2012); for requests instead of packets: Maurer, "Fail at scale" (2015).
 */
export class SojournGauge {
  readonly #overloaded: boolean[];
  /** Since when the level has been on the other side of the target than its state says; `NaN` while it is not. */
  readonly #otherSince: Float64Array;

  constructor(levels: number) {
    this.#overloaded = new Array<boolean>(levels).fill(false);
    this.#otherSince = new Float64Array(levels).fill(NaN);
  }

  /** Whether some level is overloaded. O(levels). */
  get any(): boolean {
    return this.#overloaded.includes(true);
  }

  isOverloaded(level: number): boolean {
    return this.#overloaded[level] as boolean;
  }

  /** Takes the wait of the first in line of a level, 0 for an empty one. Returns whether its state has changed. O(1). */
  sample(level: number, nowMs: number, waitMs: number, targetMs: number, intervalMs: number): boolean {
    const above = waitMs > targetMs;
    const since = this.#otherSince[level] as number;
    if (above === this.#overloaded[level]) {
      this.#otherSince[level] = NaN;
    } else if (Number.isNaN(since)) {
      this.#otherSince[level] = nowMs;
    } else if (nowMs - since >= intervalMs) {
      this.#overloaded[level] = above;
      this.#otherSince[level] = NaN;
      return true;
    }
    return false;
  }

  /** All levels are well: their waits mean nothing, since nothing is handed out. */
  reset(): void {
    this.#overloaded.fill(false);
    this.#otherSince.fill(NaN);
  }
}
