/**
 * Which share of what arrives has to be refused so that the rest is served in time: a PI controller on the queue.
 *
 *     error = (inflow - outflow + (queued - target) * dt / DRAIN_MS - free slots - spared) / arrivals in dt
 *     share = Kp * error + sum of Ki * error * dt           within 0 .. shareMax
 *
 * So the share follows a surplus before much of it has queued up; the second term empties what has; free slots and tasks that were spared let the share
 * fall. What leaves the queue without being run (expired, cancelled, given up) is no outflow: refusing less would only make more of it. At the limits the sum stands still (anti-windup), so that it leaves them as soon as the error changes its sign.
 *
 * Source: Cinnamon's rejector (Uber, 2023), which regulates inflow against outflow and free slots. The term for the standing queue is ours: without
 * it a queue that grew while the share rose would stay as long as the overload does. Theirs divides by the outflow: then the loop is the hotter
 * the more arrives, and swings at ten times the capacity; a share of what arrives has to be measured in arrivals.
 */
const PROPORTIONAL = 0.1;
const INTEGRAL_PER_MS = 0.002;
/** A surplus in the queue is to be gone within this time (P). With the gain above the loop overshoots by a few percent and no more. */
const DRAIN_MS = 1_000;

/** What has happened since the last update. */
export interface ShedSignals {
  readonly elapsedMs: number;
  /** Tasks that came, refused or not. */
  readonly arrivals: number;
  /** Tasks that entered the queue. */
  readonly inflow: number;
  /** Tasks handed over to workers. */
  readonly outflow: number;
  /** Tasks queued now. */
  readonly queued: number;
  /** How many may be queued without waiting longer than they should. */
  readonly queuedTarget: number;
  /** Tasks that should have been refused by the share, and were not, since too few waited: without them workers would have gone idle. */
  readonly spared: number;
  /** Tasks that could begin at once. */
  readonly freeSlots: number;
  /** What the pool finishes in a ms when it is busy: the unit while little arrives. */
  readonly capacityPerMs: number;
}

/** One loop. O(1), allocates nothing. */
export class ShedController {
  readonly #shareMax: number;
  #sum = 0;
  #share = 0;

  /** @param shareMax largest share ever refused, 0 to 1 */
  constructor(shareMax: number) {
    this.#shareMax = shareMax;
  }

  /** Share of the arrivals to refuse, 0 to `shareMax`. */
  get share(): number {
    return this.#share;
  }

  /** Begins at a share that was estimated some other way, where it is larger: the loop need not find it step by step. */
  begin(share: number): void {
    this.#sum = Math.max(this.#sum, this.#within(share));
    this.#share = Math.max(this.#share, this.#sum);
  }

  /** Takes in what has happened. With `mayRise` false the share falls or stays: help is on its way. */
  update(signals: ShedSignals, mayRise = true): number {
    const { elapsedMs, arrivals, inflow, outflow, queued, queuedTarget, freeSlots, spared, capacityPerMs } = signals;
    const surplus = inflow - outflow + ((queued - queuedTarget) * elapsedMs) / DRAIN_MS - freeSlots - spared;
    const error = surplus / Math.max(1, arrivals, capacityPerMs * elapsedMs);
    if (error > 0 && !mayRise) return this.#share;
    this.#sum = this.#within(this.#sum + INTEGRAL_PER_MS * elapsedMs * error);
    this.#share = this.#within(this.#sum + PROPORTIONAL * error);
    return this.#share;
  }

  /** Nothing is refused any more. */
  reset(): void {
    this.#sum = 0;
    this.#share = 0;
  }

  #within(share: number): number {
    return Math.min(this.#shareMax, Math.max(0, share));
  }
}
