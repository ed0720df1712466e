/** Values to bytes: see `codec.ts`. */
import { types } from 'node:util';
import { Serializer } from 'node:v8';
import { MillraceError } from '../errors.js';
import { copyBytes } from '../runtime/copy-bytes.js';
import { ByteWriter } from './byte-writer.js';
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
import { keyBlock } from './record-keys.js';
import type { KeyBlock } from './record-keys.js';
import type { Medium } from './value-path.js';

/** Objects of a tree that is written directly: identities are compared one by one. */
const OBJECTS_MAX = 32;

/** Elements of an array that is written directly: longer ones are cheaper by the host's serializer. */
const LENGTH_MAX = 64;

/** Keys of a record that are gathered in a list that is used again. */
const KEYS_MAX = 128;

/** Largest run of bytes beside a value. */
export const BULK_BYTES_MAX: number = 1024 ** 3;

/** Buffers arrive as structured clone gives them: as plain Uint8Arrays. */
const VIEW_KINDS: ReadonlyMap<unknown, number> = new Map<unknown, number>([
  [Buffer.prototype, 0],
  ...VIEW_TYPES.map((type, kind) => [type.prototype, kind] as const),
]);

/** Keeps bytes that go beside a value. `isOwn`: nobody else has them. */
export type Keep<B> = (bytes: Uint8Array, isOwn: boolean) => B;

/** `B`: what `keep` makes of bytes that go beside a value. */
export class Encoder<B = Uint8Array> {
  /** Where values are written. */
  readonly writer: ByteWriter = new ByteWriter();
  /** Bytes that go beside the values, in order, as they were kept; whoever sends them empties it. */
  readonly bulks: B[] = [];
  readonly #bulkBytesMin: number;
  readonly #keep: Keep<B>;
  /** The objects of the tree that is being written, and how many they are. */
  readonly #objects: (object | undefined)[] = [];
  #objectCount = 0;
  /** The keys of the record that is looked at. */
  readonly #keys: string[] = [];

  /**
   * @param bulkBytesMin size in bytes from which buffers go to `bulks`; default none
   * @param keep called at once for each of them, since the sender may write into its buffer as soon as it has sent it; default a copy
   */
  constructor(bulkBytesMin: number = Infinity, keep: Keep<B> = keepCopy as unknown as Keep<B>) {
    this.#bulkBytesMin = bulkBytesMin;
    this.#keep = keep;
  }

  /**
   * The bytes of `value`, in a buffer that is used again by the next call.
   *
   * @throws what the clone throws when the value cannot cross
   */
  encode(value: unknown): Uint8Array {
    this.writer.reset();
    this.write(value);
    return this.writer.view();
  }

  /** Appends the bytes of `value` to the writer. When it throws, what it has written remains for the caller to roll back. */
  write(value: unknown): void {
    const mark = this.writer.length;
    const bulkMark = this.bulks.length;
    this.#forget();
    const isTree = this.#tree(value);
    this.#forget();
    if (isTree) return;
    this.writer.rollback(mark);
    this.bulks.length = bulkMark;
    this.#host(value);
  }

  /** Appends a list whose own identity and properties do not matter, like the arguments of a call: cheaper than `write`. */
  writeList(list: readonly unknown[]): void {
    const mark = this.writer.length;
    const bulkMark = this.bulks.length;
    this.#forget();
    const isTree = list.length <= LENGTH_MAX && this.#items(list);
    this.#forget();
    if (isTree) return;
    this.writer.rollback(mark);
    this.bulks.length = bulkMark;
    this.#host(list);
  }

  #items(list: readonly unknown[]): boolean {
    this.writer.tagged8(ARRAY, list.length);
    for (const item of list) if (!this.#tree(item)) return false;
    return true;
  }

