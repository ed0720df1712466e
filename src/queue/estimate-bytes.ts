/**
 * How much memory a task's arguments hold on to, for a queue that is bounded by bytes. An estimate: it costs microseconds at most, whatever the value.
 *
 * It looks at up to {@link NODES_MAX} values. The rest of a collection is taken to be like the part that was seen, so that a long array costs
 * the walk no more than a short one. What is met twice, a cycle too, counts once.
 */
const NODES_MAX = 1_000;
const NUMBER_BYTES = 8;
const HEADER_BYTES = 16;
/** A value whose size makes no sense (a proxy may claim any length) must not spoil sums of sizes. */
const BYTES_MAX = 2 ** 48;
/** Characters looked at to tell one-byte strings from two-byte ones. */
const CHARACTERS_SEEN = 64;

/** The estimated bytes of `value`, a whole number. Never throws: getters and proxies that do end the walk of their object. */
export function estimateBytes(value: unknown): number {
  const bytes = typeof value === 'object' && value !== null ? new Walk().object(value) : primitiveBytes(value);
  return bytes >= 0 ? Math.min(BYTES_MAX, Math.ceil(bytes)) : 0;
}

class Walk {
  #nodesLeft = NODES_MAX;
  readonly #seen: Set<object> = new Set();

  object(value: object): number {
    if (this.#seen.has(value)) return 0;
    this.#seen.add(value);
    try {
      return HEADER_BYTES + this.#content(value);
    } catch {
      return HEADER_BYTES;
    }
  }

  #content(value: object): number {
    if (Array.isArray(value)) return this.#collection(value, value.length);
    if (ArrayBuffer.isView(value)) return value.byteLength;
    if (value instanceof ArrayBuffer) return value.byteLength;
    if (value instanceof Map) return this.#collection(flat(value), 2 * value.size);
    if (value instanceof Set) return this.#collection(value, value.size);
    if (value instanceof Error) return stringBytes(value.message) + stringBytes(value.stack ?? '') + this.#properties(value);
    return this.#properties(value);
  }

  #properties(value: object): number {
    const keys = Object.keys(value);
    return keys.length === 0 ? 0 : this.#collection(properties(value, keys), 2 * keys.length);
  }

  /** Sum over the values as far as the walk goes, and as much in proportion for the rest. */
  #collection(values: Iterable<unknown>, length: number): number {
    let bytes = 0;
    let seen = 0;
    for (const value of values) {
      if (this.#nodesLeft <= 0) return seen === 0 ? length * NUMBER_BYTES : (bytes / seen) * length;
      this.#nodesLeft -= 1;
      bytes += typeof value === 'object' && value !== null ? this.object(value) : primitiveBytes(value);
      seen += 1;
    }
    return bytes;
  }
}

function* flat(map: ReadonlyMap<unknown, unknown>): IterableIterator<unknown> {
  for (const [key, value] of map) {
    yield key;
    yield value;
  }
}

function* properties(value: object, keys: readonly string[]): IterableIterator<unknown> {
  for (const key of keys) {
    yield key;
    yield (value as Record<string, unknown>)[key];
  }
}

function primitiveBytes(value: unknown): number {
  return typeof value === 'string' ? HEADER_BYTES + stringBytes(value) : NUMBER_BYTES;
}

function stringBytes(text: string): number {
  const end = Math.min(text.length, CHARACTERS_SEEN);
  for (let index = 0; index < end; index += 1) {
    if (text.charCodeAt(index) > 0xff) return 2 * text.length;
  }
  return text.length;
}
