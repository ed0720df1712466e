/** What tasks need of a CPU, from the times of the worker threads and the time that tasks occupied them: shares that fade with what is done, not with time. */
import type { ScheduleTimes } from '../runtime/thread-schedule.js';

/** Occupied time after which earlier readings have lost most of their weight, in ms for each worker. */
const MEMORY_MS = 5_000;
/** Less occupied time than this says nothing of what tasks need. */
const OCCUPIED_MS_MIN = 50;

export class CpuShares {
  #occupiedMs = 0;
  /** Fading sums, in ms. */
  #cpuMs = 0;
  #waitMs = 0;
  #placesMs = 0;

  /**
   * @param times what the workers ran and waited for a CPU since the last call; `undefined` where nobody knows
   * @param occupiedMs how long tasks have occupied places so far, in ms
   */
  take(times: ScheduleTimes | undefined, occupiedMs: number, workers: number): void {
    const placesMs = Math.max(0, occupiedMs - this.#occupiedMs);
    this.#occupiedMs = occupiedMs;
    if (times === undefined || placesMs === 0) return;
    const fade = Math.exp(-placesMs / (MEMORY_MS * Math.max(1, workers)));
    this.#cpuMs = this.#cpuMs * fade + times.cpuMs;
    this.#waitMs = this.#waitMs * fade + times.waitMs;
    this.#placesMs = this.#placesMs * fade + placesMs;
  }

  /** See `HostSignals.cpuDemand`. */
  get demand(): number | undefined {
    return this.#placesMs < OCCUPIED_MS_MIN ? undefined : Math.min(1, (this.#cpuMs + this.#waitMs) / this.#placesMs);
  }

  /** See `HostSignals.cpuWait`. */
  get wait(): number | undefined {
    const wantedMs = this.#cpuMs + this.#waitMs;
    return wantedMs <= 0 ? undefined : this.#waitMs / wantedMs;
  }
}
