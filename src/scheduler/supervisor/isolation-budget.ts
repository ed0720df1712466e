/**
 * How many workers may be isolated: at most a third of them within 30 s, and one in any case. More than that is no fault of workers; to go on replacing them would
 * only take away what still serves. A replaced worker counts for the 30 s, so a pool whose workers go bad as fast as they are replaced is bounded as well.
 */
const WINDOW_MS = 30_000;

/** Time is an argument, in ms, and never goes backwards. */
export class IsolationBudget {
  #times: number[] = [];

  /** Takes one isolation from the budget of a pool of `workers`; `false` when there is none left. */
  take(nowMs: number, workers: number): boolean {
    this.#forget(nowMs);
    if (this.#times.length >= isolatedMax(workers)) return false;
    this.#times.push(nowMs);
    return true;
  }

  /** When the oldest isolation stops counting; `nowMs` when none does. */
  freeAt(nowMs: number): number {
    this.#forget(nowMs);
    const [oldest] = this.#times;
    return oldest === undefined ? nowMs : oldest + WINDOW_MS;
  }

  #forget(nowMs: number): void {
    this.#times = this.#times.filter((time) => time > nowMs - WINDOW_MS);
  }
}

/** Workers of a pool of `workers` that may be isolated at once. */
export function isolatedMax(workers: number): number {
  return Math.max(1, Math.floor(workers / 3));
}
