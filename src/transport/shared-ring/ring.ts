/**
 * A ring of records for one writer and one reader in different threads.
 *
 *     start                                                        start + capacity
 *       | read and free | published, unread | written, unpublished | free |
 *                       ^ head              ^ tail                 ^ the writer's own position
 *
 * A record is a run of whole 8-byte units whose first word is its size in bytes. It never wraps: where it does not fit before the end, a
 * record of kind SKIP fills the rest and it starts at the beginning. Only the writer stores `tail`, only the reader stores `head`.
 * Everything the writer put into a record before it stored `tail` is seen by a reader that has loaded that `tail`; the writer reuses a
 * record's bytes only after it has loaded a `head` beyond it.
 *
 * The longest record is half the capacity, so that wherever the positions stand it fits once the reader has read everything.
 */
import { load, store } from '../../runtime/atomics.js';
import type { RingPlace, Span } from './layout.js';

const UNIT_SHIFT = 3;
/** Kind of the record that fills the end of a ring. Other kinds are `records.ts`'s. */
export const KIND_SKIP = 0;

/** Rounds a size up to whole units. */
export function recordBytes(bytes: number): number {
  return (bytes + 7) & ~7;
}

/** The writing end. */
export class RingWriter {
  /** Longest record that may be reserved. */
  readonly recordBytesMax: number;
  readonly #span: Span;
  readonly #place: RingPlace;
  readonly #units: number;
  /** Where the next record goes, as a position. */
  #position: number;
  #published: number;
  /** The reader's head as last seen: loaded again only when it says that there is no room. */
  #headSeen: number;
  /** The head when `takeRead` was called last. */
  #headAsked: number;

  constructor(span: Span, place: RingPlace) {
    this.#span = span;
    this.#place = place;
    this.#units = place.capacityBytes >>> UNIT_SHIFT;
    this.recordBytesMax = place.capacityBytes >>> 1;
    this.#position = this.#published = load(span.words, place.tailWord);
    this.#headSeen = this.#headAsked = load(span.words, place.headWord);
  }

  /** Whether a record of `bytes` would find room now. */
  hasRoom(bytes: number): boolean {
    const units = bytes >>> UNIT_SHIFT;
    const toEnd = this.#units - (this.#position & (this.#units - 1));
    const needed = units <= toEnd ? units : toEnd + units;
    if (this.#free() >= needed) return true;
    this.#headSeen = load(this.#span.words, this.#place.headWord);
    return this.#free() >= needed;
  }

  /**
   * Byte offset in the memory where a record of `bytes` (a multiple of 8) may be written, -1 when there is no room yet. The record's size
   * is written here; it counts as written.
   */
  reserve(bytes: number): number {
    if (!this.hasRoom(bytes)) return -1;
    const units = bytes >>> UNIT_SHIFT;
    const index = this.#position & (this.#units - 1);
    if (units > this.#units - index) this.#skip(index);
    const offset = this.#place.start + ((this.#position & (this.#units - 1)) << UNIT_SHIFT);
    this.#span.words[offset >>> 2] = bytes;
    this.#position = (this.#position + units) | 0;
    return offset;
  }

  /** Whether the reader has given back all that was published. */
  get isRead(): boolean {
    return load(this.#span.words, this.#place.headWord) === this.#published;
  }

  /** Whether the reader has given anything back since the last call. */
  takeRead(): boolean {
    const before = this.#headAsked;
    this.#headAsked = load(this.#span.words, this.#place.headWord);
    return this.#headAsked !== before;
  }

  /** Bytes written and not yet published. */
  get unpublishedBytes(): number {
    return ((this.#position - this.#published) | 0) << UNIT_SHIFT;
  }

  /** A mark to {@link rollback} to, as long as nothing was published since. */
  get mark(): number {
    return this.#position;
  }

  /** Byte offsets of the records written after the mark. */
  *since(mark: number): IterableIterator<number> {
    for (let position = mark; position !== this.#position;) {
      const offset = this.#place.start + ((position & (this.#units - 1)) << UNIT_SHIFT);
      const word = offset >>> 2;
      position = (position + ((this.#span.words[word] as number) >>> UNIT_SHIFT)) | 0;
      if (this.#span.words[word + 1] !== KIND_SKIP) yield offset;
    }
  }

  /** Forgets what was written after the mark. */
  rollback(mark: number): void {
    this.#position = mark;
  }

  /** Goes on at the beginning when the reader has read everything; not before the middle, for what is skipped is no room until the reader has passed it. */
  restartIfEmpty(): void {
    const index = this.#position & (this.#units - 1);
    if (index < this.#units >>> 1 || this.#position !== this.#published) return;
    if (this.#headSeen !== this.#position) this.#headSeen = load(this.#span.words, this.#place.headWord);
    if (this.#headSeen === this.#position) this.#skip(index);
  }

  /** Shows the reader everything written so far. Returns whether there was anything to show. */
  publish(): boolean {
    if (this.#position === this.#published) return false;
    this.#published = this.#position;
    store(this.#span.words, this.#place.tailWord, this.#position);
    return true;
  }

  #free(): number {
    return this.#units - ((this.#position - this.#headSeen) | 0);
  }

  #skip(index: number): void {
    const word = (this.#place.start >>> 2) + (index << 1);
    const units = this.#units - index;
    this.#span.words[word] = units << UNIT_SHIFT;
    this.#span.words[word + 1] = KIND_SKIP;
    this.#position = (this.#position + units) | 0;
  }
}

/** The reading end. */
export class RingReader {
  readonly #span: Span;
  readonly #place: RingPlace;
  readonly #units: number;
  #position: number;
  #released: number;
  /** The writer's tail as last seen. */
  #tailSeen: number;

  constructor(span: Span, place: RingPlace) {
    this.#span = span;
    this.#place = place;
    this.#units = place.capacityBytes >>> UNIT_SHIFT;
    this.#position = this.#released = load(span.words, place.headWord);
    this.#tailSeen = this.#position;
  }

  /** Looks whether the writer has published more than was read. One atomic load. */
  refresh(): boolean {
    this.#tailSeen = load(this.#span.words, this.#place.tailWord);
    return this.#tailSeen !== this.#position;
  }

  /**
   * Byte offset of the next record that `refresh` has seen, -1 when there is none. The record counts as read; its bytes stay valid until
   * `release`.
   */
  next(): number {
    while (this.#position !== this.#tailSeen) {
      const offset = this.#place.start + ((this.#position & (this.#units - 1)) << UNIT_SHIFT);
      const word = offset >>> 2;
      this.#position = (this.#position + ((this.#span.words[word] as number) >>> UNIT_SHIFT)) | 0;
      if ((this.#span.words[word + 1] as number) !== KIND_SKIP) return offset;
    }
    return -1;
  }

  /** Bytes read and not yet released. */
  get unreleasedBytes(): number {
    return ((this.#position - this.#released) | 0) << UNIT_SHIFT;
  }

  /** Gives the bytes of everything read back to the writer. Returns whether there was anything to give. */
  release(): boolean {
    if (this.#position === this.#released) return false;
    this.#released = this.#position;
    store(this.#span.words, this.#place.headWord, this.#position);
    return true;
  }
}
