/** The receiving half of an end: reads records and rebuilds their values. */
import { copyBytes } from '../../runtime/copy-bytes.js';
import { decodeValue } from '../codec.js';
import { BulkReader } from './bulk-area.js';
import type { RingMemory, RingPlace } from './layout.js';
import type { PortLane } from './port-lane.js';
import { FORMAT_AREA, FORMAT_BULKS, FORMAT_INLINE, FORMAT_PORT, FORMAT_UNDEFINED, formatOf, WORD_KIND, WORD_VALUE_BYTES } from './records.js';
import { RingReader } from './ring.js';

/** So many bytes out of the area at once (P): more would push the first out of the cache before anybody has used them. */
const FILL_BYTES = 1 << 15;
/** Up to here values are rebuilt right from the ring. */
const DIRECT_BYTES_MAX = 256;

export class Inbox {
  readonly #memory: RingMemory;
  readonly #reader: RingReader;
  readonly #lane: PortLane;
  readonly #area: BulkReader;
  #copy: Buffer = Buffer.allocUnsafeSlow(0);
  /** Room is given back when this much was read, so that the writer need not wait for the end of a long run. */
  readonly #releaseBytes: number;

  constructor(memory: RingMemory, place: RingPlace, areaPlace: RingPlace, lane: PortLane) {
    this.#memory = memory;
    this.#reader = new RingReader(memory, place);
    this.#area = new BulkReader(memory, areaPlace);
    this.#lane = lane;
    this.#releaseBytes = place.capacityBytes >>> 2;
  }

  /** Whether the writer has published more. */
  refresh(): boolean {
    return this.#reader.refresh();
  }

  /** First word of the next record seen by `refresh`, -1 for none. Its value must be taken before the next call of `release`. */
  next(): number {
    const offset = this.#reader.next();
    return offset < 0 ? -1 : offset >>> 2;
  }

  /** Rebuilds the value of a record. @throws when it cannot be; the next record can still be read */
  value(word: number, headerBytes: number): unknown {
    const { words, bytes } = this.#memory;
    const format = formatOf(words[word + WORD_KIND] as number);
    if (format === FORMAT_UNDEFINED) return undefined;
    const offset = word * 4 + headerBytes;
    const length = words[word + WORD_VALUE_BYTES] as number;
    if (format === FORMAT_INLINE) {
      return length <= DIRECT_BYTES_MAX ? decodeValue(bytes, offset, length) : decodeValue(this.#privateCopy(offset, length), 0, length);
    }
    if (format === FORMAT_AREA) return decodeValue(bytes, offset, length - 1, this.#area.take(bytes[offset + length - 1] as number));
    const message = this.#lane.take();
    if (format === FORMAT_PORT) return message;
    const buffers = message as ArrayBuffer[];
    if (format === FORMAT_BULKS) return decodeValue(bytes, offset, length, buffers);
    const moved = new Uint8Array(buffers[0] as ArrayBuffer);
    return decodeValue(moved, 0, moved.length, buffers.slice(1));
  }

  /** Shared memory is copied fast only between aligned places, which those within a value are not. */
  #privateCopy(offset: number, length: number): Buffer {
    if (this.#copy.length < length) this.#copy = Buffer.allocUnsafeSlow(length * 2);
    copyBytes(this.#copy, 0, this.#memory.bytes.subarray(offset, offset + length));
    return this.#copy;
  }

  /** Whether what was read since this last said so is enough to work on, before more is copied out of the area. */
  takeFill(): boolean {
    if (this.#area.takenBytes < FILL_BYTES) return false;
    this.#area.takenBytes = 0;
    return true;
  }

  /** Bytes copied out of the area since `takeFill` was last true. */
  get copiedBytes(): number {
    return this.#area.takenBytes;
  }

  /** Whether enough was read for the writer to be told. */
  get releaseDue(): boolean {
    return this.#reader.unreleasedBytes >= this.#releaseBytes;
  }

  /** Gives the room of all that was read back to the writer. Returns whether there was anything to give. */
  release(): boolean {
    return this.#reader.release();
  }
}
