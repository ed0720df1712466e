import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { SharedArray } from './door.js';
import { withThreads } from './fixtures/threads.js';

const NUMBERS = [Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array, Float32Array, Float64Array];
const BIG = [BigInt64Array, BigUint64Array];

describe('a shared array', { timeout: 180_000 }, () => {
  test('is a typed array of every kind, on shared memory', () => {
    for (const kind of NUMBERS) {
      const array = SharedArray.of<'Float64Array'>(kind as never, 1, 2, 3);
      assert.deepEqual([...array], [1, 2, 3]);
      assert.ok(array instanceof kind && SharedArray.isShared(array));
      assert.deepEqual([...new SharedArray<'Float64Array'>(kind as never, 2)], [0, 0]);
    }
    for (const kind of BIG) assert.deepEqual([...SharedArray.from<'BigInt64Array'>(kind as never, new Set([5n, 6n]))], [5n, 6n]);
    assert.deepEqual([...SharedArray.from(Float64Array, { length: 2, 0: 1, 1: 2 })], [1, 2]);
    assert.equal(SharedArray.isShared(new Float64Array(1)), false);
  });

  test('crosses to a thread without a copy', async () => {
    const array = new SharedArray(Float64Array, 4);
    await withThreads(1, async ([thread]) => assert.equal(await thread!.run('fill', array, 7), '[object SharedArrayBuffer]'));
    assert.deepEqual([...array], [7, 7, 7, 7]);
  });

  test('refuses kinds, lengths and values that are none', () => {
    for (const kind of [Array, DataView, undefined]) assert.throws(() => new SharedArray(kind as never, 1), { code: 'ERR_OPTION' });
    for (const length of [-1, 1.5, '4']) assert.throws(() => new SharedArray(Float64Array, length as number), { code: 'ERR_OPTION' });
    assert.throws(() => SharedArray.from(Float64Array, 4 as never), { code: 'ERR_OPTION' });
  });
});
