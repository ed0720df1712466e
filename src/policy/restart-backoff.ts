/** How fast workers that fail are replaced: the wait before each replacement, and the rate past which the pool is degraded. */
import { Fifo } from '../collections/fifo.js';
import type { Random } from '../runtime/random.js';

const BASE_MS = 100;
const DELAY_MS_MAX = 30_000;
/** From here on the cap decides: 100 ms * 2^9 > 30 s. */
const EXPONENT_MAX = 9;

/**
 * The wait in ms before a worker is replaced, after `consecutiveFailures` failures without a success between them: none after the first, then
 * uniform in [0, min(30 s, 100 ms * 2^failures)).
 */
export function restartDelayMs(consecutiveFailures: number, random: Random): number {
  if (consecutiveFailures <= 1) return 0;
  return random() * Math.min(DELAY_MS_MAX, BASE_MS * 2 ** Math.min(EXPONENT_MAX, consecutiveFailures));
}

const WINDOW_MS = 10_000;
const RESTARTS_MIN = 3;

/** Restarts within the last 10 s. O(1) amortised. Time is an argument, in ms, and never goes backwards. */
export class RestartIntensity {
  readonly #times: Fifo<number> = new Fifo();

  /** A worker is replaced because it failed. */
  record(nowMs: number): void {
    this.#forget(nowMs);
    this.#times.push(nowMs);
  }

  /** Restarts in the 10 s up to now. */
  recent(nowMs: number): number {
    this.#forget(nowMs);
    return this.#times.length;
  }

  /** Whether there were more of them than a pool of `workers` may have: more than one for each worker, and more than three. */
  exceeded(nowMs: number, workers: number): boolean {
    return this.recent(nowMs) > Math.max(RESTARTS_MIN, workers);
  }

  #forget(nowMs: number): void {
    for (let oldest = this.#times.peek(); oldest !== undefined && oldest <= nowMs - WINDOW_MS; oldest = this.#times.peek()) this.#times.shift();
  }
}
