/**
 * Waiting, under a mutex, until another thread says that something has changed.
 *
 *     word 0 places   1 last ticket      then two words a place:   STATE: 0 free | token: waits | token and SIGNALLED: its wait is over      TICKET
 *
 * wait:     1. (the mutex is held) take a free place: write the ticket, then STATE   2. unlock   3. wait until STATE has SIGNALLED   4. free it, lock again
 * notify:   swap the STATE of the oldest place that waits for SIGNALLED; tell those who wait
 *
 * No notification is lost: the place is taken before the mutex is unlocked, so whoever changes the condition under the mutex finds it. Served in the
 * order of arrival. A place whose thread has died is passed over; a notification that it had got is given to the next by whoever sees it first, and so is
 * one that comes together with a timeout. Whoever is woken finds the mutex locked by itself, and asks again whether what it waits for holds:
 *
 *     while (!ready()) condition.waitSync(guard);
 */
import { MillraceError, OptionError } from '../errors.js';
import { compareExchange, load, store } from '../runtime/atomics.js';
import { ownOptions, wholeNumber } from '../runtime/own-options.js';
import { AsyncWaiters } from './async-waiters.js';
import { block } from './block.js';
import { timeoutMs } from './claim.js';
import type { BlockOptions, Claim, WaitOptions } from './claim.js';
import { isAbandoned, MutexGuard } from './mutex.js';
import { allocate, memoryOf, pointWord, stateWord } from './shared-object.js';
import type { SharedHandle } from './shared-object.js';
import { WaitPoint } from './wait-point.js';

const PLACES = stateWord(1);
const LAST_TICKET = PLACES + 1;
const FIRST_PLACE = LAST_TICKET + 1;
const PLACE_WORDS = 2;
const TICKET = 1;
const PLACES_DEFAULT = 256;
const PLACES_MAX = 65_536;
const SIGNALLED = 1 << 30;
const NONE = -1;

export type ConditionHandle = SharedHandle<'condition'>;

export interface ConditionOptions {
  /** Most that wait at once, in all threads together. Each takes 8 bytes and some ns of a notification. Default 256. */
  readonly waitersMax?: number;
}

export class Condition implements SharedHandle<'condition'> {
  readonly type = 'condition' as const;
  readonly memory: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #point: WaitPoint;
  readonly #waiters: AsyncWaiters;
  /** Word after the last place. */
  readonly #end: number;

  constructor(options?: ConditionOptions);
  /** @internal */
  constructor(options: undefined, memory: SharedArrayBuffer);
  constructor(options?: ConditionOptions, memory?: SharedArrayBuffer) {
    const places = memory === undefined ? placesOf(options) : (new Int32Array(memory)[PLACES] as number);
    this.memory = memory ?? allocate(1, 2 + places * PLACE_WORDS);
    this.#words = new Int32Array(this.memory);
    this.#words[PLACES] = places;
    this.#end = FIRST_PLACE + places * PLACE_WORDS;
    this.#point = new WaitPoint(this.#words, pointWord(0));
    this.#waiters = new AsyncWaiters(this.#point);
  }

  /** The condition behind what a task was given. */
  static from(handle: ConditionHandle): Condition {
    return handle instanceof Condition ? handle : new Condition(undefined, memoryOf('condition', handle));
  }

  /**
   * Unlocks the guard's mutex, waits on the event loop to be notified, and locks it again. The guard holds its lock again whatever comes of it, unless the
   * rejection is a PoisonedError of the mutex.
   */
  async wait(guard: MutexGuard, options?: WaitOptions): Promise<void> {
    const limitMs = timeoutMs('Condition.wait', options);
    const claim = this.#enter('Condition.wait', guard);
    try {
      await this.#waiters.wait(claim, limitMs, options?.signal);
    } finally {
      await guard.relock();
    }
  }

