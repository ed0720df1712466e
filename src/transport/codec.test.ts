import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inspect, isDeepStrictEqual } from 'node:util';
import fc from '../runtime/fixtures/fast-check.js';
import { Encoder, decodeValue, PROCESS } from './codec.js';
import { HOST } from './codec-tags.js';
import { findUncloneable } from './value-path.js';

const encoder = new Encoder();

/** There and back, with other bytes before and after it. */
function cross(value: unknown): unknown {
  const bytes = encoder.encode(value);
  const framed = Buffer.concat([Buffer.from([1, 2, 3]), bytes, Buffer.from([9, 9])]);
  return decodeValue(framed, 3, bytes.length);
}

/** As the stream carries it: large buffers beside the value. */
function crossInBulk(value: unknown): unknown {
  const bulky = new Encoder(8);
  const bytes = bulky.encode(value);
  const bulks = bulky.bulks.map((bulk) => bulk.buffer.slice(bulk.byteOffset, bulk.byteOffset + bulk.byteLength) as ArrayBuffer);
  return decodeValue(bytes, 0, bytes.length, bulks);
}

function assertCrossesAsClone(value: unknown): void {
  const expected = structuredClone(value);
  for (const back of [cross(value), crossInBulk(value)]) {
    assert.deepStrictEqual(back, expected);
    assert.deepEqual(shape(back), shape(expected));
  }
}

/** What deepStrictEqual overlooks: order of keys, holes, prototypes. */
function shape(value: unknown, seen: Set<unknown> = new Set()): unknown {
  if (typeof value !== 'object' || value === null || seen.has(value)) return typeof value;
  seen.add(value);
  const inner =
    value instanceof Map
      ? [...value].flat()
      : value instanceof Set
        ? [...value]
        : ArrayBuffer.isView(value)
          ? []
          : Object.keys(value).map((key) => (value as Record<string, unknown>)[key]);
  return [
    Object.prototype.toString.call(value),
    Object.getPrototypeOf(value)?.constructor?.name,
    ArrayBuffer.isView(value) ? value.byteLength : Object.keys(value),
    inner.map((item) => shape(item, seen)),
  ];
}

/** Two invalid dates are not deeply equal to the test library. */
function holdsInvalidDate(value: unknown): boolean {
  return inspect(value, { depth: Infinity, maxArrayLength: null }).includes('Invalid Date');
}

class Point {
  x = 1;
  #hidden = 2;
  get sum(): number {
    return this.x + this.#hidden;
  }
}

function argumentsOf(...list: unknown[]): unknown {
  return list.length > 0 ? arguments : undefined;
}

function detachedView(): Uint8Array {
  const view = new Uint8Array(8);
  structuredClone(view.buffer, { transfer: [view.buffer] });
  return view;
}

const shared = { n: 1 };
const cyclic: Record<string, unknown> = { list: [] };
(cyclic['list'] as unknown[]).push(cyclic);

