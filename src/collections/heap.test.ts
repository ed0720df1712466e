import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from '../runtime/fixtures/fast-check.js';
import { IndexedHeap } from './heap.js';

describe('IndexedHeap', () => {
  it('gives the smallest key first', () => {
    const heap = new IndexedHeap<string>();
    heap.push('b', 2);
    heap.push('a', 1);
    heap.push('never', Infinity);
    heap.push('first', -Infinity);
    assert.equal(heap.peek(), 'first');
    assert.equal(heap.peekKey(), -Infinity);
    assert.deepEqual([heap.pop(), heap.pop(), heap.pop(), heap.pop(), heap.pop()], ['first', 'a', 'b', 'never', undefined]);
    assert.equal(heap.peek(), undefined);
    assert.equal(heap.peekKey(), undefined);
  });

  it('is first in, first out among equal keys, also after removals', () => {
    const heap = new IndexedHeap<number>();
    for (let id = 0; id < 100; id += 1) heap.push(id, 7);
    for (let id = 0; id < 100; id += 3) heap.remove(id);
    const order: number[] = [];
    while (heap.size > 0) order.push(heap.pop() as number);
    assert.deepEqual(
      order,
      Array.from({ length: 100 }, (_, id) => id).filter((id) => id % 3 !== 0),
    );
  });

  it('removes any item, once, and takes it again with another key', () => {
    const heap = new IndexedHeap<string>();
    for (const [key, item] of ['a', 'b', 'c', 'd'].entries()) heap.push(item, key);
    assert.equal(heap.remove('b'), true);
    assert.equal(heap.remove('b'), false);
    heap.push('b', 10);
    assert.deepEqual([heap.pop(), heap.pop(), heap.pop(), heap.pop()], ['a', 'c', 'd', 'b']);
  });

  it('refuses a second copy of an item and a key that is no number', () => {
    const heap = new IndexedHeap<string>();
    heap.push('a', 1);
    assert.throws(() => heap.push('a', 2), { code: 'ERR_ASSERTION' });
    assert.throws(() => heap.push('b', Number.NaN), { code: 'ERR_ASSERTION' });
    assert.deepEqual([...heap], ['a']);
  });

  it('behaves like a sorted list under any mix of operations', () => {
    const operation = fc.oneof(
      { weight: 3, arbitrary: fc.record({ kind: fc.constant('push' as const), n: fc.integer({ min: 0, max: 20 }) }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('pop' as const), n: fc.constant(0) }) },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant('remove' as const), n: fc.nat({ max: 10_000 }) }) },
    );
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 300, size: 'max' }), (operations) => {
        const heap = new IndexedHeap<number>();
        const model: { id: number; key: number }[] = [];
        let id = 0;
        for (const { kind, n } of operations) {
          if (kind === 'push') {
            heap.push(id, n);
            const at = model.findIndex((entry) => entry.key > n);
            model.splice(at === -1 ? model.length : at, 0, { id, key: n });
            id += 1;
          } else if (kind === 'pop') assert.equal(heap.pop(), model.shift()?.id);
          else if (model.length > 0) assert.equal(heap.remove((model.splice(n % model.length, 1)[0] as { id: number }).id), true);
          assert.equal(heap.size, model.length);
          assert.equal(heap.peek(), model[0]?.id);
          assert.equal(heap.peekKey(), model[0]?.key);
        }
        assert.deepEqual(
          [...heap].sort((a, b) => a - b),
          model.map((entry) => entry.id).sort((a, b) => a - b),
        );
        for (const entry of model) assert.equal(heap.pop(), entry.id);
      }),
    );
  });
});
