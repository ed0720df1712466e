import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ReusedList } from './reused-list.js';

describe('ReusedList', () => {
  it('holds what was pushed since it was cleared, in order', () => {
    const list = new ReusedList<number>();
    for (let round = 0; round < 5; round += 1) {
      const wanted = Array.from({ length: (round * 7) % 4 }, (_, index) => round * 10 + index);
      for (const item of wanted) list.push(item);
      assert.deepEqual(
        Array.from({ length: list.length }, (_, index) => list.at(index)),
        wanted,
      );
      list.clear();
      assert.equal(list.length, 0);
    }
  });

  it('shows items that are pushed while somebody goes through it', () => {
    const list = new ReusedList<number>();
    list.push(3);
    const seen: number[] = [];
    for (let index = 0; index < list.length; index += 1) {
      const item = list.at(index);
      seen.push(item);
      if (item > 0) list.push(item - 1);
    }
    assert.deepEqual(seen, [3, 2, 1, 0]);
  });

  it('keeps nothing alive that was in it before', () => {
    const list = new ReusedList<object>();
    list.push({});
    list.push({});
    list.clear();
    assert.deepEqual([list.at(0), list.at(1)], [undefined, undefined]);
  });
});
