/** Watches the event loop of the main thread by a thread of its own: see `main-watch-thread.ts`. Costs that thread, some 5 MB, and a timer here. */
import { Worker as Thread } from 'node:worker_threads';
import { add } from '../runtime/atomics.js';
import type { MainWatchData, Stall } from './main-watch-thread.js';
import { clearInterval, setInterval } from '../runtime/host-timers.js';

export type { Stall };

/** In a variable: bundlers rewrite the literal form, some of them wrongly. */
const ENTRY = new URL('./main-watch-thread.js', import.meta.url);

/** Beats within the limit: as many may come late. */
const BEATS = 4;

export class MainWatch {
  readonly #timer: NodeJS.Timeout;
  readonly #thread: Thread;

  /** @param onStall called when the main thread goes on after it stood still for `afterMs` */
  constructor(poolName: string, afterMs: number, onStall: (stall: Stall) => void) {
    const beat = new SharedArrayBuffer(4);
    const words = new Int32Array(beat);
    this.#timer = setInterval(() => void add(words, 0, 1), Math.max(1, afterMs / BEATS));
    this.#timer.unref();
    const workerData: MainWatchData = { beat, afterMs, poolName };
    // No flags: one that preloads modules has no business here.
    this.#thread = new Thread(ENTRY, { name: 'millrace-watch', workerData, execArgv: [] });
    this.#thread.on('message', onStall);
    // Where it cannot run nobody watches; the program is none the worse for it.
    this.#thread.on('error', () => this.stop());
    this.#thread.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    void this.#thread.terminate();
  }
}
