/**
 * Large buffers beside the records: a ring of its own for each direction, whose records are nothing but bytes.
 *
 *     record in the ring   "3 bulks"         area   | bulk | bulk | bulk |  free  |
 *
 * One copy in and one out, at the speed of memory, without a message. Bulks stand in the order of the records that they belong to, and are published before
 * these: whoever reads a record finds its bulks at the front. Nobody waits for room here: what finds none goes through the port.
 *
 * An area that has been emptied is used from its beginning again, where it is still in the cache.
 */
import { copyBytes } from '../../runtime/copy-bytes.js';
import { keepCopy } from '../codec.js';
import type { RingMemory, RingPlace } from './layout.js';
import { recordBytes, RingReader, RingWriter } from './ring.js';

/** Words: size of the record, kind (not 0, which is SKIP), byte length; then padding, so that the bytes begin at a multiple of 16. */
const BULK_HEADER_BYTES = 16;
const WORD_KIND = 1;
const WORD_BYTE_LENGTH = 2;
const KIND_BULK = 1;

export class BulkWriter {
  readonly #memory: RingMemory;
  readonly #ring: RingWriter;
  /** Longest run of bytes that may stand here: a quarter of the area, so that one does not shut out the others. */
  readonly bytesMax: number;
  /** Bytes written so far. */
  writtenBytes = 0;

  constructor(memory: RingMemory, place: RingPlace) {
    this.#memory = memory;
    this.#ring = new RingWriter(memory, place);
    this.bytesMax = Math.max(0, (place.capacityBytes >>> 2) - BULK_HEADER_BYTES);
  }

  /** A mark to {@link rollback} to, as long as nothing was published since. */
  get mark(): number {
    return this.#ring.mark;
  }

  /** Bytes written and not yet published. */
  get unpublishedBytes(): number {
    return this.#ring.unpublishedBytes;
  }

  /** Copies the bytes in. `false`: no room, or too long. */
  write(bytes: Uint8Array): boolean {
    if (bytes.length > this.bytesMax) return false;
    this.#ring.restartIfEmpty();
    const offset = this.#ring.reserve(recordBytes(BULK_HEADER_BYTES + bytes.length));
    if (offset < 0) return false;
    const word = offset >>> 2;
    this.#memory.words[word + WORD_KIND] = KIND_BULK;
    this.#memory.words[word + WORD_BYTE_LENGTH] = bytes.length;
    copyBytes(this.#memory.bytes, offset + BULK_HEADER_BYTES, bytes);
    this.writtenBytes += bytes.length;
    return true;
  }

  rollback(mark: number): void {
    this.#ring.rollback(mark);
  }

  /** Rolls back, and returns copies of what was written after the mark. */
  takeBack(mark: number): Uint8Array[] {
    const placed: Uint8Array[] = [];
    const { words, bytes } = this.#memory;
    for (const offset of this.#ring.since(mark)) {
      const start = offset + BULK_HEADER_BYTES;
      placed.push(keepCopy(bytes.subarray(start, start + (words[(offset >>> 2) + WORD_BYTE_LENGTH] as number)), false));
    }
    this.#ring.rollback(mark);
    return placed;
  }

  publish(): void {
    this.#ring.publish();
  }
}

export class BulkReader {
  readonly #memory: RingMemory;
  readonly #ring: RingReader;
  /** Bytes taken since whoever reads this set it to 0. */
  takenBytes = 0;

  constructor(memory: RingMemory, place: RingPlace) {
    this.#memory = memory;
    this.#ring = new RingReader(memory, place);
  }

  /** Takes the next `count` bulks out, each into memory of its own, and gives their room back. */
  take(count: number): ArrayBuffer[] {
    const { words, bytes } = this.#memory;
    this.#ring.refresh();
    const bulks: ArrayBuffer[] = [];
    for (let index = 0; index < count; index += 1) {
      const offset = this.#ring.next();
      if (offset < 0) break;
      const length = words[(offset >>> 2) + WORD_BYTE_LENGTH] as number;
      const copy = Buffer.allocUnsafeSlow(length);
      copyBytes(copy, 0, bytes.subarray(offset + BULK_HEADER_BYTES, offset + BULK_HEADER_BYTES + length));
      bulks.push(copy.buffer as ArrayBuffer);
      this.takenBytes += length;
    }
    this.#ring.release();
    return bulks;
  }
}
