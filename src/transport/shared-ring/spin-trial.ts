/**
 * Whether looking again and again beats sleeping, found out by trying both.
 *
 * With a core to spare for each side, a round trip takes 3 µs where both look and 20 µs where both sleep. Where others want the cores it is the other way
 * round: whoever looks uses up its share of time and is set aside in the middle of a task, while a sleeper is let in at once when it is woken.
 *
 *     | spinning: 2,048 round trips | sleeping: 16 | spinning: 8,192 | sleeping: 16 | ...       the longer the clearer the last result
 *
 * Only round trips of a single task count: those of batches tell more about the tasks. One for each ring; costs some additions a round trip.
 */
const TRIAL = 16;
const INTERVAL_MIN = 2_048;
const INTERVAL_MAX = 65_536;
/** Round trips that a mean looks back on. */
const MEMORY = 128;
/** Longer ones count as this: a pause of the whole program says nothing about either way, in ms. */
const LONGEST_MS = 0.5;
/** A result this clear need not be looked at again soon. */
const CLEAR = 2;

/** A mean of the last round trips. */
class RecentMean {
  #count = 0;
  #mean = 0;

  get value(): number {
    return this.#mean;
  }

  add(value: number): void {
    if (this.#count < MEMORY) this.#count += 1;
    this.#mean += (value - this.#mean) / this.#count;
  }

  reset(): void {
    this.#count = 0;
    this.#mean = 0;
  }
}

export class SpinTrial {
  #spins = true;
  #trying = false;
  #interval = INTERVAL_MIN;
  #left = INTERVAL_MIN;
  readonly #spinning: RecentMean = new RecentMean();
  readonly #sleeping: RecentMean = new RecentMean();

  /** Whether to look again and again at present. */
  get spins(): boolean {
    return this.#spins;
  }

  /** A single task went there and back in this time. Returns whether `spins` has changed. */
  roundTrip(ms: number): boolean {
    (this.#spins ? this.#spinning : this.#sleeping).add(ms < LONGEST_MS ? ms : LONGEST_MS);
    this.#left -= 1;
    if (this.#left > 0) return false;
    if (this.#trying) return this.#judge();
    this.#trying = true;
    this.#left = TRIAL;
    this.#switch();
    return true;
  }

  #judge(): boolean {
    this.#trying = false;
    const ratio = this.#sleeping.value / this.#spinning.value;
    this.#interval = ratio > CLEAR || ratio < 1 / CLEAR ? Math.min(INTERVAL_MAX, this.#interval * 4) : INTERVAL_MIN;
    this.#left = this.#interval;
    if (this.#spins === ratio >= 1) return false;
    this.#switch();
    return true;
  }

  /** What is tried is measured anew. */
  #switch(): void {
    this.#spins = !this.#spins;
    if (this.#trying) (this.#spins ? this.#spinning : this.#sleeping).reset();
  }
}
