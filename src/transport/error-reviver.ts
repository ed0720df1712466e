/** Records back to thrown values: see `error-codec.ts`. */
import { types } from 'node:util';
import { BUILT_IN_ERRORS, OWN_ERRORS } from './error-classes.js';
import type { ErrorClass, ErrorNode, ErrorRecord } from './error-record.js';

/** Classes made for names that are not known on this side. */
const SYNTHESISED_MAX = 256;

const synthesised = new Map<string, ErrorClass>();

/**
 * Makes the thrown value of its record, which is used up by it. No constructor of a user's class runs.
 *
 * @param classes user classes, looked up by name, so that `instanceof` works; other classes get a stand-in of the right name, derived from the
 *   nearest built-in class
 */
export function reviveError(record: ErrorRecord, classes: readonly ErrorClass[]): unknown {
  const errors = record.nodes.map((node) => instantiate(node, classes));
  const { stubs } = record;
  const substitute = stubs === undefined ? undefined : new Substitution(stubs, errors);
  for (const [index, node] of record.nodes.entries()) {
    const error = errors[index] as Error;
    defineAll(error, node.enumerable, true, substitute);
    defineAll(error, node.hidden, false, substitute);
    if (!reads(error, 'name', node.name)) define(error, 'name', node.name, false);
    if (!reads(error, 'message', node.message)) define(error, 'message', node.message, false);
  }
  if (record.kind === 'error') return errors[0];
  return substitute === undefined ? record.value : substitute.in(record.value);
}

/** An object with an error's internals, the right prototype, message and stack. It gets its class last, so that no code of that class runs. */
function instantiate(node: ErrorNode, classes: readonly ErrorClass[]): Error {
  const error = withoutTrace(() => {
    const made = node.base === 'DOMException' ? new DOMException(node.message, node.name) : new Error(...(node.message === '' ? [] : [node.message]));
    define(made, 'stack', node.stack, false);
    return made;
  });
  return Object.setPrototypeOf(error, classFor(node, classes).prototype) as Error;
}

/** A trace of this place is of no use to anyone, and formatting it (source maps) is dear. */
function withoutTrace<T>(make: () => T): T {
  const limit = Error.stackTraceLimit;
  Reflect.set(Error, 'stackTraceLimit', 0);
  try {
    return make();
  } finally {
    Reflect.set(Error, 'stackTraceLimit', limit);
  }
}

function classFor(node: ErrorNode, classes: readonly ErrorClass[]): ErrorClass {
  const base = BUILT_IN_ERRORS.get(node.base) ?? Error;
  if (node.className === node.base) return base;
  const own = node.own ? OWN_ERRORS.get(node.className) : undefined;
  return own ?? classes.find((type) => type.name === node.className) ?? standIn(node.className, base);
}

function standIn(name: string, base: ErrorClass): ErrorClass {
  const key = `${base.name}:${name}`;
  const known = synthesised.get(key);
  if (known !== undefined) return known;
  const type = class extends (base as new () => Error) {};
  Object.defineProperty(type, 'name', { value: name });
  if (synthesised.size >= SYNTHESISED_MAX) synthesised.delete(synthesised.keys().next().value as string);
  synthesised.set(key, type);
  return type;
}

function defineAll(error: Error, entries: readonly unknown[], enumerable: boolean, substitute: Substitution | undefined): void {
  for (let index = 0; index < entries.length; index += 2) {
    const value = entries[index + 1];
    define(error, entries[index] as string, substitute === undefined ? value : substitute.in(value), enumerable);
  }
}

function reads(error: Error, key: 'name' | 'message', expected: string): boolean {
  try {
    // What is no string crossed as an own property.
    return error[key] === expected || typeof error[key] !== 'string';
  } catch {
    return false;
  }
}

function define(error: Error, key: string, value: unknown, enumerable: boolean): void {
  Object.defineProperty(error, key, { value, enumerable, configurable: true, writable: true });
}

/** Puts the errors where their stubs stand, in place: the record's values belong to nobody else. */
class Substitution {
  readonly #errorOf: Map<unknown, Error>;
  readonly #seen: Set<object> = new Set();

  constructor(stubs: readonly object[], errors: readonly Error[]) {
    this.#errorOf = new Map(stubs.map((stub, index) => [stub, errors[index] as Error]));
  }

  in(value: unknown): unknown {
    if (typeof value !== 'object' || value === null) return value;
    const error = this.#errorOf.get(value);
    if (error !== undefined) return error;
    if (!this.#seen.has(value)) {
      this.#seen.add(value);
      this.#inside(value);
    }
    return value;
  }

  #inside(value: object): void {
    if (types.isMap(value)) {
      const entries = [...value];
      value.clear();
      for (const [key, item] of entries) value.set(this.in(key), this.in(item));
    } else if (types.isSet(value)) {
      const items = [...value];
      value.clear();
      for (const item of items) value.add(this.in(item));
    } else if (!ArrayBuffer.isView(value)) {
      this.#insideProperties(value as Record<string, unknown>);
    }
  }

  #insideProperties(value: Record<string, unknown>): void {
    for (const key of Object.keys(value)) {
      const item = value[key];
      if (typeof item !== 'object' || item === null) continue;
      Object.defineProperty(value, key, { value: this.in(item), enumerable: true, configurable: true, writable: true });
    }
  }
}
