/** A gate: who comes to it waits until it is opened, and who opens it can wait until somebody has come. What tests hold on to instead of time. */
import { deferred } from '../runtime/deferred.js';
import type { Deferred } from '../runtime/deferred.js';

export class Gate {
  readonly #waiting: Deferred<void>[] = [];
  readonly #awaited: { readonly count: number; readonly come: Deferred<void> }[] = [];
  #isOpen = false;
  #passes = 0;
  #arrivals = 0;

  /** How many have come to the gate, those that have passed it among them. */
  get arrivals(): number {
    return this.#arrivals;
  }

  /** Comes to the gate; resolves when it may pass. */
  wait(): Promise<void> {
    this.#arrivals += 1;
    for (const { count, come } of this.#awaited) if (this.#arrivals >= count) come.resolve();
    if (this.#isOpen) return Promise.resolve();
    if (this.#passes > 0) {
      this.#passes -= 1;
      return Promise.resolve();
    }
    const pass = deferred<void>();
    this.#waiting.push(pass);
    return pass.promise;
  }

  /** Resolves when `count` have come since the gate was made. */
  async arrived(count = 1): Promise<void> {
    if (this.#arrivals >= count) return;
    const come = deferred<void>();
    this.#awaited.push({ count, come });
    await come.promise;
  }

  /** Lets `count` pass: those that have waited longest, then the next to come. */
  release(count = 1): void {
    const passing = this.#waiting.splice(0, count);
    this.#passes += count - passing.length;
    for (const pass of passing) pass.resolve();
  }

  /** Lets everybody pass from now on. */
  open(): void {
    this.#isOpen = true;
    this.release(this.#waiting.length);
  }
}
