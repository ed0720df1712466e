/** Thrown values to records: see `error-codec.ts`. */
import { types } from 'node:util';
import { MillraceError } from '../errors.js';
import { BUILT_IN_ERRORS, OWN_ERRORS } from './error-classes.js';
import type { ErrorNode, ErrorRecord } from './error-record.js';
import { describeSafely } from './value-path.js';

/** Values kept of one thrown graph: enough for any report, little enough to send. */
const VALUES_MAX = 10_000;

/** Levels of nesting kept; deeper ones are described. */
const DEPTH_MAX = 64;

/** Steps up a prototype chain before the search for a built-in class gives up. */
const CHAIN_MAX = 64;

/** Makes a record of anything that can be thrown. Never throws; cost grows with the graph up to {@link VALUES_MAX} values. */
export function encodeError(error: unknown): ErrorRecord {
  try {
    return new GraphEncoder().encode(error);
  } catch {
    return recordOf('the error that was thrown cannot be read', undefined);
  }
}

function recordOf(message: string, stack: string | undefined): ErrorRecord {
  const node: ErrorNode = { className: 'Error', name: 'Error', message, stack, base: 'Error', own: false, enumerable: [], hidden: [] };
  return { kind: 'error', nodes: [node], stubs: undefined };
}

class GraphEncoder {
  readonly #nodes: ErrorNode[] = [];
  readonly #stubs: object[] = [];
  /** Error -> its stub, other object -> its copy. */
  readonly #copies: Map<object, unknown> = new Map();
  #values = 0;
  /** An error stands inside something, so its stub is looked up on revival. */
  #nested = false;
  /** Something was replaced by a description. */
  #lossy = false;

  encode(error: unknown): ErrorRecord {
    if (isError(error)) {
      this.#copyError(error, 0);
      return { kind: 'error', nodes: this.#nodes, stubs: this.#nested ? this.#stubs : undefined };
    }
    const value = this.#copy(error, 0);
    if (this.#lossy) {
      const message = `the task threw ${describeSafely(error)}, which cannot cross as it is`;
      return recordOf(message, `Error: ${message}`);
    }
    return { kind: 'value', value, nodes: this.#nodes, stubs: this.#nested ? this.#stubs : undefined };
  }

  #copyError(error: Error, depth: number): object {
    const stub = {};
    this.#copies.set(error, stub);
    this.#stubs.push(stub);
    // The node takes its place before what it holds is visited.
    const index = this.#nodes.push(undefined as unknown as ErrorNode) - 1;
    const { className, base } = classOf(error);
    const enumerable: unknown[] = [];
    const hidden: unknown[] = [];
    this.#copyOwnProperties(error, depth, enumerable, hidden);
    this.#nodes[index] = {
      className,
      name: readString(error, 'name') ?? className,
      message: readString(error, 'message') ?? '',
      stack: readString(error, 'stack'),
      base,
      own: OWN_ERRORS.has(className) && error instanceof MillraceError,
      enumerable,
      hidden,
    };
    return stub;
  }

  #copyOwnProperties(error: Error, depth: number, enumerable: unknown[], hidden: unknown[]): void {
    for (const key of ownKeys(error)) {
      const value = read(error, key);
      const isEnumerable = isEnumerableKey(error, key);
      if ((key === 'message' || key === 'stack') && typeof value === 'string' && !isEnumerable) continue;
      if (this.#values >= VALUES_MAX) return;
      (isEnumerable ? enumerable : hidden).push(key, this.#copy(value, depth + 1));
    }
  }

  #copy(value: unknown, depth: number): unknown {
    this.#values += 1;
    if (typeof value === 'function' || typeof value === 'symbol') return this.#describe(value);
    if (typeof value !== 'object' || value === null) return value;
    const known = this.#copies.get(value);
    if (known !== undefined) {
      this.#nested ||= isError(value);
      return known;
    }
    if (this.#values > VALUES_MAX || depth > DEPTH_MAX) return this.#describe(value);
    try {
      return this.#copyObject(value, depth + 1);
    } catch {
      return this.#describe(value);
    }
  }

  #copyObject(value: object, depth: number): unknown {
    if (isError(value)) {
      this.#nested = true;
      return this.#copyError(value, depth);
    }
    if (types.isProxy(value)) return this.#describe(value);
    if (Array.isArray(value)) return this.#copyArray(value, depth);
    if (types.isMap(value)) return this.#copyMap(value, depth);
    if (types.isSet(value)) return this.#copySet(value, depth);
    if (isBuiltInLeaf(value)) return structuredClone(value);
    return this.#copyProperties(value, depth);
  }

