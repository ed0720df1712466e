/**
 * Tells when a run of tasks has kept the event loop waiting long enough, without a reading of the clock for each task: after one that took long
 * the next is looked at, after short ones up to 16 go by.
 */
import type { EventLoop } from './event-loop.js';

const TASKS_PER_READING_MAX = 16;

export class RunClock {
  readonly #loop: EventLoop;
  readonly #runMsMax: number;
  /** When the clock was last read. */
  nowMs = 0;
  #startMs = 0;
  #tasksPerReading = 1;
  #tasksLeft = 1;

  /** @param runMsMax longest run without a turn of the event loop */
  constructor(loop: EventLoop, runMsMax: number) {
    this.#loop = loop;
    this.#runMsMax = runMsMax;
  }

  /** The event loop has just had its turn. */
  start(): void {
    this.#startMs = this.nowMs = this.#loop.nowMs();
  }

  /** A task was handed over. `true`: the event loop is due. */
  afterTask(): boolean {
    this.#tasksLeft -= 1;
    if (this.#tasksLeft > 0) return false;
    const beforeMs = this.nowMs;
    this.nowMs = this.#loop.nowMs();
    const isSlow = this.nowMs - beforeMs > this.#runMsMax / 2;
    this.#tasksLeft = this.#tasksPerReading = isSlow ? 1 : Math.min(TASKS_PER_READING_MAX, this.#tasksPerReading * 2);
    return this.nowMs - this.#startMs > this.#runMsMax;
  }
}
