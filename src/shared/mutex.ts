/**
 * A lock that one thread holds at a time, wherever its threads run.
 *
 *     OWNER word:   0 free      token of the holder      POISONED (sign bit): a holder died and nobody has cleared it since
 *
 * lock:     1. load OWNER; held by a living thread: wait (`wait-point.ts`)   2. compare-and-swap it for the same word with our token   3. from 1 if that failed
 * unlock:   1. compare-and-swap the word for the same without our token      2. tell those who wait
 *
 * Each transition is one compare-and-swap of one word, so a thread may be ended between any two instructions and leaves one of these states. A dead
 * holder's token is dead (`thread-table.ts`): whoever meets it swaps the word for POISONED, and every lock is refused with a PoisonedError until
 * somebody has looked at the data (`acceptPoisoned`) and called `clearPoison()`.
 *
 * Fairness: newcomers may pass those who wait, a bounded number of times (`wait-point.ts`). Not re-entrant: a blocking lock in the thread that holds
 * it would never end and throws instead. Asynchronous ones wait: the holder may be another task of the same thread.
 *
 * Cost: free, some 0.1 µs to lock and unlock; contended, some µs while it spins, some 50 µs once it sleeps. Asynchronous, some µs more.
 */
import { MillraceError, PoisonedError } from '../errors.js';
import { assert } from '../runtime/assert.js';
import { compareExchange, load } from '../runtime/atomics.js';
import { AsyncWaiters } from './async-waiters.js';
import { block } from './block.js';
import { timeoutMs } from './claim.js';
import type { BlockOptions, Claim, WaitOptions } from './claim.js';
import { allocate, memoryOf, pointWord, stateWord } from './shared-object.js';
import type { SharedHandle } from './shared-object.js';
import { TOKEN_MASK } from './thread-table.js';
import { WaitPoint } from './wait-point.js';

const OWNER = stateWord(1);
/** A holder has died. */
export const POISONED: number = 1 << 31;

export type MutexHandle = SharedHandle<'mutex'>;

/** Whether a lock whose holder died is taken all the same. */
export interface PoisonOptions {
  /** Take the lock even when a holder has died: to look at the data, repair it and call `clearPoison()`. Default false. */
  readonly acceptPoisoned?: boolean;
}

export const POISON_NAMES: readonly (keyof PoisonOptions)[] = ['acceptPoisoned'];

export class Mutex implements SharedHandle<'mutex'> {
  readonly type = 'mutex' as const;
  readonly memory: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #point: WaitPoint;
  readonly #waiters: AsyncWaiters;
  readonly #lock: GuardedLock = this.#guardedLock(false);
  readonly #acceptingLock: GuardedLock = this.#guardedLock(true);

  constructor();
  /** @internal */
  constructor(memory: SharedArrayBuffer);
  constructor(memory: SharedArrayBuffer = allocate(1, 1)) {
    this.memory = memory;
    this.#words = new Int32Array(memory);
    this.#point = new WaitPoint(this.#words, pointWord(0));
    this.#waiters = new AsyncWaiters(this.#point);
  }

  /** The mutex behind what a task was given. */
  static from(handle: MutexHandle): Mutex {
    return handle instanceof Mutex ? handle : new Mutex(memoryOf('mutex', handle));
  }

  /**
   * Waits on the event loop until the lock is ours.
   *
   * @throws (rejects with) PoisonedError, WaitTimeoutError, the signal's reason
   */
  async lock(options?: WaitOptions & PoisonOptions): Promise<MutexGuard> {
    const limitMs = timeoutMs('Mutex.lock', options, POISON_NAMES);
    const acceptPoisoned = options?.acceptPoisoned === true;
    await this.#waiters.wait(this.#claim('Mutex.lock', acceptPoisoned), limitMs, options?.signal);
    return this.#guard(acceptPoisoned);
  }

