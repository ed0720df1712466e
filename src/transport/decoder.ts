/** Bytes to values: see `codec.ts`. */
import { Deserializer } from 'node:v8';
import { MillraceError } from '../errors.js';
import { knownKeys, rememberKeys } from './record-keys.js';
import type { ReadKeys } from './record-keys.js';
import {
  ARRAY,
  BUFFER,
  BULK_BUFFER,
  BULK_HOST,
  BULK_VIEW,
  DOUBLE,
  FALSE,
  HOST,
  INT32,
  INT8,
  NULL,
  RECORD,
  STRING,
  TRUE,
  UNDEFINED,
  VIEW,
  VIEW_TYPES,
} from './codec-tags.js';

/** Short strings that are remembered, so that a known one costs a comparison and no new string. */
const TEXTS_MAX = 1_024;

/** Longest string that is remembered. */
const TEXT_LENGTH_MAX = 16;

const NO_BULKS: readonly ArrayBuffer[] = [];
const NO_BYTES: Buffer = Buffer.allocUnsafeSlow(0);

/** One that has read all of its value is used for the next. */
let spare: Decoder | undefined;

/**
 * The value that an `Encoder` wrote into `length` bytes at `offset`. Nothing of the result refers to `bytes`; buffers take over their `bulks`.
 *
 * @throws MillraceError `ERR_PROTOCOL`, or what the host's deserializer throws, when the bytes are not those of one value
 */
export function decodeValue(bytes: Uint8Array, offset: number, length: number, bulks: readonly ArrayBuffer[] = NO_BULKS): unknown {
  const decoder = spare ?? new Decoder(NO_BYTES, 0, 0);
  // A setter that somebody gave to all objects may decode something else.
  spare = undefined;
  decoder.open(bytes, offset, length, bulks);
  const value = decoder.value();
  decoder.end();
  decoder.open(NO_BYTES, 0, 0, NO_BULKS);
  spare = decoder;
  return value;
}

/** Reads one thing after the other. */
export class Decoder {
  #bytes: Buffer = NO_BYTES;
  #bulks: readonly ArrayBuffer[] = NO_BULKS;
  #end = 0;
  #position = 0;
  #nextBulk = 0;

  constructor(bytes: Uint8Array, offset: number, length: number, bulks: readonly ArrayBuffer[] = NO_BULKS) {
    this.open(bytes, offset, length, bulks);
  }

  /** Begins anew, with other bytes. */
  open(bytes: Uint8Array, offset: number, length: number, bulks: readonly ArrayBuffer[]): void {
    this.#bytes = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#bulks = bulks;
    this.#position = offset;
    this.#end = offset + length;
    this.#nextBulk = 0;
  }

