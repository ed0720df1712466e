/** Tasks that were taken back while records were held: theirs need not be sent any more. */
import * as records from './records.js';

/** So many of which held records are kept, at least. */
const KEPT_MAX = 64;

export class TakenBack {
  readonly #keys: Set<number> = new Set();

  add(slot: number, generation: number): void {
    this.#keys.add(keyOf(slot, generation));
  }

  /** Whether the record at this word is of one of them. One whose value is in the port must be sent nevertheless, to take it out there. */
  has(words: Int32Array, word: number): boolean {
    if (this.#keys.size === 0) return false;
    const head = words[word + records.WORD_KIND] as number;
    if (records.kindOf(head) !== records.KIND_TASK || records.formatOf(head) > records.FORMAT_INLINE) return false;
    return this.#keys.has(keyOf(words[word + records.WORD_SLOT] as number, words[word + records.WORD_GENERATION] as number));
  }

  /** Whether they may wait, with so many tasks in flight. */
  areFew(inFlight: number): boolean {
    return this.#keys.size <= Math.max(KEPT_MAX, inFlight);
  }

  clear(): void {
    this.#keys.clear();
  }
}

/** Names one task of a slot. */
function keyOf(slot: number, generation: number): number {
  return generation * 0x1_0000 + slot;
}
