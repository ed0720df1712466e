/**
 * A lock that many readers hold at once, or one writer.
 *
 *     READERS_MAX word: how many may read at once
 *     WRITER word:   0      token: wants to write      token | WRITES: writes      POISONED (sign bit): a thread died while it wrote
 *     READERS:       one word for each that reads at once: 0, or the token of its thread
 *
 * read:     1. WRITER names a thread: wait   2. swap a free reader word for our token   3. load WRITER again: it names a thread: give the word back, from 1
 * write:    1. swap WRITER for our token (from here on nobody begins to read)   2. wait until every reader word is 0 or a dead thread's   3. add WRITES
 *
 * Either the reader's second look (3) sees the writer, or the writer's look at that word (2) sees the reader: both store before they load.
 *
 * A dead reader's word counts as free: it changed nothing. A writer that dies before WRITES leaves nothing behind; one that dies with it leaves the lock
 * poisoned, as with the mutex.
 *
 * Fairness: a writer that waits keeps new readers out, so readers cannot starve it. Among themselves, and after a writer, threads race as for the mutex,
 * and a waiter that has lost often is reserved the next turn, a reader too. Not re-entrant.
 */
import { assert } from '../runtime/assert.js';
import { compareExchange, load, store } from '../runtime/atomics.js';
import { ownOptions, wholeNumber } from '../runtime/own-options.js';
import { AsyncWaiters } from './async-waiters.js';
import { block } from './block.js';
import { timeoutMs } from './claim.js';
import type { BlockOptions, Claim, WaitOptions } from './claim.js';
import { deadlockError, isAbandoned, POISON_NAMES, POISONED, poisonedError } from './mutex.js';
import type { PoisonOptions } from './mutex.js';
import { allocate, memoryOf, pointWord, stateWord } from './shared-object.js';
import type { SharedHandle } from './shared-object.js';
import { TOKEN_MASK } from './thread-table.js';
import { WaitPoint } from './wait-point.js';

const READERS_MAX = stateWord(1);
const WRITER = READERS_MAX + 1;
const READERS = WRITER + 1;
const READERS_DEFAULT = 64;
const READERS_LIMIT = 65_536;
const WRITES = 1 << 30;
const NONE = -1;

export type RwLockHandle = SharedHandle<'rw-lock'>;

export interface RwLockOptions {
  /** Most that read at once, in all threads together; others wait. Each takes 4 bytes and some ns of a write. Default 64. */
  readonly readersMax?: number;
}

export class RwLock implements SharedHandle<'rw-lock'> {
  readonly type = 'rw-lock' as const;
  readonly memory: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #point: WaitPoint;
  readonly #waiters: AsyncWaiters;
  /** Word after the last reader's. */
  readonly #end: number;

  constructor(options?: RwLockOptions);
  /** @internal */
  constructor(options: undefined, memory: SharedArrayBuffer);
  constructor(options?: RwLockOptions, memory?: SharedArrayBuffer) {
    const readersMax = memory === undefined ? readersOf(options) : (new Int32Array(memory)[READERS_MAX] as number);
    this.memory = memory ?? allocate(1, 2 + readersMax);
    this.#words = new Int32Array(this.memory);
    this.#words[READERS_MAX] = readersMax;
    this.#end = READERS + readersMax;
    this.#point = new WaitPoint(this.#words, pointWord(0));
    this.#waiters = new AsyncWaiters(this.#point);
  }

  /** The lock behind what a task was given. */
  static from(handle: RwLockHandle): RwLock {
    return handle instanceof RwLock ? handle : new RwLock(undefined, memoryOf('rw-lock', handle));
  }

  /** Waits on the event loop until we may read. Rejects with a PoisonedError, a WaitTimeoutError or the signal's reason. */
  async read(options?: WaitOptions & PoisonOptions): Promise<RwGuard> {
    const claim = this.#readClaim('RwLock.read', options);
    await this.#waiters.wait(claim, timeoutMs('RwLock.read', options, POISON_NAMES), options?.signal);
    return this.#readGuard(claim.reader);
  }

