/**
 * Any value a task may return, as JSON. `JSON.stringify` refuses some of them and silently empties others; here
 *
 *   bigint                        -> decimal string
 *   Buffer, ArrayBuffer, DataView -> base64 string;  other typed arrays -> array of numbers (bigint ones: of strings)
 *   Map with string keys          -> object;  other Maps -> array of pairs;  Set -> array
 *   Error                         -> { name, message, code, cause, own properties }
 *   Date                          -> ISO string;  RegExp, symbol, function -> its text
 *   undefined                     -> null at the top and in arrays, left out of objects
 *   NaN, Infinity                 -> null, as JSON has it
 *   a reference back to an ancestor -> "[Circular]"
 */
import { types } from 'node:util';

/** One line of JSON. Throws what a getter of the value throws, and a RangeError for a value nested too deeply. */
export function toJson(value: unknown): string {
  return JSON.stringify(jsonable(value)) ?? 'null';
}

/** The same value in terms that `JSON.stringify` writes as they are. */
export function jsonable(value: unknown): unknown {
  return convert(value, []);
}

function convert(value: unknown, ancestors: object[]): unknown {
  switch (typeof value) {
    case 'bigint':
    case 'symbol':
    case 'function':
      return String(value);
    case 'object':
      return value === null ? null : convertObject(value, ancestors);
    default:
      return value;
  }
}

function convertObject(value: object, ancestors: object[]): unknown {
  if (ancestors.includes(value)) return '[Circular]';
  ancestors.push(value);
  try {
    return convertKind(value, (inner) => convert(inner, ancestors));
  } finally {
    ancestors.pop();
  }
}

function convertKind(value: object, inner: (value: unknown) => unknown): unknown {
  if (Array.isArray(value)) return Array.from(value, (element) => inner(element) ?? null);
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer || value instanceof SharedArrayBuffer) return convertBytes(value, inner);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (value instanceof Map) return convertMap(value, inner);
  if (value instanceof Set) return Array.from(value, (element) => inner(element) ?? null);
  if (value instanceof RegExp) return String(value);
  if (value instanceof Error) return errorToJson(value, inner);
  if (types.isBoxedPrimitive(value)) return inner(value.valueOf());
  const { toJSON } = value as { toJSON?: unknown };
  if (typeof toJSON === 'function') return inner(toJSON.call(value));
  return convertEntries(Object.entries(value), inner);
}

function convertBytes(value: ArrayBufferView | ArrayBufferLike, inner: (value: unknown) => unknown): unknown {
  const numbers = ArrayBuffer.isView(value) && !(value instanceof Uint8Array) && !(value instanceof DataView);
  if (numbers) return Array.from(value as unknown as ArrayLike<number | bigint>, inner);
  const bytes = ArrayBuffer.isView(value) ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : Buffer.from(value);
  return bytes.toString('base64');
}

function convertMap(value: ReadonlyMap<unknown, unknown>, inner: (value: unknown) => unknown): unknown {
  const entries = [...value];
  if (entries.every(([key]) => typeof key === 'string')) return convertEntries(entries as [string, unknown][], inner);
  return entries.map(([key, element]) => [inner(key) ?? null, inner(element) ?? null]);
}

function convertEntries(entries: readonly (readonly [string, unknown])[], inner: (value: unknown) => unknown): unknown {
  // fromEntries defines own properties, so a key named __proto__ stays data.
  return Object.fromEntries(entries.map(([key, element]) => [key, inner(element)]));
}

/** `{ name, message, code, ... }`; without the stack, which names paths of this machine. */
function errorToJson(error: Error, inner: (value: unknown) => unknown): unknown {
  const { cause } = error;
  const own = Object.entries(error).filter(([key]) => !ERROR_FIELDS.has(key));
  const { code } = error as { code?: unknown };
  return {
    name: error.name,
    message: error.message,
    ...(code === undefined ? {} : { code: inner(code) }),
    ...(convertEntries(own, inner) as object),
    ...(cause === undefined ? {} : { cause: inner(cause) }),
  };
}

const ERROR_FIELDS: ReadonlySet<string> = new Set(['name', 'message', 'stack', 'code', 'cause']);

/** What was thrown, as the `error` of a record: always an object with `name` and `message`. */
export function errorRecord(thrown: unknown): unknown {
  if (thrown instanceof Error) return jsonable(thrown);
  return { name: 'Thrown', message: typeof thrown === 'string' ? thrown : toJson(thrown) };
}
