/**
 * A meeting point: nobody goes on until all have arrived, round after round.
 *
 *     word 0 parties      1 ROUND: number of the round << 1 | BROKEN      2 the last round that was reset
 *          3… one place a party: token of who has arrived | last two bits of the round's number << 30. A place with other bits is free
 *
 * arrive:   1. load ROUND   2. load a place; it is taken in this round: the next one   3. load ROUND again: changed: from 1   4. swap the place for ours
 *           5. wait until ROUND has moved on; whoever finds all places taken swaps it for the next round and tells those who wait
 *
 * A swap (4) that works proves that the place was free in this round at (3) and has been since, so the round cannot have ended: all places must be taken
 * for that. Nothing needs to be cleared between rounds, and more threads than parties may come: who finds no place waits for the next round.
 *
 * Broken: somebody who had arrived gave up (timeout, abort) or died. Then all others of the round, and whoever comes, get `ERR_BARRIER_BROKEN` until
 * `reset()`. Who dies before it has arrived is not known to the barrier: wait with a timeout where that can be.
 */
import { MillraceError } from '../errors.js';
import { compareExchange, load, store } from '../runtime/atomics.js';
import { wholeNumber } from '../runtime/own-options.js';
import { AsyncWaiters } from './async-waiters.js';
import { block } from './block.js';
import { timeoutMs } from './claim.js';
import type { BlockOptions, Claim, WaitOptions } from './claim.js';
import { isAbandoned } from './mutex.js';
import { allocate, memoryOf, pointWord, stateWord } from './shared-object.js';
import type { SharedHandle } from './shared-object.js';
import { WaitPoint } from './wait-point.js';

const PARTIES = stateWord(1);
const ROUND = PARTIES + 1;
const LAST_RESET = ROUND + 1;
const FIRST_PLACE = LAST_RESET + 1;
const BROKEN = 1;
const ROUND_STEP = 2;
const TOKEN_BITS = 30;
const NONE = -1;
const PARTIES_MAX = 1_024;

export type BarrierHandle = SharedHandle<'barrier'>;

export class Barrier implements SharedHandle<'barrier'> {
  readonly type = 'barrier' as const;
  readonly memory: SharedArrayBuffer;
  /** How many must arrive. */
  readonly parties: number;
  readonly #words: Int32Array;
  readonly #point: WaitPoint;

  /** @param parties 1 to 1,024 */
  constructor(parties: number);
  /** @internal */
  constructor(parties: number, memory: SharedArrayBuffer);
  constructor(parties: number, memory?: SharedArrayBuffer) {
    this.parties = wholeNumber('Barrier: parties', parties, 1, PARTIES_MAX);
    this.memory = memory ?? allocate(1, 3 + parties);
    this.#words = new Int32Array(this.memory);
    if (memory === undefined) {
      this.#words[PARTIES] = parties;
      this.#words[LAST_RESET] = NONE;
    }
    this.#point = new WaitPoint(this.#words, pointWord(0));
  }

  /** The barrier behind what a task was given. */
  static from(handle: BarrierHandle): Barrier {
    if (handle instanceof Barrier) return handle;
    const memory = memoryOf('barrier', handle);
    return new Barrier(new Int32Array(memory)[PARTIES] as number, memory);
  }

  /** Arrives, and waits on the event loop for the others. Resolves to `true` for the one that came last. Rejects with `ERR_BARRIER_BROKEN` and as other waits do. */
  async wait(options?: WaitOptions): Promise<boolean> {
    const arrival = new Arrival('Barrier.wait', this.#words, this.#point, this.parties);
    // Not in line: whoever comes takes part, also while those before it wait.
    await new AsyncWaiters(this.#point).wait(arrival, timeoutMs('Barrier.wait', options), options?.signal);
    return arrival.isLast;
  }

  /** Arrives, and blocks the thread until the others have: for worker threads. Returns `true` for the one that came last. */
  waitSync(options?: BlockOptions): boolean {
    const arrival = new Arrival('Barrier.waitSync', this.#words, this.#point, this.parties);
    block(this.#point, arrival, timeoutMs('Barrier.waitSync', options));
    return arrival.isLast;
  }

  /** Whether somebody gave up or died while it waited. */
  get broken(): boolean {
    return (load(this.#words, ROUND) & BROKEN) !== 0;
  }

  /** Begins a new round. Whoever waits in the present one is told that it is broken. */
  reset(): void {
    const round = load(this.#words, ROUND) & ~BROKEN;
    breakRound(this.#words, round);
    store(this.#words, LAST_RESET, round);
    compareExchange(this.#words, ROUND, round | BROKEN, (round + ROUND_STEP) | 0);
    this.#point.changed();
  }

  /** Number of this object among the shared objects of the process; see `blockedThreads()`. */
  get id(): number {
    return this.#point.id;
  }
}

/** One party on its way through one round. */
class Arrival implements Claim {
  readonly what: string;
  isLast = false;
  readonly #words: Int32Array;
  readonly #point: WaitPoint;
  readonly #parties: number;
  /** The round in which we have arrived. */
  #round = NONE;

  constructor(what: string, words: Int32Array, point: WaitPoint, parties: number) {
    this.what = what;
    this.#words = words;
    this.#point = point;
    this.#parties = parties;
  }

  attempt(): boolean {
    if (this.#round === NONE && !this.#arrive()) return false;
    if (load(this.#words, ROUND) === this.#round) this.#lookAround();
    const round = load(this.#words, ROUND);
    if (round === this.#round) return false;
    if (round === (this.#round | BROKEN) || load(this.#words, LAST_RESET) === this.#round) throw brokenError();
    return true;
  }

  owner(): number {
    return 0;
  }

  giveUp(): void {
    if (this.#round !== NONE && breakRound(this.#words, this.#round)) this.#point.changed();
  }

  /** Takes a place; there may be none until the next round. */
  #arrive(): boolean {
    for (let round = this.#openRound(), place = FIRST_PLACE; place < FIRST_PLACE + this.#parties; place += 1) {
      const before = load(this.#words, place);
      if (isTaken(before, round)) continue;
      const isStale = load(this.#words, ROUND) !== round;
      if (!isStale && compareExchange(this.#words, place, before, this.#point.table.me | (roundBits(round) << TOKEN_BITS)) === before) {
        this.#round = round;
        return true;
      }
      round = this.#openRound();
      place = FIRST_PLACE - 1;
    }
    return false;
  }

  #openRound(): number {
    const round = load(this.#words, ROUND);
    if ((round & BROKEN) !== 0) throw brokenError();
    return round;
  }

  /** Ends the round when all have arrived, or breaks it when one of them has died. */
  #lookAround(): void {
    for (let place = FIRST_PLACE; place < FIRST_PLACE + this.#parties; place += 1) {
      const party = load(this.#words, place);
      if (!isTaken(party, this.#round)) return;
      if (isAbandoned(this.#point, party)) return this.giveUp();
    }
    if (compareExchange(this.#words, ROUND, this.#round, (this.#round + ROUND_STEP) | 0) !== this.#round) return;
    this.isLast = true;
    this.#point.changed();
  }
}

/** Whether the round was neither over nor broken before. */
function breakRound(words: Int32Array, round: number): boolean {
  return compareExchange(words, ROUND, round, round | BROKEN) === round;
}

function roundBits(round: number): number {
  return (round >>> 1) & 3;
}

function isTaken(place: number, round: number): boolean {
  return place !== 0 && place >>> TOKEN_BITS === roundBits(round);
}

function brokenError(): MillraceError {
  return new MillraceError('ERR_BARRIER_BROKEN', 'the barrier is broken: a party gave up or died while it waited');
}
