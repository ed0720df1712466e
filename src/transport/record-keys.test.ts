import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from '../runtime/fixtures/fast-check.js';
import { decodeValue, Encoder } from './codec.js';
import { RECORD } from './codec-tags.js';

/** There and back. */
function cross(value: unknown): unknown {
  const bytes = Uint8Array.from(new Encoder().encode(value));
  return decodeValue(bytes, 0, bytes.length);
}

describe('the keys of records', () => {
  it('are no others where somebody gave all objects a toJSON', () => {
    // First, while there are shapes of which templates are made.
    const everybody = Object.prototype as { toJSON?: unknown };
    Object.defineProperty(everybody, 'toJSON', { value: () => 'text', configurable: true });
    try {
      const back = cross({ shown: 1, hidden: 2 }) as object;
      assert.deepEqual(Object.entries(back), Object.entries({ shown: 1, hidden: 2 }));
    } finally {
      delete everybody.toJSON;
    }
  });

  it('come back in order whatever records came before, be there thousands of shapes in both tables', () => {
    const key = fc
      .oneof(fc.string({ maxLength: 4 }), fc.constantFrom('a', 'b', 'é', '漢', '0', 'constructor', 'x'.repeat(600)))
      .filter((text) => text !== '__proto__');
    fc.assert(
      fc.property(fc.array(fc.uniqueArray(key, { maxLength: 6 }), { maxLength: 50 }), (shapes) => {
        for (const keys of [...shapes, ...shapes]) {
          const record = Object.fromEntries(keys.map((each, index) => [each, index]));
          const back = cross(record) as object;
          assert.deepEqual(back, record);
          assert.deepEqual(Object.keys(back), Object.keys(record));
        }
      }),
    );
    for (let shape = 0; shape < 3_000; shape += 1) assert.deepEqual(cross({ [`k${shape}`]: shape }), { [`k${shape}`]: shape });
  });

  it('keep __proto__ an own property of whoever has one', () => {
    const record: unknown = JSON.parse('{"__proto__": {"isAdmin": true}, "b": 1}');
    const back = cross(record) as Record<string, unknown>;
    assert.equal(Object.getPrototypeOf(back), Object.prototype);
    assert.equal(back['isAdmin'], undefined);
    assert.deepEqual(Object.keys(back), ['__proto__', 'b']);
  });

  it('are its own where somebody gave all objects an enumerable property', () => {
    const everybody = Object.prototype as { given?: number };
    everybody.given = 1;
    try {
      for (const record of [{ a: 1 }, { a: 1, given: 2 }, { given: undefined }])
        assert.deepEqual(Object.entries(cross(record) as object), Object.entries(record));
    } finally {
      delete everybody.given;
    }
  });

  it('are refused where bytes name __proto__ or do not add up', () => {
    const proto = [...'__proto__'].map((each) => each.charCodeAt(0));
    for (const block of [
      [11, 1, 9 << 1, ...proto],
      [12, 1, 9 << 1, ...proto],
      [3, 2, 2, 97],
      [1, 5],
    ]) {
      const bytes = Uint8Array.from([RECORD, ...block, 1]);
      assert.throws(() => decodeValue(bytes, 0, bytes.length), { code: 'ERR_PROTOCOL' });
    }
  });
});