const crossing: readonly (readonly [string, unknown])[] = [
  ['small and large integers', [0, -0, 1, -1, 127, 128, -128, -129, 2 ** 31 - 1, -(2 ** 31), 2 ** 31, 2 ** 53, NaN, Infinity, 0.1]],
  [
    'strings of all widths',
    ['', 'a', 'é', 'ÿ', '€', '😀', '\ud800', 'x\udfffy', 'a'.repeat(100), 'é'.repeat(100), '€'.repeat(100), '\0', 'a'.repeat(70_000), 'x'.repeat(31) + '€'],
  ],
  ['bigints', [0n, -1n, 2n ** 100n]],
  ['an array with holes', Object.assign([1], { 2: 3 })],
  ['an array with undefined', [undefined, undefined]],
  ['an array with a hole and a named property', Object.assign([1], { 2: 3, named: 1 })],
  ['a sparse array', Object.assign(new Array(1_000_000), { 5: 1 })],
  ['a long array', Array.from({ length: 1_000 }, (_, i) => i / 2)],
  ['an array of a subclass', class List extends Array<number> {}.from([1, 2])],
  ['keys in the order of creation, integers first', { b: 1, 2: 1, a: 1, 1: 1, '01': 1, '-1': 1, '': 1, ключ: 1 }],
  ['a key __proto__', JSON.parse('{"__proto__":{"a":1},"b":2}')],
  ['keys of objects that are no own ones', Object.assign(Object.create({ inherited: 1 }), { own: 1 })],
  ['symbols and hidden properties', Object.defineProperty({ [Symbol('s')]: 1, a: 1 }, 'hidden', { value: 1 })],
  [
    'a getter',
    {
      get a() {
        return [1];
      },
      b: 2,
    },
  ],
  [
    'a getter that removes what follows',
    () => ({
      get a() {
        delete (this as { b?: unknown }).b;
        return 1;
      },
      b: undefined as unknown,
    }),
  ],
  [
    'a getter that adds a key and hides what follows',
    () => ({
      get a() {
        Object.assign(this, { c: 3 });
        Object.defineProperty(this, 'b', { enumerable: false });
        return 1;
      },
      b: 2,
    }),
  ],
  ['a record of many keys', Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`key${index}`, index]))],
  ['a record that is iterable', { [Symbol.iterator]: 1, a: 1 }],
  ['an object without prototype', Object.assign(Object.create(null), { a: { b: 1 } })],
  ['an instance', new Point()],
  ['an empty object', {}],
  ['a Map in disguise', Object.setPrototypeOf(new Map([[1, 2]]), Object.prototype)],
  ['shared references', [shared, { again: shared }]],
  ['a cycle', cyclic],
  ['more objects than a tree may have', Array.from({ length: 60 }, (_, id) => ({ id }))],
  ['a deep chain', Array.from({ length: 200 }).reduce<unknown>((inner) => ({ inner }), 1)],
  ['dates', [new Date(0), new Date(-1)]],
  ['regular expressions', /a+/giu],
  ['maps and sets', new Map<unknown, unknown>([[{ a: 1 }, new Set([1, 'b', [2]])]])],
  ['boxed primitives', [Object(1), Object('s'), Object(true), Object(1n)]],
  ['errors', new TypeError('x', { cause: new Error('y') })],
  ['an object URL or so, of which nothing is left', new URL('http://a/')],
  ['buffers', [Buffer.from('abc'), new Uint8Array([1, 2]), Buffer.alloc(0)]],
  [
    'every typed array',
    [
      new Int8Array([-1]),
      new Uint8ClampedArray([300]),
      new Int16Array([-2]),
      new Uint16Array([2]),
      new Int32Array([-3, 4]),
      new Uint32Array([5]),
      new Float32Array([0.5]),
      new Float64Array([0.1, NaN]),
      new BigInt64Array([-1n]),
      new BigUint64Array([1n]),
    ],
  ],
  ['a part of a buffer', new Uint16Array(new Uint16Array([1, 2, 3, 4]).buffer, 2, 2)],
  ['an array buffer', new Uint8Array([1, 2, 3]).buffer],
  ['an empty array buffer', new ArrayBuffer(0)],
  ['a data view', new DataView(new Uint8Array([1, 2, 3, 4]).buffer, 1, 2)],
  ['a large buffer', new Uint8Array(200_000).fill(7)],
  ['undefined in many places', { a: undefined, b: [undefined], c: null }],
];

describe('a value crosses as its structured clone', () => {
  for (const [claim, value] of crossing) {
    it(claim, () => {
      const make = typeof value === 'function' ? (value as () => unknown) : () => value;
      const expected = structuredClone(make());
      for (const back of [cross(make()), crossInBulk(make())]) {
        assert.deepStrictEqual(back, expected);
        assert.deepEqual(shape(back), shape(expected));
      }
    });
  }

  it('whatever the value (with values of all kinds, shared and nested)', () => {
    const flags = {
      withBigInt: true,
      withBoxedValues: true,
      withDate: true,
      withMap: true,
      withSet: true,
      withNullPrototype: true,
      withObjectString: true,
      withSparseArray: true,
      withTypedArray: true,
    };
    const anything = fc.anything({
      ...flags,
      values: [fc.boolean(), fc.integer(), fc.double(), fc.string({ unit: 'binary' }), fc.constantFrom(null, undefined, -0, NaN, '__proto__', '\ud800')],
    });
    fc.assert(
      fc.property(anything, (value) => {
        fc.pre(!holdsInvalidDate(value));
        assertCrossesAsClone(value);
      }),
      { numRuns: 2_000 },
    );
  });

  it('whatever the tree of plain data', () => {
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof({ depthSize: 'medium', withCrossShrink: true }, tie('leaf'), tie('array'), tie('record')),
      leaf: fc.oneof(
        fc.integer(),
        fc.double(),
        fc.string(),
        fc.constantFrom(undefined, null, true, false),
        fc.uint8Array({ minLength: 0, maxLength: 20 }),
        fc.float64Array({ maxLength: 4 }),
        fc.date({ noInvalidDate: true }),
      ),
      array: fc.array(tie('tree'), { maxLength: 6 }),
      record: fc.dictionary(fc.string(), tie('tree'), { maxKeys: 6 }),
    }));
    fc.assert(fc.property(tree, assertCrossesAsClone), { numRuns: 2_000 });
  });

  it('keeps an invalid date', () => {
    assert.ok(Number.isNaN((cross(new Date(NaN)) as Date).getTime()));
  });

  it('keeps identity within the value', () => {
    const [first, second] = cross([shared, shared]) as [unknown, unknown];
    assert.equal(first, second);
    const buffer = new ArrayBuffer(8);
    const [a, b] = cross([new Uint8Array(buffer), new Uint16Array(buffer)]) as [Uint8Array, Uint16Array];
    assert.equal(a.buffer, b.buffer);
    const loop = cross(cyclic) as typeof cyclic;
    assert.equal((loop['list'] as unknown[])[0], loop);
  });

  it('brings a small view without the rest of its buffer', () => {
    const view = cross(Buffer.from('abc')) as Uint8Array;
    assert.equal(Object.getPrototypeOf(view), Uint8Array.prototype);
    assert.equal(view.buffer.byteLength, 3);
  });

  it('keeps a resizable buffer resizable', { skip: !('resizable' in ArrayBuffer.prototype) }, () => {
    const Resizable = ArrayBuffer as unknown as new (length: number, options: { maxByteLength: number }) => ArrayBuffer;
    const back = cross(new Resizable(4, { maxByteLength: 16 })) as ArrayBuffer & { resizable: boolean; maxByteLength: number };
    assert.deepEqual([back.resizable, back.byteLength, back.maxByteLength], [true, 4, 16]);
  });

  it('leaves common trees to the fast path', () => {
    for (const value of [1, 'a', [1, 'two', null], { a: 1, b: [{ c: 2 }] }, [new Float64Array(3), Buffer.from('x')]])
      assert.notEqual(encoder.encode(value)[0], HOST);
  });
});

