/** What one worker does with offers: its own, as their owner, and those of others, as a thief. */
import { add, compareExchange, load, store } from '../../runtime/atomics.js';
import type { CancelCode } from '../../transport/protocol.js';
import { BELL, ENGAGED, type ForkArea, HUNGRY, JOINING, MASK, OFFERS, WANTS } from './fork-area.js';
import {
  CANCEL,
  DONE,
  FORM,
  FREE,
  GENERATION_MAX,
  GENERATION_SHIFT,
  LENGTH,
  OFFERED,
  ROOT_KEY,
  ROOT_SEAT,
  ROOT_SLOT,
  RUNNING,
  STATE,
  stateIn,
  TAKEN,
  thiefIn,
  wordOf,
} from './offers.js';
import type { FAILED, ForkRoot, OfferState, Taken } from './offers.js';

/** One worker's seat: its own offers, and its way to those of the others. */
export class ForkSeat {
  readonly area: ForkArea;
  readonly seat: number;
  readonly #words: Int32Array;
  readonly #generations = new Int32Array(OFFERS);
  /** Offers that this seat uses. */
  #used = 0;
  /** Those of them that nobody has taken yet, as far as we know. */
  #mask = 0;
  /** Where a thief looks first: whoever had something the last time. */
  #victim = 0;

  constructor(area: ForkArea, seat: number) {
    this.area = area;
    this.seat = seat;
    this.#words = area.words;
    // A worker that sat here before has left its generations behind.
    for (let slot = 0; slot < OFFERS; slot += 1) this.#generations[slot] = load(this.#words, area.offerWord(seat, slot)) >>> GENERATION_SHIFT;
  }

  // The owner.

  /** An offer to fill: its slot, -1 when all are in use. */
  reserve(): number {
    const free = ~this.#used;
    if (free === 0) return -1;
    const slot = 31 - Math.clz32(free & -free);
    this.#used |= 1 << slot;
    return slot;
  }

  /** Nothing was published in it after all. */
  unreserve(slot: number): void {
    this.#used &= ~(1 << slot);
  }

  /** First word of one of our offers. */
  wordOf(slot: number): number {
    return this.area.offerWord(this.seat, slot);
  }

