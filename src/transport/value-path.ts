/**
 * Finds out, after a clone has failed, which part of a value could not cross: `args[0].user.socket` is `a Socket`.
 *
 * The walk looks at what `structuredClone` looks at, in its order: own enumerable properties, entries of Map and Set, `cause` of errors.
 * It stops at the first culprit, follows cycles once, and gives up after {@link NODES_MAX} objects.
 */
import { types } from 'node:util';
import { describeValue, ValueError } from '../errors.js';
import { isDetached } from './move.js';

/** What a value has to cross: says what can. */
export interface Medium {
  readonly name: 'thread' | 'process';
  /** Throws when `value` cannot cross. */
  readonly clone: (value: unknown) => unknown;
}

/** Structured clone, shared memory included. */
export const THREAD: Medium = { name: 'thread', clone: (value) => structuredClone(value) };

/** The part of a value that cannot cross. */
export interface Uncloneable {
  readonly path: string;
  readonly what: string;
}

/** Objects looked at before the search gives up. */
const NODES_MAX = 100_000;

/** Levels of nesting before the search gives up, well below what the stack can take. */
const DEPTH_MAX = 1_000;

/** Trial clones: each costs as much as what it clones. */
const TRIALS_MAX = 10_000;

/**
 * The first part of `value` that cannot cross `medium`; `undefined` when none was found. Never throws, runs getters.
 *
 * @param allowed objects that may stand in the value because they are transferred
 */
export function findUncloneable(value: unknown, rootPath: string, medium: Medium = THREAD, allowed: readonly object[] = []): Uncloneable | undefined {
  return new Search(medium, allowed).visit(value, rootPath, 0);
}

/** The error for a value whose clone failed with `cause`; names the path when it can be found. */
export function uncloneableError(value: unknown, rootPath: string, cause: unknown, medium: Medium = THREAD, allowed: readonly object[] = []): ValueError {
  const found = findUncloneable(value, rootPath, medium, allowed);
  if (found !== undefined) return new ValueError(found.path, found.what, { cause });
  const spent = allowed.find(isDetached);
  if (spent !== undefined)
    return new ValueError(rootPath, `to be transferred with ${describeSafely(spent)} that is detached (it was transferred before)`, { cause });
  const wrong = allowed.find((value) => !TRANSFERABLE.test(Object.prototype.toString.call(value)));
  if (wrong !== undefined) return new ValueError(rootPath, `to be transferred with ${describeSafely(wrong)}, which cannot be transferred`, { cause });
  return new ValueError(rootPath, `not cloneable (${messageOf(cause)})`, { cause });
}

/** What the runtimes can transfer, by its tag. */
const TRANSFERABLE = /ArrayBuffer|MessagePort|Stream|FileHandle|AbortSignal/;

/** {@link describeValue} for objects that may be hostile: proxies, throwing getters, revoked things. */
export function describeSafely(value: unknown): string {
  try {
    if (types.isProxy(value)) return 'a Proxy';
    return typeof value === 'symbol' ? 'a symbol' : describeValue(value);
  } catch {
    return 'an object that cannot be inspected';
  }
}

class Search {
  readonly #medium: Medium;
  readonly #seen: Set<unknown>;
  #nodes = 0;
  #trials = 0;

  constructor(medium: Medium, allowed: readonly object[]) {
    this.#medium = medium;
    this.#seen = new Set(allowed.filter((value) => !isDetached(value)));
  }

