/**
 * Runs of bytes, first in first out, in shared memory.
 *
 *     |   free   | length, bytes | length, bytes |   free   |      the length takes 4 bytes; everything may wrap around
 *                ^ HEAD mod size                 ^ TAIL mod size
 *
 * HEAD and TAIL count all bytes ever read and written, and are stored last: who is ended in the middle of `read` or `write` has done nothing. One at a time may
 * read or write; anybody may ask at any time, and gets an answer that was true or is about to be.
 */
import { load, store } from '../runtime/atomics.js';
import { copyBytes } from '../runtime/copy-bytes.js';

/** Bytes that the length of a run takes. */
export const LENGTH_BYTES = 4;

export class ByteRing {
  /** A power of two. */
  readonly capacity: number;
  readonly #words: Int32Array;
  readonly #head: number;
  readonly #tail: number;
  readonly #bytes: Uint8Array;
  readonly #length = new Uint8Array(LENGTH_BYTES);
  readonly #lengthWord = new Uint32Array(this.#length.buffer);

  /** @param head word of HEAD; TAIL is the next. The bytes begin at word `start` and go on to the end of the memory. */
  constructor(memory: SharedArrayBuffer, head: number, start: number) {
    this.#words = new Int32Array(memory);
    this.#head = head;
    this.#tail = head + 1;
    this.#bytes = new Uint8Array(memory, start * 4);
    this.capacity = this.#bytes.length;
  }

  get isEmpty(): boolean {
    return load(this.#words, this.#head) === load(this.#words, this.#tail);
  }

  /** Whether a run of so many bytes finds room. */
  hasRoom(byteLength: number): boolean {
    const used = (load(this.#words, this.#tail) - load(this.#words, this.#head)) >>> 0;
    return used + LENGTH_BYTES + byteLength <= this.capacity;
  }

  /** There must be room. */
  write(bytes: Uint8Array): void {
    const tail = load(this.#words, this.#tail);
    this.#lengthWord[0] = bytes.length;
    this.#copyIn(tail, this.#length);
    this.#copyIn(tail + LENGTH_BYTES, bytes);
    store(this.#words, this.#tail, (tail + LENGTH_BYTES + bytes.length) | 0);
  }

  /** There must be something. */
  read(): Uint8Array {
    const head = load(this.#words, this.#head);
    this.#copyOut(head, this.#length);
    const bytes = new Uint8Array(this.#lengthWord[0] as number);
    this.#copyOut(head + LENGTH_BYTES, bytes);
    store(this.#words, this.#head, (head + LENGTH_BYTES + bytes.length) | 0);
    return bytes;
  }

  #copyIn(position: number, bytes: Uint8Array): void {
    const at = (position & (this.capacity - 1)) >>> 0;
    const toEnd = Math.min(bytes.length, this.capacity - at);
    copyBytes(this.#bytes, at, bytes.subarray(0, toEnd));
    copyBytes(this.#bytes, 0, bytes.subarray(toEnd));
  }

  #copyOut(position: number, bytes: Uint8Array): void {
    const at = (position & (this.capacity - 1)) >>> 0;
    const toEnd = Math.min(bytes.length, this.capacity - at);
    copyBytes(bytes, 0, this.#bytes.subarray(at, at + toEnd));
    copyBytes(bytes, toEnd, this.#bytes.subarray(0, bytes.length - toEnd));
  }
}
