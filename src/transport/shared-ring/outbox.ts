/**
 * The sending half of an end: turns values into records, in the ring while there is room, in the overflow after that.
 *
 *     value -> bytes -> ring record                     short, and the overflow is empty
 *                    -> overflow -> ring record         short; moved in order when the reader has made room
 *                    -> port, record points at it       long or transferred, or nothing but a port can carry it
 *
 * Large buffers within a value stand in the area, if there is room for all of them, or are copied once and moved through the port.
 */
import { copyBytes } from '../../runtime/copy-bytes.js';
import { Encoder, keepCopy } from '../codec.js';
import { BulkWriter } from './bulk-area.js';
import type { RingMemory, RingPlace, Span } from './layout.js';
import { Overflow } from './overflow.js';
import type { PortLane } from './port-lane.js';
import {
  FORMAT_AREA,
  FORMAT_BULKS,
  FORMAT_INLINE,
  FORMAT_MOVED,
  FORMAT_PORT,
  FORMAT_UNDEFINED,
  HEADER_BYTES,
  TASK_HEADER_BYTES,
  WORD_KIND,
  WORD_SLOT,
  WORD_VALUE_BYTES,
} from './records.js';
import { recordBytes, RingWriter } from './ring.js';

/** Up to here words are copied one by one: two views cost more. */
const LOOP_COPY_WORDS_MAX = 96;

/** Buffers from this size on stand beside the ring, which they would fill, instead of being copied twice through it (P). */
const BULK_BYTES_MIN = 1 << 12;
/** So many bytes in the area are worth the other side's while before the batch is complete (P): copying them takes about as long as waking it. */
const PUBLISH_BYTES = 1 << 15;
/** Most of them in the area for one value. */
const PLACED_MAX = 255;
/** Stands for a buffer that is in the area. */
const PLACED: Uint8Array = new Uint8Array();

const NO_TRANSFER: readonly object[] = [];

/** Whether the held record at this word of the overflow need not be sent any more. */
export type IsDead = (words: Int32Array, word: number) => boolean;

export class Outbox {
  /** Where the record opened last lies. */
  span: Span;
  readonly #ring: Span;
  readonly #writer: RingWriter;
  readonly #overflow: Overflow = new Overflow();
  readonly #lane: PortLane;
  readonly #isDead: IsDead;
  readonly #area: BulkWriter;
  readonly #encoder: Encoder;
  /** Whether the buffers of the value that is being encoded have all found room in the area. */
  #allPlaced = true;
  #hadLarge = false;
  readonly #valueBytesMax: number;
  /** Of the value encoded last. */
  #format: number = FORMAT_UNDEFINED;
  #valueBytes = 0;

  constructor(memory: RingMemory, place: RingPlace, areaPlace: RingPlace, lane: PortLane, isDead: IsDead) {
    this.span = this.#ring = memory;
    this.#writer = new RingWriter(memory, place);
    this.#lane = lane;
    this.#isDead = isDead;
    // A quarter of the ring: so that one long value does not shut out the others.
    this.#valueBytesMax = (this.#writer.recordBytesMax >>> 1) - TASK_HEADER_BYTES;
    this.#area = new BulkWriter(memory, areaPlace);
    this.#encoder = new Encoder(Math.min(BULK_BYTES_MIN, this.#valueBytesMax), (bytes, isOwn) => this.#keep(bytes, isOwn));
  }

  get heldBytes(): number {
    return this.#overflow.heldBytes;
  }

  /** Whether the other side should begin with what stands in the area, instead of waiting for the end of the batch. */
  get isDue(): boolean {
    return this.#format === FORMAT_AREA && this.#area.unpublishedBytes >= PUBLISH_BYTES;
  }

  /** Whether the other side has read all that was published. */
  get isRead(): boolean {
    return this.#writer.isRead;
  }

  /** Whether the other side has read anything since the last call. */
  takeRead(): boolean {
    return this.#writer.takeRead();
  }

  /** Whether a value since the last call had large buffers or went by port: a long run of such would fill the area. */
  takeLarge(): boolean {
    const had = this.#hadLarge;
    this.#hadLarge = false;
    return had;
  }

  /** Bytes copied into the area so far. */
  get copiedBytes(): number {
    return this.#area.writtenBytes;
  }

  /** Whether `publish` would move held records now. */
  get canMove(): boolean {
    return !this.#overflow.isEmpty && this.#writer.hasRoom(this.#overflow.frontBytes);
  }

  /** Makes `value` the one of the next record. @throws when it cannot cross; nothing was sent then */
  encode(value: unknown, transfer: readonly object[] | undefined): void {
    if (value === undefined) this.#take(FORMAT_UNDEFINED, 0);
    else if (transfer === undefined || transfer.length === 0) this.#encode(value);
    else this.#post(value, transfer);
  }

