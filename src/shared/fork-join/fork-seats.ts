/** The pool's side of an area: who sits where, and what becomes of the offers of a thread that has ended. */
import { compareExchange, load, store } from '../../runtime/atomics.js';
import { CANCEL_BY_SHUTDOWN } from '../../transport/protocol.js';
import { AWAKE, ENGAGED, type ForkArea, MASK, OFFERS } from './fork-area.js';
import { CANCEL, LOST, moved, OFFERED, RETURNED, REVOKED, RUNNING, STATE, stateIn, TAKEN, thiefIn } from './offers.js';

/** A child that its thief still runs although its owner has died. */
export interface Orphan {
  readonly thief: number;
  /** Whether it still runs. */
  isRunning(): boolean;
}

export class ForkSeats {
  readonly area: ForkArea;
  readonly #taken = new Set<number>();

  constructor(area: ForkArea) {
    this.area = area;
  }

  /** A seat for a new worker; -1 when there is none. */
  sit(): number {
    for (let seat = 0; seat < this.area.seats; seat += 1) {
      if (this.#taken.has(seat) || this.#isInUse(seat)) continue;
      this.#taken.add(seat);
      this.area.inUse = Math.max(this.area.inUse, seat + 1);
      return seat;
    }
    return -1;
  }

  /** The thread of this seat has ended: the children it had taken come back or are lost, those it had on offer are nobody's. Returns those that still run. */
  left(seat: number): Orphan[] {
    const orphans: Orphan[] = [];
    const { area } = this;
    const { words } = area;
    const word = area.seatWord(seat);
    area.setBell(seat, AWAKE, 0);
    store(words, word + MASK, 0);
    store(words, word + ENGAGED, 0);
    for (let other = 0; other < area.seats; other += 1) {
      for (let slot = 0; slot < OFFERS; slot += 1) {
        const offer = area.offerWord(other, slot);
        if (other === seat) this.#orphan(offer, orphans);
        else if (thiefIn(load(words, offer + STATE)) === seat) this.#giveBack(offer, other);
      }
    }
    this.#taken.delete(seat);
    return orphans;
  }

  /** Whether the thread of this seat runs a child of another worker. */
  isEngaged(seat: number): boolean {
    return load(this.area.words, this.area.seatWord(seat) + ENGAGED) > 0;
  }

  #giveBack(offer: number, owner: number): void {
    const { words } = this.area;
    const word = load(words, offer + STATE);
    const state = stateIn(word);
    if (state !== TAKEN && state !== RUNNING) return;
    const next = moved(word, state === TAKEN ? RETURNED : LOST);
    if (compareExchange(words, offer + STATE, word, next) === word) this.area.ring(owner);
  }

  #orphan(offer: number, orphans: Orphan[]): void {
    const { words } = this.area;
    const word = load(words, offer + STATE);
    if (stateIn(word) === OFFERED && compareExchange(words, offer + STATE, word, moved(word, REVOKED)) === word) return;
    const now = load(words, offer + STATE);
    if (stateIn(now) !== TAKEN && stateIn(now) !== RUNNING) return;
    store(words, offer + CANCEL, CANCEL_BY_SHUTDOWN);
    const thief = thiefIn(now);
    this.area.ring(thief);
    orphans.push({ thief, isRunning: () => load(words, offer + STATE) === moved(now, RUNNING) });
  }

  /** Whether somebody still runs a child of the worker that sat here. */
  #isInUse(seat: number): boolean {
    for (let slot = 0; slot < OFFERS; slot += 1) {
      const state = stateIn(load(this.area.words, this.area.offerWord(seat, slot) + STATE));
      if (state === TAKEN || state === RUNNING) return true;
    }
    return false;
  }
}