  visit(value: unknown, path: string, depth: number): Uncloneable | undefined {
    if (typeof value === 'function' || typeof value === 'symbol') return { path, what: describeSafely(value) };
    if (typeof value !== 'object' || value === null || this.#seen.has(value)) return undefined;
    this.#seen.add(value);
    this.#nodes += 1;
    if (this.#nodes > NODES_MAX || depth > DEPTH_MAX) return undefined;
    try {
      return this.#visitObject(value, path, depth + 1);
    } catch {
      return { path, what: describeSafely(value) };
    }
  }

  #visitObject(value: object, path: string, depth: number): Uncloneable | undefined {
    if (types.isProxy(value)) return { path, what: 'a Proxy' };
    if (Array.isArray(value)) return this.#visitProperties(value, path, depth);
    if (types.isMap(value)) return this.#visitMap(value, path, depth);
    if (types.isSet(value)) return this.#visitSet(value, path, depth);
    if (types.isNativeError(value)) return Object.hasOwn(value, 'cause') ? this.#visitProperty(value, 'cause', path, depth) : undefined;
    if (types.isAnyArrayBuffer(value)) return this.#visitBuffer(value, describeSafely(value), path);
    if (ArrayBuffer.isView(value)) return this.#visitBuffer(value.buffer, `${describeSafely(value)} over ${describeSafely(value.buffer)}`, path);
    return this.#visitRecord(value, path, depth);
  }

  #visitBuffer(buffer: ArrayBufferLike, what: string, path: string): Uncloneable | undefined {
    if (types.isSharedArrayBuffer(buffer)) return this.#medium.name === 'thread' ? undefined : { path, what: `${what}, which only threads can share` };
    return isDetached(buffer) ? { path, what: `${what} that is detached (it was transferred before)` } : undefined;
  }

  /** Plain objects are culprits for what they hold, event emitters and host objects as a whole, other instances for what they hold if that is it. */
  #visitRecord(value: object, path: string, depth: number): Uncloneable | undefined {
    const prototype: unknown = Object.getPrototypeOf(value);
    const isPlain = (prototype === null || prototype === Object.prototype) && !types.isArgumentsObject(value) && !types.isModuleNamespaceObject(value);
    const isEmpty = Object.keys(value).length === 0;
    if (!isPlain && Object.hasOwn(value, '_events')) return this.#visitLeaf(value, path);
    return this.#visitProperties(value, path, depth) ?? (isPlain && !isEmpty ? undefined : this.#visitLeaf(value, path));
  }

  #visitLeaf(value: object, path: string): Uncloneable | undefined {
    this.#trials += 1;
    if (this.#trials > TRIALS_MAX) return undefined;
    try {
      this.#medium.clone(value);
      return undefined;
    } catch {
      const what = describeSafely(value);
      const isPort = what === 'a MessagePort' && this.#medium.name === 'thread';
      return { path, what: isPort ? 'a MessagePort that is not in the list `transfer`' : what };
    }
  }

  #visitProperties(value: object, path: string, depth: number): Uncloneable | undefined {
    for (const key of Object.keys(value)) {
      const found = this.#visitProperty(value, key, path, depth);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  #visitProperty(holder: object, key: string, path: string, depth: number): Uncloneable | undefined {
    const keyPath = path + pathStep(holder, key);
    let value: unknown;
    try {
      value = (holder as Record<string, unknown>)[key];
    } catch {
      return { path: keyPath, what: 'a getter that throws' };
    }
    return this.visit(value, keyPath, depth);
  }

  #visitMap(map: Map<unknown, unknown>, path: string, depth: number): Uncloneable | undefined {
    let index = 0;
    for (const [key, value] of Map.prototype.entries.call(map)) {
      const named = typeof key === 'string' || typeof key === 'number' ? `.get(${JSON.stringify(key)})` : `.values()[${index}]`;
      const found = this.visit(key, `${path}.keys()[${index}]`, depth) ?? this.visit(value, path + named, depth);
      if (found !== undefined) return found;
      index += 1;
    }
    return undefined;
  }

  #visitSet(set: Set<unknown>, path: string, depth: number): Uncloneable | undefined {
    let index = 0;
    for (const value of Set.prototype.values.call(set)) {
      const found = this.visit(value, `${path}.values()[${index}]`, depth);
      if (found !== undefined) return found;
      index += 1;
    }
    return undefined;
  }
}

function pathStep(holder: object, key: string): string {
  if (Array.isArray(holder) && /^\d+$/.test(key)) return `[${key}]`;
  return /^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}

function messageOf(cause: unknown): string {
  try {
    return cause instanceof Error ? cause.message : describeSafely(cause);
  } catch {
    return 'for a reason that cannot be read';
  }
}
