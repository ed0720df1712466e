/**
 * Whether a long run of submissions waits for the workers.
 *
 * Whoever submits tasks of next to no work faster than they are done builds a queue of young objects, and the collector copies all of them, with threads that take the
 * workers' cores, so the queue grows faster still. To wait until most of it has been done costs nothing that would not be waited for afterwards, and what
 * a task needs dies young. A wait in which nothing was answered says that the worker has no core or is busy with something else: then it is not tried again for a while.
 */

/** Longest execution time for which the caller waits, in ms (P): up to here one worker does all that the caller can submit. */
export const PACED_SERVICE_MS: number = 0.0035;
/** Queued tasks from which it waits, and down to which (P): few enough that they die young, enough that no worker runs dry. */
export const PACED_QUEUE: number = 256;
/** Longest wait, in ms (P): a few wake-ups. */
export const PACE_MS: number = 0.3;
/** The same in looks, each at all workers: for clocks that stand still. */
export const PACE_LOOKS_MAX: number = 8_192;
/** Looks between two readings of the clock. */
export const LOOKS_PER_CLOCK: number = 16;
/** Most chances that are passed over after waits in vain. */
const SKIPS_MAX = 32;

export class Pace {
  /** Chances to pass over after the next wait in vain, and now. */
  #skips = 1;
  #left = 0;

  /** Whether to wait now; each call is one chance. */
  isDue(): boolean {
    if (this.#left === 0) return true;
    this.#left -= 1;
    return false;
  }

  /** A wait has ended. `answered`: workers have answered something in it. */
  ended(answered: boolean): void {
    this.#left = answered ? 0 : this.#skips;
    this.#skips = answered ? 1 : Math.min(SKIPS_MAX, this.#skips * 2);
  }
}
