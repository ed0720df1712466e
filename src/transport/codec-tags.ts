/**
 * The bytes of the codec (`codec.ts`).
 *
 * A value is a tag and what the tag says. Trees of the common kinds (at most 32 objects, none of them twice) are written directly:
 *
 *     UNDEFINED | NULL | TRUE | FALSE        nothing
 *     INT8, INT32, DOUBLE                    1, 4, 8 bytes (-0 and NaN are doubles)
 *     STRING                                 length * 2 + wide, then 1 or 2 bytes a character
 *     ARRAY                                  length, values: no holes, no named properties
 *     RECORD                                 keys, values: a plain object with own enumerable string keys
 *                                            keys: byte length of what follows, count, strings. The same keys are the same bytes, so both sides know them again
 *     VIEW                                   kind, byte length, bytes: a typed array or a Buffer
 *     BUFFER                                 byte length, bytes
 *
 * Everything else is written as a whole by the host's serializer, whose format keeps cycles, sharing, holes, Map, Date, …:
 *
 *     HOST                                   all bytes that follow
 *
 * Bulk: where the medium takes large runs of bytes beside the value (`bulkBytesMin`), these tags hold the place of the next one:
 *
 *     BULK_VIEW                              kind
 *     BULK_BUFFER | BULK_HOST                nothing
 */
export const UNDEFINED = 0;
export const NULL = 1;
export const TRUE = 2;
export const FALSE = 3;
export const INT8 = 4;
export const INT32 = 5;
export const DOUBLE = 6;
export const STRING = 7;
export const ARRAY = 8;
export const RECORD = 9;
export const VIEW = 10;
export const BUFFER = 11;
export const HOST = 12;
export const BULK_VIEW = 13;
export const BULK_BUFFER = 14;
export const BULK_HOST = 15;

/** A typed array's constructor; its index in the list is its kind. */
export type ViewType = new (buffer: ArrayBuffer) => ArrayBufferView;

export const VIEW_TYPES: readonly ViewType[] = [
  Uint8Array,
  Int8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
];
