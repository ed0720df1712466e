/**
 * The memory by which the thread workers of one pool run each other's forked children.
 *
 *     word 0 magic   1 seats   2 id   3 seats ever used   32 HUNGRY: seats whose bell says that they would take a child
 *     seat s: | bell, wants | mask | engaged | cancel words, one a slot of the worker | offers |
 *             | both        | owner| thief   | pool                                   | owner and thief: `offers.ts` |
 *
 * A seat belongs to one worker from its start to its end; there are more seats than most pools have workers, and a worker without one forks and joins alone.
 * The pool keeps account of who sits where, and tells the others when somebody has ended. Words that different threads write lie 128 bytes apart.
 */
import { MillraceError } from '../../errors.js';
import { add, exchange, load, notify, store } from '../../runtime/atomics.js';
import { SLOTS_MAX } from '../../transport/control-block.js';
import { systemRandom } from '../../runtime/random.js';
import type { CancelCode } from '../../transport/protocol.js';

const MAGIC = 0x666f726b;
const LINE_WORDS = 32;

/** Seats of a pool (P). Untouched pages cost nothing. */
const SEATS = 64;
/** Children one worker can have on offer or away at once: a bit each in its mask. */
export const OFFERS = 32;
/** Bytes of arguments or result that fit an offer; what is longer goes by the channel. */
export const PAYLOAD_BYTES = 512;

const AREA_SEATS = 1;
const AREA_ID = 2;
const AREA_IN_USE = 3;
/** Word of the count of hungry seats. */
export const HUNGRY_COUNT: number = LINE_WORDS;
const FIRST_SEAT = 2 * LINE_WORDS;

export const BELL = 0;
/** Key of the task whose children a joining seat would take. */
export const WANTS = 1;
/** Which of its offers are open, as far as the owner knows: a hint for thieves. */
export const MASK: number = LINE_WORDS;
/** Children of others that run here. */
export const ENGAGED: number = 2 * LINE_WORDS;
const CANCELS: number = 3 * LINE_WORDS;
const FIRST_OFFER: number = CANCELS + SLOTS_MAX;
const OFFER_HEADER_WORDS = 16;
const OFFER_WORDS: number = OFFER_HEADER_WORDS + PAYLOAD_BYTES / 4;
const SEAT_WORDS: number = FIRST_OFFER + OFFERS * OFFER_WORDS;

/** What a bell says of its thread. The last two count as hungry. */
export const AWAKE = 0;
/** Wants to hear of the results of its own children. */
export const LISTENING = 1;
/** Waits in a join: would take a child of that very task. */
export const JOINING = 2;
/** Has nothing to do: would take any child. */
export const HUNGRY = 3;
export type BellLevel = 0 | 1 | 2 | 3;

/** The views of an area, the same for every thread. */
export class ForkArea {
  readonly buffer: SharedArrayBuffer;
  readonly words: Int32Array;
  readonly bytes: Buffer;
  readonly seats: number;

  private constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer;
    this.words = new Int32Array(buffer);
    this.bytes = Buffer.from(buffer);
    if (this.words[0] !== MAGIC)
      throw new MillraceError('ERR_PROTOCOL', 'this shared memory is not that of forks: the two sides were made by different versions');
    this.seats = this.words[AREA_SEATS] as number;
  }

  static create(seats: number = SEATS): ForkArea {
    const buffer = new SharedArrayBuffer((FIRST_SEAT + seats * SEAT_WORDS) * 4);
    new Int32Array(buffer).set([MAGIC, seats, Math.floor(systemRandom() * 0x7fff_ffff)]);
    return new ForkArea(buffer);
  }

  static open(buffer: SharedArrayBuffer): ForkArea {
    return new ForkArea(buffer);
  }

  /** Seats that somebody sits in or has sat in are below this one. */
  get inUse(): number {
    return load(this.words, AREA_IN_USE);
  }

  set inUse(seats: number) {
    store(this.words, AREA_IN_USE, seats);
  }

  /** Puts every word back to its beginning. */
  clear(): void {
    this.words.fill(0, AREA_IN_USE + 1);
  }

  /** Name of the channel for what does not fit. */
  get channelName(): string {
    return `millrace-forks-${this.words[AREA_ID] as number}`;
  }

  /** First word of a seat. */
  seatWord(seat: number): number {
    return FIRST_SEAT + seat * SEAT_WORDS;
  }

  /** First word of an offer. */
  offerWord(seat: number, slot: number): number {
    return this.seatWord(seat) + FIRST_OFFER + slot * OFFER_WORDS;
  }

  /** First byte of the payload of the offer at `word`. */
  payloadByte(word: number): number {
    return (word + OFFER_HEADER_WORDS) * 4;
  }

  /** The cancel word of a task, by the seat and the slot of the worker that runs it. */
  cancelCode(seat: number, slot: number): CancelCode {
    return load(this.words, this.seatWord(seat) + CANCELS + slot) as CancelCode;
  }

  setCancelled(seat: number, slot: number, code: CancelCode): void {
    store(this.words, this.seatWord(seat) + CANCELS + slot, code);
  }

  /** Says what this seat would like to hear of. Only its own thread raises a bell. */
  setBell(seat: number, level: BellLevel, wants: number): void {
    const word = this.seatWord(seat) + BELL;
    if (level >= JOINING) add(this.words, HUNGRY_COUNT, 1);
    this.words[word + WANTS] = wants;
    if (exchange(this.words, word, level) >= JOINING) add(this.words, HUNGRY_COUNT, -1);
  }

  /** Wakes the thread of a seat if it sleeps. */
  ring(seat: number): void {
    const word = this.seatWord(seat) + BELL;
    const level = load(this.words, word) === AWAKE ? AWAKE : exchange(this.words, word, AWAKE);
    if (level === AWAKE) return;
    if (level >= JOINING) add(this.words, HUNGRY_COUNT, -1);
    notify(this.words, word, 1);
  }
}