  /**
   * Blocks the thread until the lock is ours: for worker threads.
   *
   * @throws PoisonedError, WaitTimeoutError, and `ERR_DEADLOCK` when this thread holds it
   */
  lockSync(options?: BlockOptions & PoisonOptions): MutexGuard {
    const acceptPoisoned = options?.acceptPoisoned === true;
    if (this.#take(acceptPoisoned)) return this.#guard(acceptPoisoned);
    const limitMs = timeoutMs('Mutex.lockSync', options, POISON_NAMES);
    if (this.#owner() === this.#point.table.me) throw deadlockError('Mutex.lockSync: this thread holds the lock already');
    block(this.#point, this.#claim('Mutex.lockSync', acceptPoisoned), limitMs);
    return this.#guard(acceptPoisoned);
  }

  /** Takes the lock if it is free and nobody of this thread waits for it; `undefined` otherwise. Throws a PoisonedError. */
  tryLock(options?: PoisonOptions): MutexGuard | undefined {
    const acceptPoisoned = options?.acceptPoisoned === true;
    return this.#waiters.length === 0 && this.#take(acceptPoisoned) ? this.#guard(acceptPoisoned) : undefined;
  }

  /** Runs `fn` while it holds the lock. */
  async run<R>(fn: () => R | PromiseLike<R>, options?: WaitOptions & PoisonOptions): Promise<R> {
    const guard = await this.lock(options);
    try {
      return await fn();
    } finally {
      guard.unlock();
    }
  }

  /** Runs `fn` while it holds the lock; blocks the thread until it has it. */
  runSync<R>(fn: () => R, options?: BlockOptions & PoisonOptions): R {
    const guard = this.lockSync(options);
    try {
      return fn();
    } finally {
      guard.unlock();
    }
  }

  /** Number of this object among the shared objects of the process; see `blockedThreads()`. */
  get id(): number {
    return this.#point.id;
  }

  /** Thread id of the holder; `undefined` when it is free. */
  get holder(): number | undefined {
    return this.#point.table.threadIdOf(this.#owner());
  }

  get locked(): boolean {
    return this.holder !== undefined;
  }

  /** Whether a holder has died and nobody has called `clearPoison()` since. */
  get poisoned(): boolean {
    const word = load(this.#words, OWNER);
    return (word & POISONED) !== 0 || isAbandoned(this.#point, word);
  }

  /** The data is in order again: locks are granted as before. */
  clearPoison(): void {
    for (let word = this.#settled(); (word & POISONED) !== 0; word = this.#settled()) {
      if (compareExchange(this.#words, OWNER, word, word & ~POISONED) === word) return this.#point.changed();
    }
  }

  #guard(acceptPoisoned: boolean): MutexGuard {
    const lock = acceptPoisoned ? this.#acceptingLock : this.#lock;
    return new MutexGuard(this, lock, acceptPoisoned && (load(this.#words, OWNER) & POISONED) !== 0);
  }

  /** What guards can do; made once, as guards are many. */
  #guardedLock(acceptPoisoned: boolean): GuardedLock {
    return {
      unlock: () => this.#unlock(),
      lock: () => this.#waiters.wait(this.#claim('Condition.wait', acceptPoisoned), Infinity, undefined),
      lockSync: () => block(this.#point, this.#claim('Condition.waitSync', acceptPoisoned), Infinity),
    };
  }

  #claim(what: string, acceptPoisoned: boolean): Claim {
    return { what, attempt: () => this.#take(acceptPoisoned), owner: () => this.#owner(), giveUp: () => undefined };
  }

  #owner(): number {
    return load(this.#words, OWNER) & TOKEN_MASK;
  }

  #take(acceptPoisoned: boolean): boolean {
    for (;;) {
      const word = this.#settled();
      if ((word & TOKEN_MASK) !== 0) return false;
      if (word === POISONED && !acceptPoisoned) throw poisonedError('mutex');
      if (!this.#point.mayTake()) return false;
      if (compareExchange(this.#words, OWNER, word, word | this.#point.table.me) === word) return true;
    }
  }

  /** The word, in which no dead thread is the holder. */
  #settled(): number {
    for (;;) {
      const word = load(this.#words, OWNER);
      if (!isAbandoned(this.#point, word)) return word;
      if (compareExchange(this.#words, OWNER, word, POISONED) === word) return POISONED;
    }
  }

  #unlock(): void {
    const { me } = this.#point.table;
    for (let word = me; compareExchange(this.#words, OWNER, word, word & POISONED) !== word;) {
      word = load(this.#words, OWNER);
      assert((word & TOKEN_MASK) === me, 'a mutex is unlocked by its holder');
    }
    this.#point.changed();
  }
}

/** What a guard can do with its lock. */
interface GuardedLock {
  readonly unlock: () => void;
  readonly lock: () => Promise<void>;
  readonly lockSync: () => void;
}

/** A lock held. Unlock it once, or let `using` do it. */
export class MutexGuard implements Disposable {
  readonly mutex: Mutex;
  /** Whether a holder had died before: only with `acceptPoisoned`. */
  readonly poisoned: boolean;
  readonly #lock: GuardedLock;
  #held = true;

  /** @internal */
  constructor(mutex: Mutex, lock: GuardedLock, poisoned: boolean) {
    this.mutex = mutex;
    this.poisoned = poisoned;
    this.#lock = lock;
  }

  /** Whether the lock is still held through this guard. */
  get held(): boolean {
    return this.#held;
  }

  /** Does nothing when it has been unlocked. */
  unlock(): void {
    if (!this.#held) return;
    this.#held = false;
    this.#lock.unlock();
  }

  [Symbol.dispose](): void {
    this.unlock();
  }

  /** @internal Takes the lock again after `unlock`. */
  async relock(): Promise<void> {
    await this.#lock.lock();
    this.#held = true;
  }

  /** @internal */
  relockSync(): void {
    this.#lock.lockSync();
    this.#held = true;
  }
}

/** Whether the thread whose token stands in this word has died. */
export function isAbandoned(point: WaitPoint, word: number): boolean {
  const owner = word & TOKEN_MASK;
  return owner !== 0 && point.table.isDead(owner);
}

export function poisonedError(what: string): PoisonedError {
  return new PoisonedError(`a thread died while it held this ${what}: what it protects may be half changed`);
}

export function deadlockError(message: string): MillraceError {
  return new MillraceError('ERR_DEADLOCK', message);
}
