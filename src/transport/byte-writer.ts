/**
 * Bytes under construction, in a buffer that grows and is given away piece by piece:
 *
 *     | given away |  taken by nobody yet  |  free            |
 *     0            start                   position           capacity
 */
const CAPACITY_MIN = 64 * 1024;

/** A buffer that one large value made this big is not kept for the small ones. */
const KEPT_BYTES_MAX = 1024 * 1024;

/** Longest string that is written and looked through character by character; past it the host's bulk operations win. */
const SHORT_STRING_MAX = 32;

/** Up to here bytes are copied one by one: a call of the host costs more. */
const LOOP_COPY_BYTES_MAX = 64;

export class ByteWriter {
  bytes: Buffer = Buffer.allocUnsafeSlow(CAPACITY_MIN);
  /** The same memory. */
  words: Int32Array = wordsOf(this.bytes);
  #start = 0;
  position = 0;

  /** Bytes written and not taken. Also a mark to {@link rollback} to or {@link takeUpTo}. */
  get length(): number {
    return this.position - this.#start;
  }

  /** Makes room for `count` bytes more, which may then be written at `position`. */
  reserve(count: number): void {
    if (this.position + count <= this.bytes.length) return;
    const pending = this.bytes.subarray(this.#start, this.position);
    // What was given away may still be on its way out: a new buffer, always.
    const bytes = Buffer.allocUnsafeSlow(Math.max(CAPACITY_MIN, 8 * Math.ceil((pending.length + count) / 4)));
    bytes.set(pending);
    this.#use(bytes);
    this.#start = 0;
    this.position = pending.length;
  }

  rollback(mark: number): void {
    this.position = this.#start + mark;
  }

  /** Forgets everything, what was given away included: for a caller that has made use of it. */
  reset(): void {
    this.#start = 0;
    this.position = 0;
    this.#shrink();
  }

  /** What was written and not taken, without taking it. */
  view(): Buffer {
    return this.bytes.subarray(this.#start, this.position);
  }

  /** Gives away everything written. */
  take(): Buffer {
    return this.takeUpTo(this.length);
  }

  /** Gives away what was written before the mark. */
  takeUpTo(mark: number): Buffer {
    const taken = this.bytes.subarray(this.#start, this.#start + mark);
    this.#start += mark;
    if (this.#start === this.position) this.#shrink();
    return taken;
  }

  /** Makes room for `count` bytes at a mark by moving what comes after it. Returns where in `bytes` they begin. */
  insert(mark: number, count: number): number {
    this.reserve(count);
    const at = this.#start + mark;
    this.bytes.copyWithin(at + count, at, this.position);
    this.position += count;
    return at;
  }

  /** Writes over four bytes written before, at a mark. */
  setUint32(mark: number, value: number): void {
    this.bytes.writeUInt32LE(value, this.#start + mark);
  }

  uint8(value: number): void {
    this.reserve(1);
    this.bytes[this.position++] = value;
  }

  /** A tag and one byte. */
  tagged8(tag: number, value: number): void {
    this.reserve(2);
    const { bytes, position } = this;
    bytes[position] = tag;
    bytes[position + 1] = value;
    this.position = position + 2;
  }

  /** A tag and a signed word. */
  tagged32(tag: number, value: number): void {
    this.reserve(5);
    const { bytes, position } = this;
    bytes[position] = tag;
    bytes[position + 1] = value;
    bytes[position + 2] = value >>> 8;
    bytes[position + 3] = value >>> 16;
    bytes[position + 4] = value >>> 24;
    this.position = position + 5;
  }

  /** A tag and a double. */
  taggedDouble(tag: number, value: number): void {
    this.reserve(9);
    this.bytes[this.position] = tag;
    this.position = this.bytes.writeDoubleLE(value, this.position + 1);
  }

  /** A tag and a string. */
  taggedString(tag: number, value: string): void {
    this.reserve(1);
    this.bytes[this.position++] = tag;
    this.string(value);
  }

  uint32(value: number): void {
    this.reserve(4);
    this.position = this.bytes.writeUInt32LE(value, this.position);
  }

  int32(value: number): void {
    this.reserve(4);
    this.position = this.bytes.writeInt32LE(value, this.position);
  }

  double(value: number): void {
    this.reserve(8);
    this.position = this.bytes.writeDoubleLE(value, this.position);
  }

  /** Seven bits a byte, least significant first. */
  varint(value: number): void {
    this.reserve(5);
    let rest = value;
    while (rest > 0x7f) {
      this.bytes[this.position++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.bytes[this.position++] = rest;
  }

  raw(bytes: Uint8Array): void {
    const { length } = bytes;
    this.reserve(length);
    if (length > LOOP_COPY_BYTES_MAX) this.bytes.set(bytes, this.position);
    else for (let index = 0; index < length; index += 1) this.bytes[this.position + index] = bytes[index] as number;
    this.position += length;
  }

  /** Length, twice, its lowest bit set for two bytes a character; then the characters. Lone surrogates survive. */
  string(value: string): void {
    if (value.length > SHORT_STRING_MAX) this.#longString(value);
    else this.#shortString(value);
  }

  #use(bytes: Buffer): void {
    this.bytes = bytes;
    this.words = wordsOf(bytes);
  }

  #shrink(): void {
    if (this.bytes.length <= KEPT_BYTES_MAX) return;
    this.#use(Buffer.allocUnsafeSlow(CAPACITY_MIN));
    this.#start = 0;
    this.position = 0;
  }

  #shortString(value: string): void {
    const { length } = value;
    const mark = this.length;
    this.reserve(1 + length);
    const { bytes } = this;
    let at = this.position;
    bytes[at++] = length << 1;
    for (let index = 0; index < length; index += 1) {
      const code = value.charCodeAt(index);
      if (code > 0xff) {
        this.rollback(mark);
        this.#wideString(value);
        return;
      }
      bytes[at++] = code;
    }
    this.position = at;
  }

  #longString(value: string): void {
    if (Buffer.byteLength(value) !== value.length) {
      this.#wideString(value);
      return;
    }
    this.varint(value.length * 2);
    this.reserve(value.length);
    this.position += this.bytes.write(value, this.position, value.length, 'latin1');
  }

  #wideString(value: string): void {
    this.varint(value.length * 2 + 1);
    this.reserve(value.length * 2);
    this.position += this.bytes.write(value, this.position, value.length * 2, 'utf16le');
  }
}

/** `bytes` has memory of its own, of whole words. */
function wordsOf(bytes: Buffer): Int32Array {
  return new Int32Array(bytes.buffer, 0, bytes.length >>> 2);
}
