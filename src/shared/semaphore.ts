/**
 * At most so many at once: permits that threads take and give back.
 *
 *     word 0 number of permits     1… one word a permit: 0 free, or the token of the thread that has it
 *
 * acquire:  compare-and-swap any free word for our token; none is free: wait (`wait-point.ts`)
 * release:  store 0 in that word; tell those who wait
 *
 * As each permit names its holder, one whose holder has died is taken over like a free one: permits are never lost, and nothing is poisoned, as a
 * semaphore limits how many and guards no data. Cost: O(permits) at worst, some ns each.
 *
 * Fairness as for the mutex. A permit is given back by the thread that took it.
 */
import { compareExchange, load, store } from '../runtime/atomics.js';
import { wholeNumber } from '../runtime/own-options.js';
import { AsyncWaiters } from './async-waiters.js';
import { block } from './block.js';
import { timeoutMs } from './claim.js';
import type { BlockOptions, Claim, WaitOptions } from './claim.js';
import { deadlockError, isAbandoned } from './mutex.js';
import { allocate, memoryOf, pointWord, stateWord } from './shared-object.js';
import type { SharedHandle } from './shared-object.js';
import { WaitPoint } from './wait-point.js';

const PERMITS = stateWord(1);
const FIRST = PERMITS + 1;
const PERMITS_MAX = 65_536;

export type SemaphoreHandle = SharedHandle<'semaphore'>;

export class Semaphore implements SharedHandle<'semaphore'> {
  readonly type = 'semaphore' as const;
  readonly memory: SharedArrayBuffer;
  /** How many permits there are. */
  readonly permits: number;
  readonly #words: Int32Array;
  readonly #point: WaitPoint;
  readonly #waiters: AsyncWaiters;

  /** @param permits 1 to 65,536 */
  constructor(permits: number);
  /** @internal */
  constructor(permits: number, memory: SharedArrayBuffer);
  constructor(permits: number, memory?: SharedArrayBuffer) {
    this.permits = wholeNumber('Semaphore: permits', permits, 1, PERMITS_MAX);
    this.memory = memory ?? allocate(1, 1 + permits);
    this.#words = new Int32Array(this.memory);
    if (memory === undefined) this.#words[PERMITS] = permits;
    this.#point = new WaitPoint(this.#words, pointWord(0));
    this.#waiters = new AsyncWaiters(this.#point);
  }

  /** The semaphore behind what a task was given. */
  static from(handle: SemaphoreHandle): Semaphore {
    if (handle instanceof Semaphore) return handle;
    const memory = memoryOf('semaphore', handle);
    return new Semaphore(new Int32Array(memory)[PERMITS] as number, memory);
  }

  /** Waits on the event loop for a permit. Rejects with a WaitTimeoutError or the signal's reason. */
  async acquire(options?: WaitOptions): Promise<Permit> {
    const limitMs = timeoutMs('Semaphore.acquire', options);
    const claim = new PermitClaim('Semaphore.acquire', () => this.#take());
    await this.#waiters.wait(claim, limitMs, options?.signal);
    return this.#permit(claim.permit);
  }

  /** Blocks the thread until there is a permit: for worker threads. Throws a WaitTimeoutError, `ERR_DEADLOCK` when this thread has them all. */
  acquireSync(options?: BlockOptions): Permit {
    const limitMs = timeoutMs('Semaphore.acquireSync', options);
    const claim = new PermitClaim('Semaphore.acquireSync', () => this.#take());
    if (claim.attempt()) return this.#permit(claim.permit);
    if (this.#hasAll()) throw deadlockError('Semaphore.acquireSync: this thread has all the permits');
    block(this.#point, claim, limitMs);
    return this.#permit(claim.permit);
  }

  /** A permit if there is one and nobody of this thread waits for one; `undefined` otherwise. */
  tryAcquire(): Permit | undefined {
    const permit = this.#waiters.length === 0 ? this.#take() : NONE;
    return permit === NONE ? undefined : this.#permit(permit);
  }

  /** Runs `fn` while it has a permit. */
  async run<R>(fn: () => R | PromiseLike<R>, options?: WaitOptions): Promise<R> {
    const permit = await this.acquire(options);
    try {
      return await fn();
    } finally {
      permit.release();
    }
  }

  /** Runs `fn` while it has a permit; blocks the thread until it has one. */
  runSync<R>(fn: () => R, options?: BlockOptions): R {
    const permit = this.acquireSync(options);
    try {
      return fn();
    } finally {
      permit.release();
    }
  }

  /** Number of this object among the shared objects of the process; see `blockedThreads()`. */
  get id(): number {
    return this.#point.id;
  }

  /** Permits that nobody has, at the moment. */
  get available(): number {
    let free = 0;
    for (let index = 0; index < this.permits; index += 1) if (this.#isFree(load(this.#words, FIRST + index))) free += 1;
    return free;
  }

  /** Index of the permit taken. */
  #take(): number {
    if (!this.#point.mayTake()) return NONE;
    const { me } = this.#point.table;
    for (let index = 0; index < this.permits; index += 1) {
      const holder = load(this.#words, FIRST + index);
      if (this.#isFree(holder) && compareExchange(this.#words, FIRST + index, holder, me) === holder) return index;
    }
    return NONE;
  }

  #isFree(holder: number): boolean {
    return holder === 0 || isAbandoned(this.#point, holder);
  }

  #hasAll(): boolean {
    const { me } = this.#point.table;
    for (let index = 0; index < this.permits; index += 1) if (load(this.#words, FIRST + index) !== me) return false;
    return true;
  }

  #permit(index: number): Permit {
    return new Permit(() => {
      store(this.#words, FIRST + index, 0);
      this.#point.changed();
    });
  }
}

const NONE = -1;

class PermitClaim implements Claim {
  readonly what: string;
  permit = NONE;
  readonly #take: () => number;

  constructor(what: string, take: () => number) {
    this.what = what;
    this.#take = take;
  }

  attempt(): boolean {
    this.permit = this.#take();
    return this.permit !== NONE;
  }

  owner(): number {
    return 0;
  }

  giveUp(): void {
    // A failed attempt leaves nothing behind.
  }
}

/** A permit taken. Release it once, or let `using` do it. */
export class Permit implements Disposable {
  #release: (() => void) | undefined;

  /** @internal */
  constructor(release: () => void) {
    this.#release = release;
  }

  /** Does nothing when it has been released. */
  release(): void {
    const release = this.#release;
    this.#release = undefined;
    release?.();
  }

  [Symbol.dispose](): void {
    this.release();
  }
}
