/** A party that may be ended from within, before any one of its atomic operations. */
import { Party, type PartyNumber } from './turns.js';

/** Thrown where the party is ended; everything it holds stays as it is. */
export class Killed extends Error {}

export class MortalParty extends Party {
  readonly #killStep: number;
  #steps = 0;

  /** @param killStep the operation before which it is ended, counted from 1; 0 for never */
  constructor(words: Int32Array, me: PartyNumber, killStep: number) {
    super(words, me);
    this.#killStep = killStep;
  }

  override step(): void {
    this.#steps += 1;
    if (this.#steps === this.#killStep) throw new Killed();
    super.step();
  }
}
