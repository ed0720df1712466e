/** Waiting that blocks the thread: for worker threads. */
import { systemClock } from '../runtime/clock.js';
import { cpuLimit } from '../runtime/limits.js';
import { timeoutError } from './claim.js';
import type { Claim } from './claim.js';
import { LOSSES_MAX } from './wait-point.js';
import type { WaitPoint } from './wait-point.js';

/** Attempts before a thread goes to sleep, where whoever it waits for can run meanwhile (P): some µs, less than a sleep and a wake cost. */
const SPIN_TRIES = 50;

let spins: number | undefined;

/** Attempts before a thread goes to sleep. */
export function spinTries(): number {
  return (spins ??= cpuLimit().cpus > 1 ? SPIN_TRIES : 0);
}

/** Sets that number for this thread: the interleaving tests, where each attempt is a step. */
export function setSpinTries(tries: number): void {
  spins = tries;
}

/**
 * Blocks until the claim is ours. The event loop of this thread stands still meanwhile.
 *
 * @throws WaitTimeoutError after `limitMs`; what the claim throws
 */
export function block(point: WaitPoint, claim: Claim, limitMs: number): void {
  const sleeper = new Sleeper(point, claim, limitMs);
  try {
    sleeper.run();
  } catch (error) {
    claim.giveUp();
    throw error;
  } finally {
    if (sleeper.reserved) point.unreserve();
  }
}

class Sleeper {
  reserved = false;
  readonly #point: WaitPoint;
  readonly #claim: Claim;
  readonly #limitMs: number;

  constructor(point: WaitPoint, claim: Claim, limitMs: number) {
    this.#point = point;
    this.#claim = claim;
    this.#limitMs = limitMs;
  }

  /** Spins, then takes the steps of who waits: see `wait-point.ts`. */
  run(): void {
    for (let tries = spinTries(); tries > 0; tries -= 1) if (this.#claim.attempt()) return;
    const endsAt = this.#limitMs === Infinity ? Infinity : systemClock.now() + this.#limitMs;
    for (let losses = 0; ; losses += 1) {
      const key = this.#point.announce();
      if (this.#claim.attempt()) return;
      if (losses >= LOSSES_MAX && !this.reserved) this.reserved = this.#point.reserve();
      const leftMs = endsAt === Infinity ? Infinity : endsAt - systemClock.now();
      if (leftMs <= 0) throw timeoutError(this.#claim.what, this.#limitMs);
      this.#point.sleep(key, leftMs, this.#claim.owner());
    }
  }
}
