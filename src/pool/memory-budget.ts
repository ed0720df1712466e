import { ownResidentBytes } from '../runtime/memory-use.js';

/**
 * Memory for several pools together: what this process takes, and the worker processes of all of them. What threads take is part of this process, so each pool
 * notes only what its processes take, and sees what is left for all.
 */
export class MemoryBudget {
  readonly limitBytes: number;
  readonly #processBytes: () => number;
  readonly #workerBytes: Map<object, number> = new Map();

  /**
   * @param limitBytes for all pools together, this process included
   * @param processBytes what this process takes now
   */
  constructor(limitBytes: number, processBytes: () => number = ownResidentBytes) {
    this.limitBytes = limitBytes;
    this.#processBytes = processBytes;
  }

  /** Notes what the worker processes of `pool` take, and returns what all take together, in bytes. */
  used(pool: object, workerBytes: number): number {
    this.#workerBytes.set(pool, workerBytes);
    let sum = this.#processBytes();
    for (const bytes of this.#workerBytes.values()) sum += bytes;
    return sum;
  }

  /** The workers of `pool` are gone. */
  leave(pool: object): void {
    this.#workerBytes.delete(pool);
  }
}
