/**
 * A limit on the share of retries, so that a failing dependency is not hit with several times the normal load.
 *
 *     window of 10 s, one slot a second        balance = reserve + sum of the slots
 *     [ +3.4 | +2 | -1 | ... | +0.2 ]          first attempt: + ratio    retry: - 1
 *        ^ the slot of now; the slot that falls out of the window takes its deposits and withdrawals with it
 *
 * The reserve is what `floorPerSecond` gives over a window: a pool with next to no first attempts may still retry. So whenever a retry is
 * granted, the retries of the window ending there are at most `reserve + ratio * first attempts of that window`.
 */
const SLOTS = 10;
const SLOT_MS = 1_000;

/** Token bucket for retries over a window of 10 s. O(1), allocates nothing. Time is an argument, in ms on any one scale. */
export class RetryBudget {
  readonly #slots: Float64Array = new Float64Array(SLOTS);
  readonly #reserve: number;
  readonly #ratio: number;
  /** Number of the slot that is being filled, counted from time 0. */
  #current = -Infinity;
  /** When it is full, and its place: so that a deposit into it is one comparison and one addition. */
  #endMs = -Infinity;
  #place = 0;

  /**
   * @param ratio retries allowed for each first attempt, default 0.2
   * @param floorPerSecond retries allowed a second whatever the first attempts, averaged over the window, default 10
   */
  constructor(ratio = 0.2, floorPerSecond = 10) {
    this.#ratio = ratio;
    this.#reserve = floorPerSecond * ((SLOTS * SLOT_MS) / 1_000);
  }

  /** `n` tasks begin their first attempt. */
  onFirstAttempt(nowMs: number, n = 1): void {
    this.#add(nowMs, n * this.#ratio);
  }

  /** Takes one retry from the budget. `false` when there is none left: the task keeps its error. */
  tryRetry(nowMs: number): boolean {
    this.#advance(nowMs);
    if (this.#balance() < 1) return false;
    this.#add(nowMs, -1);
    return true;
  }

  #balance(): number {
    let sum = this.#reserve;
    for (let slot = 0; slot < SLOTS; slot += 1) sum += this.#slots[slot] as number;
    // Sums of 0.2 miss a whole number by some 1e-15: five first attempts do earn one retry.
    return sum + 1e-6;
  }

  #add(nowMs: number, tokens: number): void {
    this.#advance(nowMs);
    this.#slots[this.#place] = (this.#slots[this.#place] as number) + tokens;
  }

  /** Empties the slots that the window has moved onto. Time that goes backwards stays in the current slot. */
  #advance(nowMs: number): void {
    if (nowMs < this.#endMs) return;
    const next = Math.floor(nowMs / SLOT_MS);
    for (let number = Math.max(this.#current, next - SLOTS) + 1; number <= next; number += 1) this.#slots[slotOf(number)] = 0;
    this.#current = next;
    this.#endMs = (next + 1) * SLOT_MS;
    this.#place = slotOf(next);
  }
}

function slotOf(number: number): number {
  return ((number % SLOTS) + SLOTS) % SLOTS;
}