  /** Everything must have been read. */
  end(): void {
    if (this.#position !== this.#end || this.#nextBulk !== this.#bulks.length) throw malformed('bytes that belong to no value');
  }

  uint8(): number {
    return this.#bytes[this.#advance(1)] as number;
  }

  uint32(): number {
    return this.#bytes.readUInt32LE(this.#advance(4));
  }

  double(): number {
    return this.#bytes.readDoubleLE(this.#advance(8));
  }

  string(): string {
    const length = this.#varint();
    return this.#characters(length >>> 1, (length & 1) === 1);
  }

  value(): unknown {
    const tag = this.uint8();
    switch (tag) {
      case UNDEFINED:
        return undefined;
      case NULL:
        return null;
      case TRUE:
        return true;
      case FALSE:
        return false;
      case INT8:
        return (this.uint8() << 24) >> 24;
      case INT32:
        return this.#bytes.readInt32LE(this.#advance(4));
      case DOUBLE:
        return this.double();
      case STRING:
        return this.string();
      case ARRAY:
        return this.#array();
      case RECORD:
        return this.#record();
      default:
        return this.#buffered(tag);
    }
  }

  #buffered(tag: number): unknown {
    switch (tag) {
      case VIEW:
        return this.#viewOver(this.uint8(), () => this.#raw(this.#varint()));
      case BUFFER:
        return this.#raw(this.#varint());
      case HOST:
        return readHost(this.#rest());
      case BULK_VIEW:
        return this.#viewOver(this.uint8(), () => this.#bulk());
      case BULK_BUFFER:
        return this.#bulk();
      case BULK_HOST:
        return readHost(new Uint8Array(this.#bulk()));
      default:
        throw malformed(`the unknown tag ${tag}`);
    }
  }

  #array(): unknown[] {
    const length = this.#varint();
    // Short ones as literals, which have room for what they hold: `push` makes room for 17.
    switch (length) {
      case 0:
        return [];
      case 1:
        return [this.value()];
      case 2:
        return [this.value(), this.value()];
      case 3:
        return [this.value(), this.value(), this.value()];
      case 4:
        return [this.value(), this.value(), this.value(), this.value()];
    }
    const array: unknown[] = [];
    for (let index = 0; index < length; index += 1) array.push(this.value());
    return array;
  }

  #record(): Record<string, unknown> {
    const { keys, make } = this.#keys();
    const record: Record<string, unknown> = make === undefined ? {} : make();
    for (let index = 0; index < keys.length; index += 1) record[keys[index] as string] = this.value();
    return record;
  }

  #keys(): ReadKeys {
    const length = this.#varint();
    const start = this.#advance(length);
    return knownKeys(this.#bytes, start, length) ?? this.#newKeys(start, length);
  }

  #newKeys(start: number, length: number): ReadKeys {
    this.#position = start;
    const keys = Array.from({ length: Math.min(this.#varint(), length) }, () => this.string());
    if (this.#position !== start + length || keys.includes('__proto__')) throw malformed('keys that are none');
    return rememberKeys(this.#bytes, start, length, keys);
  }

  #characters(length: number, isWide: boolean): string {
    if (isWide) return this.#wide(length * 2);
    const start = this.#advance(length);
    if (length > TEXT_LENGTH_MAX || length === 0) return this.#bytes.toString('latin1', start, start + length);
    return rememberedText(this.#bytes, start, length);
  }

  #wide(byteLength: number): string {
    const start = this.#advance(byteLength);
    return this.#bytes.toString('utf16le', start, start + byteLength);
  }

  #viewOver(kind: number, buffer: () => ArrayBuffer): ArrayBufferView {
    const type = VIEW_TYPES[kind];
    if (type === undefined) throw malformed(`the unknown view ${kind}`);
    return new type(buffer());
  }

  #raw(byteLength: number): ArrayBuffer {
    const start = this.#advance(byteLength);
    const copy = new Uint8Array(byteLength);
    copy.set(this.#bytes.subarray(start, start + byteLength));
    return copy.buffer;
  }

  #rest(): Uint8Array {
    const start = this.#advance(this.#end - this.#position);
    return this.#bytes.subarray(start, this.#end);
  }

  #bulk(): ArrayBuffer {
    const bulk = this.#bulks[this.#nextBulk++];
    if (bulk === undefined) throw malformed('a missing bulk');
    return bulk;
  }

  #varint(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.uint8();
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
    throw malformed('a length without end');
  }

  /** Moves past `count` bytes and returns where they begin. */
  #advance(count: number): number {
    const start = this.#position;
    if (count > this.#end - start) throw malformed('a value that is cut off');
    this.#position = start + count;
    return start;
  }
}

const texts: string[] = Array.from({ length: TEXTS_MAX }, () => '');

function rememberedText(bytes: Buffer, start: number, length: number): string {
  const place =
    ((bytes[start] as number) * 31 + (bytes[start + length - 1] as number) * 7 + (bytes[start + (length >>> 1)] as number) * 13 + length) & (TEXTS_MAX - 1);
  const known = texts[place] as string;
  if (known.length === length && equals(known, bytes, start)) return known;
  const text = bytes.toString('latin1', start, start + length);
  texts[place] = text;
  return text;
}

function equals(text: string, bytes: Buffer, start: number): boolean {
  for (let index = 0; index < text.length; index += 1) {
    if (text.charCodeAt(index) !== bytes[start + index]) return false;
  }
  return true;
}

function readHost(bytes: Uint8Array): unknown {
  const deserializer = new Deserializer(bytes);
  deserializer.readHeader();
  return deserializer.readValue();
}

function malformed(what: string): MillraceError {
  return new MillraceError('ERR_PROTOCOL', `the bytes of a value hold ${what}`);
}