  /** Writes the value if it is a tree of the common kinds; otherwise returns `false`, having written a part of it. */
  #tree(value: unknown): boolean {
    switch (typeof value) {
      case 'undefined':
        this.writer.uint8(UNDEFINED);
        return true;
      case 'boolean':
        this.writer.uint8(value ? TRUE : FALSE);
        return true;
      case 'number':
        this.#number(value);
        return true;
      case 'string':
        this.writer.taggedString(STRING, value);
        return true;
      case 'object':
        return this.#object(value);
      default:
        return false;
    }
  }

  #number(value: number): void {
    const { writer } = this;
    if ((value | 0) !== value || Object.is(value, -0)) writer.taggedDouble(DOUBLE, value);
    else if (value >= -128 && value <= 127) writer.tagged8(INT8, value & 0xff);
    else writer.tagged32(INT32, value);
  }

  #object(value: object | null): boolean {
    if (value === null) {
      this.writer.uint8(NULL);
      return true;
    }
    if (ArrayBuffer.isView(value)) return this.#view(value);
    if (!this.#isNew(value) || types.isProxy(value)) return false;
    if (Array.isArray(value)) return this.#array(value);
    const prototype: unknown = Object.getPrototypeOf(value);
    if (prototype === Object.prototype) return this.#record(value as Record<string, unknown>);
    if (prototype === WASM_MODULE)
      throw new MillraceError('ERR_VALUE_NOT_CLONEABLE', 'a WebAssembly.Module crosses only through a message port, that is to threads');
    return types.isArrayBuffer(value) && this.#buffer(value);
  }

  /** Notes an object; `false` when it stands in the tree already or there are too many. */
  #isNew(object: object): boolean {
    const objects = this.#objects;
    const count = this.#objectCount;
    if (count === OBJECTS_MAX) return false;
    for (let index = 0; index < count; index += 1) if (objects[index] === object) return false;
    objects[count] = object;
    this.#objectCount = count + 1;
    return true;
  }

  /** Lets go of the objects of the last tree: after it, and before the next, for a getter may have thrown in its middle. */
  #forget(): void {
    for (let index = 0; index < this.#objectCount; index += 1) this.#objects[index] = undefined;
    this.#objectCount = 0;
  }

  #array(array: readonly unknown[]): boolean {
    const { length } = array;
    if (length > LENGTH_MAX || Object.keys(array).length !== length) return false;
    this.writer.uint8(ARRAY);
    this.writer.varint(length);
    for (let index = 0; index < length; index += 1) {
      const item = array[index];
      if ((item === undefined && !Object.hasOwn(array, index)) || !this.#tree(item)) return false;
    }
    return true;
  }

  #record(record: Readonly<Record<string, unknown>>): boolean {
    const known = this.#keysOf(record);
    if (known === undefined) return false;
    const { keys, block } = known;
    this.writer.uint8(RECORD);
    this.writer.raw(block);
    let index = 0;
    // The engine looks up a key of such a loop once a shape, and any other in a table of all shapes: a sixth of the cost of a loop over `keys`.
    for (const key in record) {
      // A getter may have removed a key that comes after it.
      if (key !== keys[index]) return false;
      index += 1;
      const item = record[key];
      if (item === undefined && !Object.hasOwn(record, key)) return false;
      if (!this.#tree(item)) return false;
    }
    return index === keys.length;
  }

  /** `undefined`: it is no record. Without keys it may be anything that was given a plain prototype; `__proto__` cannot be assigned on arrival. */
  #keysOf(record: Readonly<Record<string, unknown>>): KeyBlock | undefined {
    const keys = this.#keys;
    let count = 0;
    for (const key in record) {
      if (count === KEYS_MAX) return isLikeArguments(record) || allInherit() ? undefined : ofAll(Object.keys(record));
      keys[count] = key;
      count += 1;
    }
    return count === 0 || isLikeArguments(record) || allInherit() ? undefined : keyBlock(keys, count);
  }

  #view(view: ArrayBufferView): boolean {
    const kind = VIEW_KINDS.get(Object.getPrototypeOf(view));
    const { buffer } = view;
    if (kind === undefined || !types.isArrayBuffer(buffer) || isResizable(buffer) || !this.#isNew(buffer)) return false;
    // Nothing to see: empty or detached, which makes a difference.
    if (view.byteLength === 0) return false;
    const bytes = new Uint8Array(buffer, view.byteOffset, view.byteLength);
    if (this.#isBulk(bytes.length)) {
      this.writer.uint8(BULK_VIEW);
      this.writer.uint8(kind);
      this.bulks.push(this.#keep(bytes, false));
      return true;
    }
    this.writer.uint8(VIEW);
    this.writer.uint8(kind);
    this.writer.varint(bytes.length);
    this.writer.raw(bytes);
    return true;
  }

  #buffer(buffer: ArrayBuffer): boolean {
    if (buffer.byteLength === 0 || isResizable(buffer)) return false;
    const bytes = new Uint8Array(buffer);
    if (this.#isBulk(bytes.length)) {
      this.writer.uint8(BULK_BUFFER);
      this.bulks.push(this.#keep(bytes, false));
      return true;
    }
    this.writer.uint8(BUFFER);
    this.writer.varint(bytes.length);
    this.writer.raw(bytes);
    return true;
  }

  #host(value: unknown): void {
    const serializer = new Serializer();
    serializer.writeHeader();
    serializer.writeValue(value);
    const bytes = serializer.releaseBuffer();
    if (this.#isBulk(bytes.length)) {
      this.writer.uint8(BULK_HOST);
      this.bulks.push(this.#keep(bytes, true));
    } else {
      this.writer.uint8(HOST);
      this.writer.raw(bytes);
    }
  }

  #isBulk(byteLength: number): boolean {
    if (byteLength < this.#bulkBytesMin) return false;
    if (byteLength > BULK_BYTES_MAX) throw tooLarge(byteLength);
    return true;
  }
}

/** The serializer of the runtime writes nothing in the place of a module, without a word. Absent where the runtime has no WebAssembly (`--jitless`). */
const WASM_MODULE: unknown = (globalThis as { readonly WebAssembly?: { readonly Module: { readonly prototype: object } } }).WebAssembly?.Module.prototype;

/** The error for bytes that are too many to cross at once. */
export function tooLarge(byteLength: number): MillraceError {
  return new MillraceError('ERR_VALUE_NOT_CLONEABLE', `it takes ${byteLength} bytes; at most ${BULK_BYTES_MAX} can cross at once`);
}

/** What crosses as bytes. */
export const PROCESS: Medium = { name: 'process', clone: (value) => new Encoder().encode(value) };

/** The {@link Keep} of media that have no better place. */
export function keepCopy(bytes: Uint8Array, isOwn: boolean): Uint8Array {
  if (isOwn) return bytes;
  const copy = Buffer.allocUnsafeSlow(bytes.length);
  copyBytes(copy, 0, bytes);
  return copy;
}

/** Whether somebody gave all objects an enumerable property: a loop over the keys of a record would take it for its own. */
function allInherit(): boolean {
  for (const _ in NOTHING) return true;
  return false;
}

const NOTHING: object = {};

/** The arguments of a function cannot be cloned. Only such things are both plain and iterable. */
function isLikeArguments(record: object): boolean {
  return Symbol.iterator in record && types.isArgumentsObject(record);
}

function ofAll(keys: readonly string[]): KeyBlock | undefined {
  return keyBlock(keys, keys.length);
}

function isResizable(buffer: ArrayBuffer): boolean {
  return (buffer as { readonly resizable?: boolean }).resizable === true;
}