/** The smallest WebAssembly module: its magic number and version. */
function compiledModule(): object {
  const { WebAssembly } = globalThis as unknown as { readonly WebAssembly: { readonly Module: new (bytes: Uint8Array) => object } };
  return new WebAssembly.Module(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0));
}

describe('what cannot cross', () => {
  const refused: readonly (readonly [string, () => unknown, string])[] = [
    ['a function', () => ({ f: () => 1 }), 'x.f'],
    ['a symbol', () => [Symbol()], 'x[0]'],
    ['shared memory', () => ({ a: [new SharedArrayBuffer(8)] }), 'x.a[0]'],
    ['a view over shared memory', () => [new Int32Array(new SharedArrayBuffer(8))], 'x[0]'],
    ['a detached buffer', () => ({ b: detachedView() }), 'x.b'],
    ['a proxy', () => [new Proxy({ a: 1 }, {})], 'x[0]'],
    ['a proxy of an array', () => [new Proxy([1], {})], 'x[0]'],
    ['an arguments object', () => [argumentsOf(1)], 'x[0]'],
    ['a promise', () => [Promise.resolve()], 'x[0]'],
    ['a WeakMap', () => [new WeakMap()], 'x[0]'],
    ['a blob', () => [new Blob(['a'])], 'x[0]'],
    ['a compiled module', () => ({ m: [compiledModule()] }), 'x.m[0]'],
    [
      'a getter that throws',
      () => ({
        get a(): never {
          throw new Error('no');
        },
      }),
      'x.a',
    ],
  ];
  for (const [claim, make, path] of refused) {
    it(`is refused, and found: ${claim}`, () => {
      assert.throws(() => encoder.encode(make()));
      assert.equal(findUncloneable(make(), 'x', PROCESS)?.path, path);
      assert.deepEqual(cross([1]), [1], 'the encoder is as good as new');
    });
  }
});

describe('bytes that are no value', () => {
  it('are refused, never read past the end and never a hang', () => {
    const values: unknown[] = [[1, 'text', { a: [1.5, null] }], 'x'.repeat(100), { v: new Float64Array(4) }, new Map([[1, { a: 2 }]])];
    for (const value of values) {
      const bytes = Buffer.from(encoder.encode(value));
      for (let length = 0; length < bytes.length; length += 1) assert.throws(() => decodeValue(bytes, 0, length), `${length} of ${bytes.length} bytes`);
    }
    assert.throws(() => decodeValue(Buffer.from([200]), 0, 1), { code: 'ERR_PROTOCOL' });
    assert.throws(() => decodeValue(Buffer.from([2, 2]), 0, 2), { code: 'ERR_PROTOCOL' });
  });

  it('any bytes end in a value or an error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
        try {
          decodeValue(bytes, 0, bytes.length);
        } catch (error) {
          assert.ok(error instanceof Error);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('Encoder', () => {
  it('does not keep the memory of a giant', () => {
    const own = new Encoder();
    own.encode('x'.repeat(4_000_000));
    own.encode(1);
    assert.ok(own.writer.bytes.length <= 1024 * 1024);
    own.write('x'.repeat(4_000_000));
    own.writer.take();
    assert.ok(own.writer.bytes.length <= 1024 * 1024);
  });

  it('puts a copy of large buffers beside the value', () => {
    const own = new Encoder(1_000);
    const data = new Uint8Array(1_000).fill(1);
    own.encode([data, new Uint8Array(999)]);
    data.fill(2);
    assert.equal(own.bulks.length, 1);
    assert.ok(
      isDeepStrictEqual(
        [...(own.bulks[0] as Uint8Array)],
        Array.from({ length: 1_000 }, () => 1),
      ),
    );
  });
});
