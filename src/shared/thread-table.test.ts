import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from '../runtime/fixtures/fast-check.js';
import { ThreadTable } from './thread-table.js';

describe('the table of threads', () => {
  test('gives each thread a token that is dead for good once the thread has ended', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 5 }), fc.boolean()), { maxLength: 60 }), (events) => {
        const memory = ThreadTable.allocate(8, 4);
        const observer = new ThreadTable(memory, 99, 0);
        const living = new Map<number, number>([[99, observer.me]]);
        const dead: number[] = [];
        let nextId = 100;
        for (const [which, starts] of events) {
          const ids = [...living.keys()].filter((id) => id !== 99);
          if (starts && ids.length < 7) living.set(nextId, new ThreadTable(memory, nextId++, 0).me);
          else if (ids.length > 0) {
            const id = ids[which % ids.length]!;
            observer.ended(id);
            dead.push(living.get(id)!);
            living.delete(id);
          }
          for (const [id, token] of living) assert.equal(observer.threadIdOf(token), id);
          for (const token of dead) assert.ok(observer.isDead(token) && observer.threadIdOf(token) === undefined);
        }
        assert.equal(new Set([...living.values(), ...dead]).size, living.size + dead.length, 'no token is given twice');
      }),
    );
  });

  test('lets a thread take those that it has started with it', () => {
    const memory = ThreadTable.allocate(4, 1);
    const root = new ThreadTable(memory, 0, 0);
    const child = new ThreadTable(memory, 1, root.me);
    const grandchild = new ThreadTable(memory, 2, child.me);
    const other = new ThreadTable(memory, 3, root.me);
    const tokens = [root.me, child.me, grandchild.me, other.me];
    root.ended(1);
    assert.deepEqual(
      tokens.map((token) => root.isDead(token)),
      [false, true, true, false],
    );
  });

  test('says so when there is no room, and has room again when a thread ends', () => {
    const memory = ThreadTable.allocate(2, 1);
    const first = new ThreadTable(memory, 1, 0);
    assert.ok(first.me > 0 && new ThreadTable(memory, 2, 0).me > 0);
    assert.throws(() => new ThreadTable(memory, 3, 0).me, { code: 'ERR_SHARED_LIMIT' });
    first.ended(2);
    assert.ok(new ThreadTable(memory, 3, 0).me > 0);
  });

  test('adds to every point when a thread that was in it ends, and to none otherwise', () => {
    const memory = ThreadTable.allocate(2, 3);
    const table = new ThreadTable(memory, 1, 0);
    const points = [0, 1, 2].map((object) => table.pointOf(object));
    const sums = (): number[] => points.map((point) => table.words[point] as number);
    table.ended(7);
    assert.deepEqual(sums(), [0, 0, 0]);
    assert.ok(new ThreadTable(memory, 7, 0).me > 0);
    table.ended(7);
    assert.deepEqual(sums(), [1, 1, 1]);
  });
});
