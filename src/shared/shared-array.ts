/**
 * Typed arrays on shared memory.
 *
 *     const pixels = new SharedArray(Float64Array, 1_000_000);    // a Float64Array
 *     await pool.run('scale', pixels);                            // the task is given a Float64Array over the same memory: nothing is copied
 *
 * They are the platform's own arrays, so indexing, iteration and all methods are as fast as ever; `slice`, `map` and `filter` give ordinary ones. Plain reads and
 * writes of different threads are not ordered: let a lock, or the end of a task, stand between them. A process cannot share memory: passing one to it fails with
 * a ValueError that says so.
 */
import { OptionError } from '../errors.js';
import { wholeNumber } from '../runtime/own-options.js';

/** The kinds of typed array, on shared memory. */
export interface SharedArrays {
  readonly Int8Array: Int8Array<SharedArrayBuffer>;
  readonly Uint8Array: Uint8Array<SharedArrayBuffer>;
  readonly Uint8ClampedArray: Uint8ClampedArray<SharedArrayBuffer>;
  readonly Int16Array: Int16Array<SharedArrayBuffer>;
  readonly Uint16Array: Uint16Array<SharedArrayBuffer>;
  readonly Int32Array: Int32Array<SharedArrayBuffer>;
  readonly Uint32Array: Uint32Array<SharedArrayBuffer>;
  readonly Float32Array: Float32Array<SharedArrayBuffer>;
  readonly Float64Array: Float64Array<SharedArrayBuffer>;
  readonly BigInt64Array: BigInt64Array<SharedArrayBuffer>;
  readonly BigUint64Array: BigUint64Array<SharedArrayBuffer>;
}

type KindName = keyof SharedArrays;

/** The platform's constructor of a kind of typed array. */
export interface TypedArrayKind<N extends KindName> {
  readonly prototype: { readonly [Symbol.toStringTag]: N };
  readonly BYTES_PER_ELEMENT: number;
}

/** What the elements of a kind are. */
export type ElementOf<N extends KindName> = N extends 'BigInt64Array' | 'BigUint64Array' ? bigint : number;

type Values<N extends KindName> = Iterable<ElementOf<N>> | ArrayLike<ElementOf<N>>;

/** `SharedArray`: makes typed arrays whose memory all threads of the process can share. */
export interface SharedArrayConstructor {
  /** An array of `length` zeros. */
  new <N extends KindName>(kind: TypedArrayKind<N>, length: number): SharedArrays[N];
  /** An array of the values, copied once. */
  from<N extends KindName>(kind: TypedArrayKind<N>, values: Values<N>): SharedArrays[N];
  /** An array of the arguments. */
  of<N extends KindName>(kind: TypedArrayKind<N>, ...values: ElementOf<N>[]): SharedArrays[N];
  /** Whether a value is a typed array on shared memory. */
  isShared(value: unknown): boolean;
}

const KINDS: ReadonlySet<unknown> = new Set([
  Int8Array,
  Uint8Array,
  Uint8ClampedArray,
  Int16Array,
  Uint16Array,
  Int32Array,
  Uint32Array,
  Float32Array,
  Float64Array,
  BigInt64Array,
  BigUint64Array,
]);

type Construct<N extends KindName> = new (buffer: SharedArrayBuffer) => SharedArrays[N];

function create<N extends KindName>(kind: TypedArrayKind<N>, length: number): SharedArrays[N] {
  if (!KINDS.has(kind)) throw new OptionError('SharedArray: kind', 'the constructor of a typed array, such as Float64Array', kind);
  const memory = new SharedArrayBuffer(wholeNumber('SharedArray: length', length, 0) * kind.BYTES_PER_ELEMENT);
  return new (kind as unknown as Construct<N>)(memory);
}

function from<N extends KindName>(kind: TypedArrayKind<N>, values: Values<N>): SharedArrays[N] {
  if (typeof values !== 'object' || values === null) throw new OptionError('SharedArray.from: values', 'an iterable or an array', values);
  const list: ArrayLike<unknown> = 'length' in values ? values : Array.from(values);
  const array = create(kind, list.length);
  (array as { set(list: ArrayLike<unknown>): void }).set(list);
  return array;
}

/** Called with `new`: what is returned takes the place of the object. */
function construct<N extends KindName>(kind: TypedArrayKind<N>, length: number): SharedArrays[N] {
  return create(kind, length);
}

export const SharedArray: SharedArrayConstructor = Object.assign(
  construct as unknown as new <N extends KindName>(kind: TypedArrayKind<N>, length: number) => SharedArrays[N],
  {
    from,
    of: <N extends KindName>(kind: TypedArrayKind<N>, ...values: ElementOf<N>[]): SharedArrays[N] => from(kind, values),
    isShared: (value: unknown): boolean => ArrayBuffer.isView(value) && value.buffer instanceof SharedArrayBuffer,
  },
);
