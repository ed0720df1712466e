import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Rechecker, type Watcher } from './rechecker.js';

function manualLoop(): { rechecker: Rechecker; turn: () => void; pending: () => number } {
  const queue: (() => void)[] = [];
  const rechecker = new Rechecker({ nowMs: () => 1, nextTurn: (fn) => void queue.push(fn) });
  return { rechecker, turn: () => queue.shift()?.(), pending: () => queue.length };
}

describe('the rechecker', () => {
  it('asks each watcher once a turn, in one callback, until all have gone to sleep', () => {
    const { rechecker, turn, pending } = manualLoop();
    const looks = [0, 0];
    const watcher = (index: number, last: number): Watcher => ({ look: () => (looks[index] = (looks[index] as number) + 1) < last });
    rechecker.add(watcher(0, 2));
    rechecker.add(watcher(1, 4));
    assert.equal(pending(), 1);
    for (let index = 0; index < 4; index += 1) turn();
    assert.deepEqual(looks, [2, 4]);
    assert.equal(pending(), 0);
  });

  it('takes watchers that are added while it looks', () => {
    const { rechecker, turn, pending } = manualLoop();
    let looks = 0;
    const second: Watcher = { look: () => (looks += 1) < 1 };
    rechecker.add({
      look: () => {
        rechecker.add(second);
        return false;
      },
    });
    turn();
    assert.equal(looks, 0);
    turn();
    assert.equal(looks, 1);
    assert.equal(pending(), 0);
  });
});