  /** Unlocks the guard's mutex, blocks the thread until it is notified, and locks it again: for worker threads. As {@link wait}. */
  waitSync(guard: MutexGuard, options?: BlockOptions): void {
    const limitMs = timeoutMs('Condition.waitSync', options);
    const claim = this.#enter('Condition.waitSync', guard);
    try {
      block(this.#point, claim, limitMs);
    } finally {
      guard.relockSync();
    }
  }

  /** Wakes those that have waited longest. Call it with the mutex held, or after it was unlocked. Returns how many there were. */
  notify(count: number = 1): number {
    wholeNumber('Condition.notify: count', count, 0);
    let notified = 0;
    while (notified < count) {
      const place = this.#oldest();
      if (place === NONE) break;
      if (this.#signal(place)) notified += 1;
    }
    if (notified > 0) this.#point.changed();
    return notified;
  }

  /** Wakes everybody who waits. */
  notifyAll(): number {
    return this.notify(PLACES_MAX);
  }

  /** Number of this object among the shared objects of the process; see `blockedThreads()`. */
  get id(): number {
    return this.#point.id;
  }

  #enter(what: string, guard: MutexGuard): Claim {
    if (!(guard instanceof MutexGuard) || !guard.held) {
      throw new OptionError(`${what}: guard`, 'the guard of a mutex that is held', guard, 'Lock the mutex first: const guard = mutex.lockSync()');
    }
    const place = this.#takePlace();
    guard.unlock();
    return {
      what,
      attempt: () => this.#isOver(place),
      owner: () => 0,
      giveUp: () => this.#giveUp(place),
    };
  }

  /** The mutex is held: nobody else takes a place meanwhile. */
  #takePlace(): number {
    for (let place = FIRST_PLACE; place < this.#end; place += PLACE_WORDS) {
      const state = load(this.#words, place);
      if (state !== 0 && !isAbandoned(this.#point, state)) continue;
      const ticket = (load(this.#words, LAST_TICKET) + 1) | 0;
      store(this.#words, LAST_TICKET, ticket);
      store(this.#words, place + TICKET, ticket);
      if (compareExchange(this.#words, place, state, this.#point.table.me) !== state) continue;
      if ((state & SIGNALLED) !== 0) this.notify();
      return place;
    }
    throw new MillraceError('ERR_SHARED_LIMIT', `more than ${this.#words[PLACES]} wait for one condition; raise its option waitersMax`);
  }

  #isOver(place: number): boolean {
    this.#passOn();
    if ((load(this.#words, place) & SIGNALLED) === 0) return false;
    store(this.#words, place, 0);
    return true;
  }

  #giveUp(place: number): void {
    const { me } = this.#point.table;
    if (compareExchange(this.#words, place, me, 0) === me) return;
    store(this.#words, place, 0);
    this.notify();
  }

  /** Gives notifications of the dead to the living. */
  #passOn(): void {
    for (let place = FIRST_PLACE; place < this.#end; place += PLACE_WORDS) {
      const state = load(this.#words, place);
      if (state === 0 || (state & SIGNALLED) === 0 || !isAbandoned(this.#point, state)) continue;
      if (compareExchange(this.#words, place, state, 0) === state) this.notify();
    }
  }

  #signal(place: number): boolean {
    const state = load(this.#words, place);
    return this.#waits(state) && compareExchange(this.#words, place, state, state | SIGNALLED) === state;
  }

  #oldest(): number {
    let oldest = NONE;
    for (let place = FIRST_PLACE; place < this.#end; place += PLACE_WORDS) {
      if (!this.#waits(load(this.#words, place))) continue;
      if (oldest === NONE || ((this.#ticket(place) - this.#ticket(oldest)) | 0) < 0) oldest = place;
    }
    return oldest;
  }

  #waits(state: number): boolean {
    return state !== 0 && (state & SIGNALLED) === 0 && !isAbandoned(this.#point, state);
  }

  #ticket(place: number): number {
    return load(this.#words, place + TICKET);
  }
}

function placesOf(options: ConditionOptions | undefined): number {
  const { waitersMax = PLACES_DEFAULT } = ownOptions<ConditionOptions>('Condition: options', options, ['waitersMax']);
  return wholeNumber('Condition: waitersMax', waitersMax, 1, PLACES_MAX);
}
