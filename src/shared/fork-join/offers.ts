/**
 * Children on offer: what a worker lets others take of what it has forked.
 *
 *     owner: FREE -> OFFERED -> FREE (taken back, by compare-and-swap)         pool, when a thread has died:
 *     thief:         OFFERED -> TAKEN -> RUNNING -> DONE | FAILED                 OFFERED -> REVOKED   (its owner's)
 *     owner:                                        DONE | FAILED -> FREE         TAKEN -> RETURNED, RUNNING -> LOST   (its thief's)
 *
 * Every step that two threads could take is a compare-and-swap of one word from one and the same value, so exactly one succeeds. The word is
 * `generation << 10 | thief << 4 | state`: an offer that is used again has another generation, so who has looked
 * at the old one fails; and a thief that is ended at any point has either taken nothing or left its name.
 *
 * The owner writes an offer's other words and its payload before it stores OFFERED and the thief its result before DONE, and each reads them only after
 * having seen that: the payload belongs to whoever moves the state next.
 */
export const FREE = 0;
export const OFFERED = 1;
export const TAKEN = 2;
export const RUNNING = 3;
export const DONE = 4;
export const FAILED = 5;
export const LOST = 6;
export const RETURNED = 7;
export const REVOKED = 8;
export type OfferState = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

const THIEF_SHIFT = 4;
/** Bits of a state word below the generation. */
export const GENERATION_SHIFT = 10;
export const GENERATION_MAX: number = 0x7fff_ffff >>> GENERATION_SHIFT;
const STATE_MASK = (1 << THIEF_SHIFT) - 1;
const THIEF_MASK = (1 << (GENERATION_SHIFT - THIEF_SHIFT)) - 1;

/** Words of an offer. */
export const STATE = 0;
export const ROOT_KEY = 1;
export const ROOT_SEAT = 2;
export const ROOT_SLOT = 3;
export const CANCEL = 4;
export const FORM = 5;
export const LENGTH = 6;

/** The task that a child belongs to, wherever the child runs. */
export interface ForkRoot {
  /** Tells it from other tasks of its pool. Never 0. */
  readonly key: number;
  /** Where it runs: its cancel word. */
  readonly seat: number;
  readonly slot: number;
}

/** A child of another worker, taken. */
export interface Taken {
  readonly seat: number;
  readonly slot: number;
  readonly generation: number;
  /** First word of the offer. */
  readonly word: number;
  readonly root: ForkRoot;
}

export function stateIn(word: number): OfferState {
  return (word & STATE_MASK) as OfferState;
}

/** Seat of whoever has taken the child. */
export function thiefIn(word: number): number {
  return (word >>> THIEF_SHIFT) & THIEF_MASK;
}

export function wordOf(generation: number, thief: number, state: OfferState): number {
  return (generation << GENERATION_SHIFT) | (thief << THIEF_SHIFT) | state;
}

/** The same generation and thief in another state. */
export function moved(word: number, state: OfferState): number {
  return (word & ~STATE_MASK) | state;
}
