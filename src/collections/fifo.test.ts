import assert from 'node:assert/strict';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, it } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from '../runtime/fixtures/fast-check.js';
import { Fifo } from './fifo.js';

interface Item {
  readonly id: number;
  position: number;
}

function itemFifo(): Fifo<Item> {
  return new Fifo<Item>((item, position) => {
    item.position = position;
  });
}

function fill(fifo: Fifo<Item>, count: number): Item[] {
  return Array.from({ length: count }, (_, id) => {
    const item: Item = { id, position: -1 };
    item.position = fifo.push(item);
    return item;
  });
}

async function collectGarbage(): Promise<void> {
  setFlagsFromString('--expose-gc');
  await turn();
  (runInNewContext('gc') as () => void)();
}

describe('Fifo', () => {
  it('gives items back in the order they came', () => {
    const fifo = new Fifo<string>();
    for (const item of ['a', 'b', 'c']) fifo.push(item);
    assert.deepEqual([...fifo], ['a', 'b', 'c']);
    assert.equal(fifo.peek(), 'a');
    assert.equal(fifo.peekLast(), 'c');
    assert.deepEqual([fifo.shift(), fifo.pop(), fifo.shift(), fifo.shift(), fifo.pop()], ['a', 'c', 'b', undefined, undefined]);
    assert.equal(fifo.length, 0);
    assert.equal(fifo.peek(), undefined);
    assert.equal(fifo.peekLast(), undefined);
  });

  it('takes falsy values for items', () => {
    const fifo = new Fifo<number | string | boolean>();
    for (const item of [0, '', false]) fifo.push(item);
    assert.deepEqual([fifo.shift(), fifo.pop(), fifo.shift()], [0, false, '']);
  });

  it('removes an item by its position, once', () => {
    const fifo = new Fifo<string>();
    const [, b] = [fifo.push('a'), fifo.push('b'), fifo.push('c')];
    assert.equal(fifo.removeAt(b), true);
    assert.equal(fifo.removeAt(b), false);
    assert.equal(fifo.length, 2);
    assert.deepEqual([...fifo], ['a', 'c']);
  });

  it('answers false for positions that hold nothing', () => {
    const fifo = new Fifo<string>();
    assert.equal(fifo.removeAt(0), false);
    fifo.push('a');
    for (const position of [-1, 1, Number.NaN, Infinity]) assert.equal(fifo.removeAt(position), false);
    assert.equal(fifo.length, 1);
  });

  it('behaves like an array under any mix of operations over several chunks', () => {
    const operation = fc.oneof(
      { weight: 5, arbitrary: fc.record({ kind: fc.constant('push' as const), count: fc.integer({ min: 1, max: 5_000 }) }) },
      { weight: 3, arbitrary: fc.record({ kind: fc.constant('shift' as const), count: fc.integer({ min: 1, max: 5_000 }) }) },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant('pop' as const), count: fc.integer({ min: 1, max: 3_000 }) }) },
      { weight: 3, arbitrary: fc.record({ kind: fc.constant('thin' as const), count: fc.integer({ min: 2, max: 9 }) }) },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant('keepEvery' as const), count: fc.integer({ min: 2, max: 2_000 }) }) },
    );
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 12 }), (operations) => {
        const fifo = itemFifo();
        let model: Item[] = [];
        for (const { kind, count } of operations) {
          if (kind === 'push') model.push(...fill(fifo, count));
          else if (kind === 'shift') for (let i = 0; i < count; i += 1) assert.equal(fifo.shift(), model.shift());
          else if (kind === 'pop') for (let i = 0; i < count; i += 1) assert.equal(fifo.pop(), model.pop());
          else {
            const leaves = (index: number): boolean => (index % count === 0) === (kind === 'thin');
            for (const item of model.filter((_, index) => leaves(index))) assert.equal(fifo.removeAt(item.position), true);
            model = model.filter((_, index) => !leaves(index));
          }
          assert.equal(fifo.length, model.length);
          assert.equal(fifo.peek(), model[0]);
          assert.equal(fifo.peekLast(), model.at(-1));
          assert.deepEqual(
            Array.from(fifo, (item) => item.id),
            model.map((item) => item.id),
          );
        }
        for (const item of model) assert.equal(fifo.removeAt(item.position), true, 'every position still names its item');
        assert.equal(fifo.length, 0);
      }),
      { numRuns: 60 },
    );
  });

  it('tells the owner where items went when holes outnumber them', () => {
    let moves = 0;
    const fifo = new Fifo<Item>((item, position) => {
      moves += 1;
      item.position = position;
    });
    const items = fill(fifo, 10_000);
    for (const item of items.slice(1, 9_000)) assert.equal(fifo.removeAt(item.position), true);
    assert.ok(moves > 0);
    assert.deepEqual(
      Array.from(fifo, (item) => item.id),
      [0, ...items.slice(9_000).map((item) => item.id)],
    );
    for (const item of items.slice(9_000)) assert.equal(fifo.removeAt(item.position), true);
    assert.deepEqual([...fifo], [items[0]]);
  });

  it('squeezes at a cost in proportion to the removals', () => {
    let moves = 0;
    const fifo = new Fifo<Item>((item, position) => {
      moves += 1;
      item.position = position;
    });
    const items = fill(fifo, 100_000);
    for (const item of items.slice(1, -1)) fifo.removeAt(item.position);
    assert.equal(fifo.length, 2);
    assert.ok(moves <= items.length, `${moves} moves`);
  });

  it('keeps positions for ever when nobody asks to be told of moves', () => {
    const fifo = new Fifo<number>();
    const positions = Array.from({ length: 10_000 }, (_, id) => fifo.push(id));
    for (const position of positions.slice(1, 9_000)) fifo.removeAt(position);
    assert.equal(fifo.removeAt(positions[9_500] as number), true);
    assert.equal([...fifo].includes(9_500), false);
    assert.equal(fifo.length, 1_000);
  });

  it('can be emptied from the front while it is iterated', () => {
    const fifo = new Fifo<number>();
    for (let id = 0; id < 5_000; id += 1) fifo.push(id);
    const seen: number[] = [];
    for (const item of fifo) {
      seen.push(item);
      fifo.shift();
    }
    assert.deepEqual(
      seen,
      Array.from({ length: 5_000 }, (_, id) => id),
    );
  });

  it('lets go of an item as soon as it leaves, and of the chunks it has passed', { timeout: 180_000 }, async () => {
    const fifo = new Fifo<object>();
    const leaver = new WeakRef({});
    const position = ((): number => {
      fifo.push({});
      const at = fifo.push(leaver.deref() as object);
      fifo.push({});
      return at;
    })();
    fifo.removeAt(position);
    const shared = {};
    await collectGarbage();
    const before = process.memoryUsage().heapUsed;
    for (let i = 0; i < 1_000_000; i += 1) fifo.push(shared);
    for (let i = 0; i < 1_000_000; i += 1) fifo.shift();
    await collectGarbage();
    assert.equal(leaver.deref(), undefined);
    const kept = process.memoryUsage().heapUsed - before;
    assert.ok(kept < 1_000_000, `keeps ${kept} bytes of 8,000,000`);
    assert.equal(fifo.length, 2);
  });

  it('lets go of an item that was moved before it left', { timeout: 180_000 }, async () => {
    const fifo = itemFifo();
    const leaver = ((): WeakRef<Item> => {
      const items = fill(fifo, 10_000);
      for (const item of items.slice(1, 9_000)) fifo.removeAt(item.position);
      const last = items[9_999] as Item;
      fifo.removeAt(last.position);
      return new WeakRef(last);
    })();
    await collectGarbage();
    assert.equal(leaver.deref(), undefined);
    assert.equal(fifo.length, 1_000);
  });

  it('costs the same for the millionth item as for the first', { timeout: 180_000 }, () => {
    const nsPerItem = (count: number): number => {
      const fifo = new Fifo<object>();
      const item = {};
      const start = process.hrtime.bigint();
      for (let i = 0; i < count; i += 1) fifo.push(item);
      while (fifo.shift() !== undefined);
      return Number(process.hrtime.bigint() - start) / count;
    };
    nsPerItem(100_000);
    const long = nsPerItem(1_000_000);
    assert.ok(long < 2_000, `${long} ns an item; anything that grows with the length takes far longer`);
  });
});