  #copyArray(value: readonly unknown[], depth: number): unknown {
    if (value.length > VALUES_MAX - this.#values) return this.#describe(value);
    const copy: unknown[] = [];
    this.#copies.set(value, copy);
    copy.length = value.length;
    this.#copyInto(copy, value, Object.keys(value), depth);
    return copy;
  }

  #copyMap(value: Map<unknown, unknown>, depth: number): unknown {
    if (value.size > VALUES_MAX - this.#values) return this.#describe(value);
    const copy = new Map<unknown, unknown>();
    this.#copies.set(value, copy);
    for (const [key, item] of Map.prototype.entries.call(value)) copy.set(this.#copy(key, depth), this.#copy(item, depth));
    return copy;
  }

  #copySet(value: Set<unknown>, depth: number): unknown {
    if (value.size > VALUES_MAX - this.#values) return this.#describe(value);
    const copy = new Set<unknown>();
    this.#copies.set(value, copy);
    for (const item of Set.prototype.values.call(value)) copy.add(this.#copy(item, depth));
    return copy;
  }

  /** Plain objects, and instances that consist of data. What has no data of its own (promises, ports) or emits events is described. */
  #copyProperties(value: object, depth: number): unknown {
    const prototype: unknown = Object.getPrototypeOf(value);
    const isPlain = prototype === null || prototype === Object.prototype;
    const keys = Object.keys(value);
    if (!isPlain && (keys.length === 0 || Object.hasOwn(value, '_events'))) return this.#describe(value);
    if (keys.length > VALUES_MAX - this.#values) return this.#describe(value);
    const copy = {};
    this.#copies.set(value, copy);
    this.#copyInto(copy, value, keys, depth);
    return copy;
  }

  #copyInto(copy: object, value: object, keys: readonly string[], depth: number): void {
    for (const key of keys) {
      const item = this.#copy(read(value, key), depth);
      Object.defineProperty(copy, key, { value: item, enumerable: true, configurable: true, writable: true });
    }
  }

  #describe(value: unknown): string {
    this.#lossy = true;
    return `[${describeSafely(value)}]`;
  }
}

/** Errors of this and other realms, `DOMException`, and what inherits from Error. */
function isError(value: unknown): value is Error {
  try {
    return types.isNativeError(value) || value instanceof Error;
  } catch {
    return false;
  }
}

/** Copied as a whole by `structuredClone`, which throws for the few that cannot (detached buffers). */
function isBuiltInLeaf(value: object): boolean {
  return types.isDate(value) || types.isRegExp(value) || types.isBoxedPrimitive(value) || types.isArrayBuffer(value) || isUnsharedView(value);
}

function isUnsharedView(value: object): boolean {
  return ArrayBuffer.isView(value) && !types.isSharedArrayBuffer(value.buffer);
}

function classOf(error: Error): { className: string; base: string } {
  const prototypes = prototypeChain(error);
  const byIdentity = prototypes.find((prototype) => BUILT_IN_ERRORS.get(constructorName(prototype))?.prototype === prototype);
  // Errors of another realm (`node:vm`) have built-ins of their own.
  const base = byIdentity ?? prototypes.find((prototype) => BUILT_IN_ERRORS.has(constructorName(prototype)));
  const baseName = base === undefined ? 'Error' : constructorName(base);
  const name = prototypes[0] === undefined ? '' : constructorName(prototypes[0]);
  return { className: name === '' ? baseName : name, base: baseName };
}

function prototypeChain(error: object): object[] {
  const chain: object[] = [];
  try {
    let prototype: unknown = Object.getPrototypeOf(error);
    while (typeof prototype === 'object' && prototype !== null && chain.length < CHAIN_MAX) {
      chain.push(prototype);
      prototype = Object.getPrototypeOf(prototype);
    }
  } catch {
    // A proxy's trap threw: what was seen so far has to do.
  }
  return chain;
}

/** The name of the class a prototype belongs to, '' when it has none. */
function constructorName(prototype: object): string {
  const constructor = read(prototype, 'constructor');
  return typeof constructor === 'function' ? (readString(constructor, 'name') ?? '') : '';
}

function ownKeys(error: object): string[] {
  try {
    return Reflect.ownKeys(error).filter((key) => typeof key === 'string');
  } catch {
    return [];
  }
}

function isEnumerableKey(error: object, key: string): boolean {
  try {
    return Object.prototype.propertyIsEnumerable.call(error, key);
  } catch {
    return false;
  }
}

function read(holder: object, key: string): unknown {
  try {
    return (holder as Record<string, unknown>)[key];
  } catch {
    return '[a getter that throws]';
  }
}

function readString(holder: object, key: string): string | undefined {
  try {
    const value = (holder as Record<string, unknown>)[key];
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}
