/** `--memfree`: no further input starts while less memory is free; those that run go on. */
import type { Clock, Timer } from '../runtime/clock.js';
import { formatBytes } from './format.js';

/** Time between two looks (P). */
const LOOK_MS = 200;

export interface GatedPool {
  pause(): void;
  resume(): void;
}

export interface MemoryGateOptions {
  readonly freeBytesMin: number;
  readonly freeBytes: () => number;
  /** Whether the pool is to go on at all. */
  readonly mayResume: () => boolean;
  readonly say: (line: string) => void;
  readonly clock: Clock;
}

export class MemoryGate {
  readonly #pool: GatedPool;
  readonly #options: MemoryGateOptions;
  #timer: Timer | undefined;
  #isShut = false;

  constructor(pool: GatedPool, options: MemoryGateOptions) {
    this.#pool = pool;
    this.#options = options;
  }

  /** Looks now and from then on. */
  start(): void {
    this.#look();
    this.#timer = this.#options.clock.setTimer(LOOK_MS, () => this.start());
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #look(): void {
    const { freeBytes, freeBytesMin, mayResume, say } = this.#options;
    const free = freeBytes();
    if (free < freeBytesMin && !this.#isShut) {
      this.#isShut = true;
      this.#pool.pause();
      say(`${formatBytes(free)} of memory free, less than ${formatBytes(freeBytesMin)}: no further input starts until there is more`);
    } else if (free >= freeBytesMin && this.#isShut && mayResume()) {
      this.#isShut = false;
      this.#pool.resume();
    }
  }
}
