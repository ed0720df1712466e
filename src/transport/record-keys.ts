/**
 * The keys of records: written as one block of bytes, so that records of the same keys, which is what most of them are, cost one comparison instead of one
 * string a key on each side.
 *
 *     block   byte length of the rest | count | string …          a string as `ByteWriter.string` writes it
 *
 * Both tables are small and replace what they hold; a block that stands in neither is written or read key by key.
 */
import { ByteWriter } from './byte-writer.js';

const ENTRIES = 256;
/** Longest block that is remembered. */
const BLOCK_BYTES_MAX = 512;

/** The keys of a record and the block that stands for them. */
export interface KeyBlock {
  readonly keys: readonly string[];
  readonly block: Uint8Array;
}

const written: (KeyBlock | undefined)[] = Array.from({ length: ENTRIES }, () => undefined);
const scratch = new ByteWriter();

/** The block of the first `count` of these keys; at least one. `undefined` when one of them cannot be assigned on arrival. */
export function keyBlock(keys: readonly string[], count: number): KeyBlock | undefined {
  const place = placeOf(keys, count);
  const known = written[place];
  return known !== undefined && same(known.keys, keys, count) ? known : newBlock(keys.slice(0, count), place);
}

function newBlock(keys: readonly string[], place: number): KeyBlock | undefined {
  if (keys.includes('__proto__')) return undefined;
  const made = { keys, block: build(keys) };
  if (made.block.length <= BLOCK_BYTES_MAX) written[place] = made;
  return made;
}

function build(keys: readonly string[]): Uint8Array {
  scratch.reset();
  scratch.varint(keys.length);
  for (const key of keys) scratch.string(key);
  const rest = Uint8Array.from(scratch.view());
  scratch.reset();
  scratch.varint(rest.length);
  scratch.raw(rest);
  return Uint8Array.from(scratch.view());
}

function placeOf(keys: readonly string[], count: number): number {
  const first = keys[0] as string;
  const last = keys[count - 1] as string;
  return (count * 31 + first.length * 7 + last.length * 13 + first.charCodeAt(0) + last.charCodeAt(last.length - 1) * 3) & (ENTRIES - 1);
}

function same(known: readonly string[], keys: readonly string[], count: number): boolean {
  if (known.length !== count) return false;
  for (let index = 0; index < count; index += 1) if (known[index] !== keys[index]) return false;
  return true;
}

/** What a block that was read stands for. */
export interface ReadKeys {
  readonly keys: readonly string[];
  /** A new record with these keys, of which every value is `null`; `undefined` where they are set one by one. */
  readonly make: (() => Record<string, unknown>) | undefined;
  /** The rest of the block. */
  readonly block: Uint8Array;
}

const read: (ReadKeys | undefined)[] = Array.from({ length: ENTRIES }, () => undefined);

/** The keys of the rest of a block that lies at `start`, if it is remembered. */
export function knownKeys(bytes: Uint8Array, start: number, length: number): ReadKeys | undefined {
  const known = read[readPlace(bytes, start, length)];
  if (known === undefined || known.block.length !== length) return undefined;
  const { block } = known;
  for (let index = 0; index < length; index += 1) if (block[index] !== bytes[start + index]) return undefined;
  return known;
}

/** Remembers what the rest of a block stands for, if it is short. */
export function rememberKeys(bytes: Uint8Array, start: number, length: number, keys: readonly string[]): ReadKeys {
  const isShort = length <= BLOCK_BYTES_MAX;
  const made = { keys, make: isShort ? copiesOf(keys) : undefined, block: Uint8Array.from(bytes.subarray(start, start + length)) };
  if (isShort) read[readPlace(bytes, start, length)] = made;
  return made;
}

/**
 * The engine copies an object faster than it adds keys to a new one, and makes it no larger than it need be, but remembers how for four shapes at most at each
 * place in the code. So there are some of these places, and past them keys are added one by one.
 */
const COPIES: readonly ((template: object) => object)[] = [
  (template) => ({ ...template }),
  (template) => ({ ...template }),
  (template) => ({ ...template }),
  (template) => ({ ...template }),
  (template) => ({ ...template }),
  (template) => ({ ...template }),
  (template) => ({ ...template }),
  (template) => ({ ...template }),
];
const SHAPES_A_PLACE = 4;
let shapes = 0;

function copiesOf(keys: readonly string[]): (() => Record<string, unknown>) | undefined {
  const copy = COPIES[Math.floor(shapes / SHAPES_A_PLACE)];
  if (copy === undefined) return undefined;
  shapes += 1;
  // Parsed, it has the shape of a literal with these keys. Its text is not made of an object, which may have a `toJSON` that somebody gave to all of them.
  const template = JSON.parse(`{${keys.map((key) => `${JSON.stringify(key)}:null`).join(',')}}`) as object;
  return () => copy(template) as Record<string, unknown>;
}

function readPlace(bytes: Uint8Array, start: number, length: number): number {
  const [second, middle, last] = [bytes[start + 2], bytes[start + (length >>> 1)], bytes[start + length - 1]] as [number, number, number];
  return (length * 31 + second * 7 + middle * 13 + last * 3) & (ENTRIES - 1);
}
