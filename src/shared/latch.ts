/**
 * A gate that opens once, when a count has come down to zero.
 *
 *     word 0 the count
 *
 * countDown: lower the count, not below 0; when it has become 0, tell those who wait.     wait: until the count is 0 (`wait-point.ts`).
 *
 * It belongs to nobody: a thread that dies before it counts down leaves the gate closed, so wait with a timeout where that can be.
 */
import { compareExchange, load } from '../runtime/atomics.js';
import { wholeNumber } from '../runtime/own-options.js';
import { AsyncWaiters } from './async-waiters.js';
import { block } from './block.js';
import { timeoutMs } from './claim.js';
import type { BlockOptions, Claim, WaitOptions } from './claim.js';
import { allocate, memoryOf, pointWord, stateWord } from './shared-object.js';
import type { SharedHandle } from './shared-object.js';
import { WaitPoint } from './wait-point.js';

const COUNT = stateWord(1);
const COUNT_MAX = 0x7fff_ffff;

export type LatchHandle = SharedHandle<'latch'>;

export class Latch implements SharedHandle<'latch'> {
  readonly type = 'latch' as const;
  readonly memory: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #point: WaitPoint;
  readonly #waiters: AsyncWaiters;

  /** @param count 0 (open) to 2^31 - 1 */
  constructor(count: number);
  /** @internal */
  constructor(count: number, memory: SharedArrayBuffer);
  constructor(count: number, memory?: SharedArrayBuffer) {
    this.memory = memory ?? allocate(1, 1);
    this.#words = new Int32Array(this.memory);
    if (memory === undefined) this.#words[COUNT] = wholeNumber('Latch: count', count, 0, COUNT_MAX);
    this.#point = new WaitPoint(this.#words, pointWord(0));
    this.#waiters = new AsyncWaiters(this.#point);
  }

  /** The latch behind what a task was given. */
  static from(handle: LatchHandle): Latch {
    return handle instanceof Latch ? handle : new Latch(0, memoryOf('latch', handle));
  }

  /** Lowers the count by `by`, not below 0. Returns what is left. */
  countDown(by: number = 1): number {
    wholeNumber('Latch.countDown: by', by, 0, COUNT_MAX);
    for (;;) {
      const count = load(this.#words, COUNT);
      const left = Math.max(0, count - by);
      if (compareExchange(this.#words, COUNT, count, left) !== count) continue;
      if (left === 0) this.#point.changed();
      return left;
    }
  }

  /** What is left to count down. */
  get count(): number {
    return load(this.#words, COUNT);
  }

  /** Waits on the event loop until the count is 0. Rejects with a WaitTimeoutError or the signal's reason. */
  async wait(options?: WaitOptions): Promise<void> {
    await this.#waiters.wait(this.#claim('Latch.wait'), timeoutMs('Latch.wait', options), options?.signal);
  }

  /** Blocks the thread until the count is 0: for worker threads. Throws a WaitTimeoutError. */
  waitSync(options?: BlockOptions): void {
    block(this.#point, this.#claim('Latch.waitSync'), timeoutMs('Latch.waitSync', options));
  }

  /** Number of this object among the shared objects of the process; see `blockedThreads()`. */
  get id(): number {
    return this.#point.id;
  }

  #claim(what: string): Claim {
    return { what, attempt: () => load(this.#words, COUNT) === 0, owner: () => 0, giveUp: () => undefined };
  }
}
