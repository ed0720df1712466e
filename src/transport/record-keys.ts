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

const read: (KeyBlock | undefined)[] = Array.from({ length: ENTRIES }, () => undefined);

/** The keys of the rest of a block that lies at `start`, if it is remembered. */
export function knownKeys(bytes: Uint8Array, start: number, length: number): readonly string[] | undefined {
  const known = read[readPlace(bytes, start, length)];
  if (known === undefined || known.block.length !== length) return undefined;
  const { block } = known;
  for (let index = 0; index < length; index += 1) if (block[index] !== bytes[start + index]) return undefined;
  return known.keys;
}

/** Remembers what the rest of a block stands for. */
export function rememberKeys(bytes: Uint8Array, start: number, length: number, keys: readonly string[]): void {
  if (length > BLOCK_BYTES_MAX) return;
  read[readPlace(bytes, start, length)] = { keys, block: Uint8Array.from(bytes.subarray(start, start + length)) };
}

function readPlace(bytes: Uint8Array, start: number, length: number): number {
  const [second, middle, last] = [bytes[start + 2], bytes[start + (length >>> 1)], bytes[start + length - 1]] as [number, number, number];
  return (length * 31 + second * 7 + middle * 13 + last * 3) & (ENTRIES - 1);
}