  /** The generation that the offer will have. */
  nextGeneration(slot: number): number {
    return ((this.#generations[slot] as number) + 1) & GENERATION_MAX;
  }

  /** The generation of the offer's present use. */
  generation(slot: number): number {
    return this.#generations[slot] as number;
  }

  /** Publishes the child whose payload has been written. */
  publish(slot: number, root: ForkRoot): void {
    const word = this.wordOf(slot);
    this.#words[word + ROOT_KEY] = root.key;
    this.#words[word + ROOT_SEAT] = root.seat;
    this.#words[word + ROOT_SLOT] = root.slot;
    this.#words[word + CANCEL] = 0;
    const generation = (this.#generations[slot] = this.nextGeneration(slot));
    store(this.#words, word + STATE, wordOf(generation, 0, OFFERED));
    this.#setMask(this.#mask | (1 << slot));
  }

  /** Takes a child back. `true`: nobody has it and nobody will; its offer is free. */
  takeBack(slot: number): boolean {
    const generation = this.generation(slot);
    const offered = wordOf(generation, 0, OFFERED);
    const seen = compareExchange(this.#words, this.wordOf(slot) + STATE, offered, wordOf(generation, 0, FREE));
    this.#setMask(this.#mask & ~(1 << slot));
    if (seen !== offered) return false;
    this.#used &= ~(1 << slot);
    return true;
  }

  stateOf(slot: number): OfferState {
    return stateIn(load(this.#words, this.wordOf(slot) + STATE));
  }

  /** The outcome of a child has been taken in, or it will not have one: its offer is free. */
  release(slot: number): void {
    store(this.#words, this.wordOf(slot) + STATE, wordOf(this.generation(slot), 0, FREE));
    this.#used &= ~(1 << slot);
    this.#setMask(this.#mask & ~(1 << slot));
  }

  /** Tells whoever has the child to stop. */
  cancel(slot: number, code: CancelCode): void {
    store(this.#words, this.wordOf(slot) + CANCEL, code);
    const word = load(this.#words, this.wordOf(slot) + STATE);
    if (stateIn(word) === TAKEN || stateIn(word) === RUNNING) this.area.ring(thiefIn(word));
  }

  /** How many of our children nobody has taken yet. */
  openOffers(): number {
    let open = 0;
    for (let mask = this.#mask; mask !== 0; mask &= mask - 1) {
      const slot = 31 - Math.clz32(mask & -mask);
      if (this.stateOf(slot) === OFFERED) open += 1;
      else this.#mask &= ~(1 << slot);
    }
    return open;
  }

  /** Whether the outcome of one of our children can be taken in. */
  hasOutcome(): boolean {
    for (let used = this.#used; used !== 0; used &= used - 1) if (this.stateOf(31 - Math.clz32(used & -used)) >= DONE) return true;
    return false;
  }

  /** How many seats would take a child of this task. */
  countHungry(key: number): number {
    const seats = this.area.inUse;
    let hungry = 0;
    for (let seat = 0; seat < seats; seat += 1) if (this.#wouldTake(seat, key)) hungry += 1;
    return hungry;
  }

  /** Wakes one that would take a child of this task. */
  ringHungry(key: number): void {
    const seats = this.area.inUse;
    for (let seat = 0; seat < seats; seat += 1) if (this.#wouldTake(seat, key)) return this.area.ring(seat);
  }

  #wouldTake(seat: number, key: number): boolean {
    if (seat === this.seat) return false;
    const word = this.area.seatWord(seat) + BELL;
    const level = load(this.#words, word);
    return level === HUNGRY || (level === JOINING && this.#words[word + WANTS] === key);
  }

  #setMask(mask: number): void {
    this.#mask = mask;
    store(this.#words, this.area.seatWord(this.seat) + MASK, mask);
  }

  // The thief.

  /** Takes a child of another worker, of the task `key` only unless that is 0; `undefined` when there is none. */
  take(key: number): Taken | undefined {
    const seats = this.area.inUse;
    for (let count = 0; count < seats; count += 1) {
      const victim = (this.#victim + count) % seats;
      const taken = victim === this.seat ? undefined : this.#takeFrom(victim, key);
      if (taken === undefined) continue;
      this.#victim = victim;
      return taken;
    }
    return undefined;
  }

  /** Whether there is something to take. */
  sees(key: number): boolean {
    const seats = this.area.inUse;
    for (let victim = 0; victim < seats; victim += 1) {
      if (victim === this.seat) continue;
      for (let mask = this.#maskOf(victim); mask !== 0; mask &= mask - 1) {
        const word = this.area.offerWord(victim, 31 - Math.clz32(mask & -mask));
        if (this.#fits(word, load(this.#words, word + STATE), key)) return true;
      }
    }
    return false;
  }

  #takeFrom(victim: number, key: number): Taken | undefined {
    for (let mask = this.#maskOf(victim); mask !== 0; mask &= mask - 1) {
      const slot = 31 - Math.clz32(mask & -mask);
      const word = this.area.offerWord(victim, slot);
      const state = load(this.#words, word + STATE);
      if (!this.#fits(word, state, key)) continue;
      const root = { key: this.#words[word + ROOT_KEY], seat: this.#words[word + ROOT_SEAT], slot: this.#words[word + ROOT_SLOT] } as ForkRoot;
      const generation = state >>> GENERATION_SHIFT;
      if (compareExchange(this.#words, word + STATE, state, wordOf(generation, this.seat, TAKEN)) !== state) continue;
      return { seat: victim, slot, generation, word, root };
    }
    return undefined;
  }

  #fits(word: number, state: number, key: number): boolean {
    return stateIn(state) === OFFERED && (key === 0 || this.#words[word + ROOT_KEY] === key);
  }

  #maskOf(seat: number): number {
    return load(this.#words, this.area.seatWord(seat) + MASK);
  }

  /** The function is about to be called. `false`: it must not be. */
  begin(taken: Taken): boolean {
    return this.#step(taken, TAKEN, RUNNING);
  }

  /** The function has ended and its outcome has been written: wakes the owner. */
  finish(taken: Taken, state: typeof DONE | typeof FAILED): void {
    if (this.#step(taken, RUNNING, state)) this.area.ring(taken.seat);
  }

  #step({ word, generation }: Taken, from: OfferState, to: OfferState): boolean {
    const expected = wordOf(generation, this.seat, from);
    return compareExchange(this.#words, word + STATE, expected, wordOf(generation, this.seat, to)) === expected;
  }

  /** Whether the child's owner, or the task it belongs to, was told to stop. */
  cancelCode({ word, root }: Taken): CancelCode {
    const code = load(this.#words, word + CANCEL) as CancelCode;
    return code === 0 ? this.area.cancelCode(root.seat, root.slot) : code;
  }

  /** Notes how many children of others run here: their number changes by `change`. */
  engage(change: 1 | -1): void {
    add(this.#words, this.area.seatWord(this.seat) + ENGAGED, change);
  }

  /** How a payload is stored; read and written by whoever may. */
  form(word: number): number {
    return this.#words[word + FORM] as number;
  }

  length(word: number): number {
    return this.#words[word + LENGTH] as number;
  }

  setForm(word: number, form: number, length: number): void {
    this.#words[word + FORM] = form;
    this.#words[word + LENGTH] = length;
  }
}