  /** Waits on the event loop until we may write. */
  async write(options?: WaitOptions & PoisonOptions): Promise<RwGuard> {
    await this.#waiters.wait(this.#writeClaim('RwLock.write', options), timeoutMs('RwLock.write', options, POISON_NAMES), options?.signal);
    return this.#writeGuard();
  }

  /** Blocks the thread until it may read: for worker threads. Throws as `read` rejects, and `ERR_DEADLOCK` when it would wait for this thread itself. */
  readSync(options?: BlockOptions & PoisonOptions): RwGuard {
    const limitMs = timeoutMs('RwLock.readSync', options, POISON_NAMES);
    const claim = this.#readClaim('RwLock.readSync', options);
    if (!claim.attempt()) {
      if (this.#writer() === this.#point.table.me || this.#readsHere()) throw deadlockError('RwLock.readSync: this thread holds the lock already');
      block(this.#point, claim, limitMs);
    }
    return this.#readGuard(claim.reader);
  }

  /** Blocks the thread until it may write: for worker threads. Throws as `write` rejects, and `ERR_DEADLOCK` when this thread holds the lock. */
  writeSync(options?: BlockOptions & PoisonOptions): RwGuard {
    const limitMs = timeoutMs('RwLock.writeSync', options, POISON_NAMES);
    const claim = this.#writeClaim('RwLock.writeSync', options);
    const isHeldHere = this.#writer() === this.#point.table.me;
    if (isHeldHere || !claim.attempt()) {
      if (isHeldHere || this.#readsHere()) {
        claim.giveUp();
        throw deadlockError('RwLock.writeSync: this thread holds the lock already');
      }
      block(this.#point, claim, limitMs);
    }
    return this.#writeGuard();
  }

  /** Number of this object among the shared objects of the process; see `blockedThreads()`. */
  get id(): number {
    return this.#point.id;
  }

  /** Thread id of the writer, or of one that waits for the readers to finish; `undefined` when there is none. */
  get writer(): number | undefined {
    return this.#point.table.threadIdOf(this.#writer());
  }

  /** Thread ids of those that read; a thread that reads twice is named twice. */
  get readers(): readonly number[] {
    const ids: number[] = [];
    for (let reader = READERS; reader < this.#end; reader += 1) {
      const id = this.#point.table.threadIdOf(load(this.#words, reader));
      if (id !== undefined) ids.push(id);
    }
    return ids;
  }

  /** Whether a thread has died while it wrote, and nobody has called `clearPoison()` since. */
  get poisoned(): boolean {
    return (this.#settled() & POISONED) !== 0;
  }

  /** The data is in order again: locks are granted as before. */
  clearPoison(): void {
    for (let word = this.#settled(); (word & POISONED) !== 0; word = this.#settled()) {
      if (compareExchange(this.#words, WRITER, word, word & ~POISONED) === word) return this.#point.changed();
    }
  }

  #readClaim(what: string, options: PoisonOptions | undefined): ReadClaim {
    const acceptPoisoned = options?.acceptPoisoned === true;
    return new ReadClaim(
      what,
      () => this.#takeRead(acceptPoisoned),
      () => this.#writer(),
    );
  }

  #writeClaim(what: string, options: PoisonOptions | undefined): Claim {
    const acceptPoisoned = options?.acceptPoisoned === true;
    let claimed = false;
    return {
      what,
      attempt: () => (claimed ||= this.#claimWrite(acceptPoisoned)) && this.#beginWrite(),
      owner: () => (claimed ? this.#someReader() : this.#writer()),
      giveUp: () => {
        if (claimed) this.#endWrite();
      },
    };
  }

  #writer(): number {
    return load(this.#words, WRITER) & TOKEN_MASK;
  }

  #takeRead(acceptPoisoned: boolean): number {
    const word = this.#settled();
    if ((word & TOKEN_MASK) !== 0) return NONE;
    if (word === POISONED && !acceptPoisoned) throw poisonedError('lock');
    const reader = this.#freeReader();
    if (reader === NONE || this.#writer() === 0) return reader;
    this.#endRead(reader);
    return NONE;
  }

  /** Takes a free reader word. */
  #freeReader(): number {
    const { me } = this.#point.table;
    for (let reader = READERS; reader < this.#end; reader += 1) {
      const token = load(this.#words, reader);
      if ((token === 0 || isAbandoned(this.#point, token)) && compareExchange(this.#words, reader, token, me) === token) return reader;
    }
    return NONE;
  }

  #endRead(reader: number): void {
    store(this.#words, reader, 0);
    this.#point.changed();
  }

  #claimWrite(acceptPoisoned: boolean): boolean {
    for (;;) {
      const word = this.#settled();
      if ((word & TOKEN_MASK) !== 0) return false;
      if (word === POISONED && !acceptPoisoned) throw poisonedError('lock');
      if (!this.#point.mayTake()) return false;
      if (compareExchange(this.#words, WRITER, word, word | this.#point.table.me) === word) return true;
    }
  }

  /** Whether everybody who read has finished; then we write. */
  #beginWrite(): boolean {
    if (this.#someReader() !== 0) return false;
    for (;;) {
      const word = load(this.#words, WRITER);
      if (compareExchange(this.#words, WRITER, word, word | WRITES) === word) return true;
    }
  }

  #endWrite(): void {
    for (;;) {
      const word = load(this.#words, WRITER);
      assert((word & TOKEN_MASK) === this.#point.table.me, 'a lock is unlocked by its writer');
      if (compareExchange(this.#words, WRITER, word, word & POISONED) === word) return this.#point.changed();
    }
  }

  /** Token of a living thread that reads; 0 for none. */
  #someReader(): number {
    for (let reader = READERS; reader < this.#end; reader += 1) {
      const token = load(this.#words, reader);
      if (token !== 0 && !isAbandoned(this.#point, token)) return token;
    }
    return 0;
  }

  #readsHere(): boolean {
    const { me } = this.#point.table;
    for (let reader = READERS; reader < this.#end; reader += 1) if (load(this.#words, reader) === me) return true;
    return false;
  }

  /** The writer's word, in which no dead thread is named. */
  #settled(): number {
    for (;;) {
      const word = load(this.#words, WRITER);
      if (!isAbandoned(this.#point, word)) return word;
      const left = (word & WRITES) === 0 ? word & POISONED : POISONED;
      if (compareExchange(this.#words, WRITER, word, left) === word) return left;
    }
  }

  #readGuard(reader: number): RwGuard {
    return new RwGuard((load(this.#words, WRITER) & POISONED) !== 0, () => this.#endRead(reader));
  }

  #writeGuard(): RwGuard {
    return new RwGuard((load(this.#words, WRITER) & POISONED) !== 0, () => this.#endWrite());
  }
}

function readersOf(options: RwLockOptions | undefined): number {
  const { readersMax = READERS_DEFAULT } = ownOptions<RwLockOptions>('RwLock: options', options, ['readersMax']);
  return wholeNumber('RwLock: readersMax', readersMax, 1, READERS_LIMIT);
}

class ReadClaim implements Claim {
  readonly what: string;
  reader = NONE;
  readonly #take: () => number;
  readonly owner: () => number;

  constructor(what: string, take: () => number, owner: () => number) {
    this.what = what;
    this.#take = take;
    this.owner = owner;
  }

  attempt(): boolean {
    this.reader = this.#take();
    return this.reader !== NONE;
  }

  giveUp(): void {
    // A failed attempt leaves nothing behind.
  }
}

/** The lock held, for reading or for writing. Unlock it once, or let `using` do it. */
export class RwGuard implements Disposable {
  /** Whether a writer had died before: only with `acceptPoisoned`. */
  readonly poisoned: boolean;
  #unlock: (() => void) | undefined;

  /** @internal */
  constructor(poisoned: boolean, unlock: () => void) {
    this.poisoned = poisoned;
    this.#unlock = unlock;
  }

  /** Does nothing when it has been unlocked. */
  unlock(): void {
    const unlock = this.#unlock;
    this.#unlock = undefined;
    unlock?.();
  }

  [Symbol.dispose](): void {
    this.unlock();
  }
}
