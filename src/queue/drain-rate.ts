/**
 * How fast the queue of a busy pool drains into the workers, from its own record: counts at two times between which it had no slack. Looked at now and then
 * (a refusal, a turn of the overload control), never for each task.
 */
const WINDOW_MS = 100;
/** Fewer tasks in a window say little; it goes on until there are so many. */
const TASKS_MIN = 16;
const NEWEST_WEIGHT = 0.4;

export class DrainRate {
  #fromMs = NaN;
  #fromCount = 0;
  #perMs = NaN;

  /**
   * Takes the number of tasks handed over so far.
   *
   * @param busySinceMs since when the pool has had more than it can do, `Infinity` when it has not
   */
  note(nowMs: number, handedOver: number, busySinceMs: number): void {
    if (!(busySinceMs <= this.#fromMs)) return this.#restart(nowMs, handedOver);
    const elapsedMs = nowMs - this.#fromMs;
    const count = handedOver - this.#fromCount;
    if (elapsedMs < WINDOW_MS || count < TASKS_MIN) return;
    const perMs = count / elapsedMs;
    this.#perMs = Number.isNaN(this.#perMs) ? perMs : this.#perMs + NEWEST_WEIGHT * (perMs - this.#perMs);
    this.#restart(nowMs, handedOver);
  }

  /** Tasks handed over in a ms, as seen lately; less when the present window shows that it has become less. NaN while nothing is known. */
  perMs(nowMs: number, handedOver: number): number {
    const elapsedMs = nowMs - this.#fromMs;
    if (!(elapsedMs > WINDOW_MS)) return this.#perMs;
    return Math.min(this.#perMs, (handedOver - this.#fromCount + 1) / elapsedMs);
  }

  #restart(nowMs: number, handedOver: number): void {
    this.#fromMs = nowMs;
    this.#fromCount = handedOver;
  }
}
