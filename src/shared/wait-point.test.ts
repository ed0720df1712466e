import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { replaceThreadTable, ThreadTable } from './thread-table.js';
import { POINT_WORDS, WaitPoint } from './wait-point.js';

const memory = ThreadTable.allocate(4, 2);
const tables = [1, 2, 3].map((id) => new ThreadTable(memory, id, 0));
const words = new Int32Array(new SharedArrayBuffer(4 * POINT_WORDS));
const points = tables.map((table) => {
  replaceThreadTable(table);
  WaitPoint.initialise(words, 0);
  return new WaitPoint(words, 0);
});
after(() => replaceThreadTable(undefined));

describe('a wait point', () => {
  test('keeps what is reserved for one thread from the others', () => {
    const [first, second, third] = points as [WaitPoint, WaitPoint, WaitPoint];
    assert.equal(first.reserve(), true);
    assert.deepEqual([first.mayTake(), second.mayTake(), third.mayTake()], [true, false, false]);
    assert.equal(second.reserve(), false);
    second.unreserve();
    assert.equal(third.mayTake(), false, 'a reservation is ended by its owner');
    first.unreserve();
    assert.deepEqual([second.mayTake(), second.reserve(), first.mayTake()], [true, true, false]);
    tables[0]!.ended(2);
    assert.deepEqual([first.mayTake(), first.reserve(), third.mayTake()], [true, true, false]);
    first.unreserve();
  });

  test('wakes only when somebody has announced to wait, and once for all of them', () => {
    const [first, second, third] = points as [WaitPoint, WaitPoint, WaitPoint];
    const table = tables[0]!;
    const point = table.pointOf(third.id);
    const before = table.words[point] as number;
    first.changed();
    assert.equal(table.words[point], before);
    const key = third.announce();
    assert.equal(key, before);
    first.changed();
    second.changed();
    assert.equal(table.words[point], before + 1);
    third.sleep(key, Infinity, 0);
  });

  test('notes who is blocked, and for whom', () => {
    const [first] = points as [WaitPoint];
    const seen: unknown[] = [];
    const key = first.announce();
    first.changed();
    tables[0]!.noteBlocked(first.id, tables[2]!.me);
    seen.push(...tables[2]!.blocked());
    tables[0]!.noteBlocked(0, 0);
    assert.deepEqual(seen, [{ threadId: 1, waitsOn: first.id, waitsFor: 3 }]);
    assert.deepEqual(tables[2]!.blocked(), []);
    assert.equal(typeof key, 'number');
  });
});