  /** Writes a record with the value encoded last and returns its first word in `span`, for the rest of a longer header. */
  append(kind: number, slot: number, headerBytes: number = HEADER_BYTES): number {
    const offset = this.#reserve(recordBytes(headerBytes + this.#valueBytes));
    const { words } = this.span;
    const word = offset >>> 2;
    words[word + WORD_KIND] = kind | (this.#format << 8);
    words[word + WORD_SLOT] = slot;
    words[word + WORD_VALUE_BYTES] = this.#valueBytes;
    // Records are whole units of words, so what follows the value in its last word has room.
    if (this.#valueBytes > 0) copyWords(this.#encoder.writer, 0, this.span, (offset + headerBytes) >>> 2, (this.#valueBytes + 3) >>> 2);
    return word;
  }

  /** Moves what was held as far as there is room and shows the reader all that is new. Returns whether there was anything. */
  publish(): boolean {
    if (!this.#overflow.isEmpty) this.#move();
    // Before the records that they belong to.
    this.#area.publish();
    return this.#writer.publish();
  }

  /** Forgets held records that are dead. O(bytes held). */
  compact(): void {
    this.#overflow.compact((word) => this.#isDead(this.#overflow.span.words, word));
  }

  /** The same for a list whose own identity does not matter, like the arguments of a call. */
  encodeList(list: readonly unknown[], transfer: readonly object[] | undefined): void {
    if (list.length === 0) this.#take(FORMAT_UNDEFINED, 0);
    else if (transfer === undefined || transfer.length === 0) this.#encode(list, true);
    else this.#post(list, transfer);
  }

  #encode(value: unknown, isList = false): void {
    const { writer, bulks } = this.#encoder;
    const mark = this.#area.mark;
    writer.reset();
    this.#allPlaced = true;
    try {
      if (isList) this.#encoder.writeList(value as readonly unknown[]);
      else this.#encoder.write(value);
    } catch {
      bulks.length = 0;
      this.#area.rollback(mark);
      return this.#post(value, NO_TRANSFER);
    }
    const isLong = writer.length > this.#valueBytesMax;
    if (!isLong && bulks.length === 0) return this.#take(FORMAT_INLINE, writer.length);
    if (!isLong && this.#allPlaced) {
      writer.uint8(bulks.length);
      this.#take(FORMAT_AREA, writer.length);
    } else this.#moveBulks(bulks, mark, isLong);
    bulks.length = 0;
  }

  /** Large buffers that the codec meets: called at once for each, since the sender may write into its buffer as soon as it has sent it. */
  #keep(bytes: Uint8Array, isOwn: boolean): Uint8Array {
    this.#hadLarge = true;
    // What is ours already is moved through the port without a copy.
    if (!isOwn && this.#encoder.bulks.length < PLACED_MAX && this.#area.write(bytes)) return PLACED;
    this.#allPlaced = false;
    return keepCopy(bytes, isOwn);
  }

  #moveBulks(bulks: Uint8Array[], mark: number, isLong: boolean): void {
    const { writer } = this.#encoder;
    const placed = this.#area.takeBack(mark);
    for (let index = 0, next = 0; index < bulks.length; index += 1) if (bulks[index] === PLACED) bulks[index] = placed[next++] as Uint8Array;
    if (isLong) bulks.unshift(new Uint8Array(writer.view()));
    this.#postBulks(bulks);
    if (isLong) this.#take(FORMAT_MOVED, 0);
    else this.#take(FORMAT_BULKS, writer.length);
  }

  /** Each is a copy that belongs to us, so it can be moved. */
  #postBulks(bulks: readonly Uint8Array[]): void {
    const buffers = bulks.map((bulk) => (bulk.length === bulk.buffer.byteLength ? bulk.buffer : new Uint8Array(bulk).buffer));
    this.#lane.post(buffers, buffers);
  }

  #post(value: unknown, transfer: readonly object[]): void {
    this.#hadLarge = true;
    this.#lane.post(value, transfer);
    this.#take(FORMAT_PORT, 0);
  }

  #take(format: number, valueBytes: number): void {
    this.#format = format;
    this.#valueBytes = valueBytes;
  }

  #reserve(bytes: number): number {
    if (this.#overflow.isEmpty) {
      const offset = this.#writer.reserve(bytes);
      this.span = this.#ring;
      if (offset >= 0) return offset;
    }
    const offset = this.#overflow.reserve(bytes);
    this.span = this.#overflow.span;
    return offset;
  }

  #move(): void {
    for (let from = this.#overflow.frontOffset; from >= 0; from = this.#overflow.frontOffset) {
      const { words } = this.#overflow.span;
      const size = this.#overflow.frontBytes;
      if (!this.#isDead(words, from >>> 2)) {
        const to = this.#writer.reserve(size);
        if (to < 0) return;
        copyWords(this.#overflow.span, from >>> 2, this.#ring, to >>> 2, size >>> 2);
      }
      this.#overflow.shift();
    }
  }
}

function copyWords(source: Pick<Span, 'words' | 'bytes'>, from: number, target: Span, to: number, count: number): void {
  if (count > LOOP_COPY_WORDS_MAX) {
    copyBytes(target.bytes, to * 4, source.bytes.subarray(from * 4, (from + count) * 4));
    return;
  }
  const written = source.words;
  const { words } = target;
  for (let index = 0; index < count; index += 1) words[to + index] = written[from + index] as number;
}
