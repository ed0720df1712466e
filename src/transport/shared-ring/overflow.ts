/**
 * Records that found no room in the ring yet, in the order they were sent: a growing log in private memory.
 *
 *     | moved to the ring | waiting            | free |
 *                         ^ front              ^ back
 */
import type { Span } from './layout.js';

const INITIAL_BYTES = 1 << 16;

/** Larger memory is given back when nothing is held. */
const KEPT_BYTES_MAX = 1 << 20;

export class Overflow {
  #span: Span = span(0);
  #front = 0;
  #back = 0;

  /** Where the records lie. Changes with `reserve`. */
  get span(): Span {
    return this.#span;
  }

  get isEmpty(): boolean {
    return this.#front === this.#back;
  }

  get heldBytes(): number {
    return this.#back - this.#front;
  }

  /** Byte offset of the oldest record, -1 when there is none. */
  get frontOffset(): number {
    return this.isEmpty ? -1 : this.#front;
  }

  /** Size of the oldest record. */
  get frontBytes(): number {
    return this.#span.words[this.#front >>> 2] as number;
  }

  /** Byte offset where a record of `bytes` (a multiple of 8) may be written. Its size is written here. */
  reserve(bytes: number): number {
    if (this.#back + bytes > this.#span.bytes.length) this.#makeRoom(bytes);
    const offset = this.#back;
    this.#span.words[offset >>> 2] = bytes;
    this.#back += bytes;
    return offset;
  }

  /** Drops the oldest record. */
  shift(): void {
    this.#front += this.frontBytes;
    if (this.#front !== this.#back) return;
    this.#front = this.#back = 0;
    if (this.#span.bytes.length > KEPT_BYTES_MAX) this.#span = span(0);
  }

  /** Drops the records for which `isDead(word of the record)` holds. O(bytes held). */
  compact(isDead: (word: number) => boolean): void {
    let to = this.#front;
    for (let from = this.#front; from !== this.#back;) {
      const bytes = this.#span.words[from >>> 2] as number;
      if (!isDead(from >>> 2)) {
        if (to !== from) this.#span.bytes.copyWithin(to, from, from + bytes);
        to += bytes;
      }
      from += bytes;
    }
    this.#back = to;
    if (this.#front === to) this.#front = this.#back = 0;
  }

  #makeRoom(bytes: number): void {
    const held = this.#span.bytes.subarray(this.#front, this.#back);
    let capacity = Math.max(INITIAL_BYTES, this.#span.bytes.length);
    while (capacity < 2 * (held.length + bytes)) capacity *= 2;
    const next = span(capacity);
    next.bytes.set(held);
    this.#back = held.length;
    this.#front = 0;
    this.#span = next;
  }
}

function span(bytes: number): Span {
  const buffer = new ArrayBuffer(bytes);
  return { words: new Int32Array(buffer), doubles: new Float64Array(buffer), bytes: new Uint8Array(buffer) };
}
