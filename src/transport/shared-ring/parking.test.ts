import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Parking, wake, wakeForRoom } from './parking.js';

function parked(): { words: Int32Array; parking: Parking; wakes: () => number; offer: (hasWork: boolean) => void } {
  const words = new Int32Array(new SharedArrayBuffer(4));
  let count = 0;
  let hasWork = false;
  const parking = new Parking(
    words,
    0,
    () => hasWork,
    () => void (count += 1),
  );
  return { words, parking, wakes: () => count, offer: (value) => void (hasWork = value) };
}

/** A wake arrives within some turns of the event loop; none arrives after them. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await nextTurn();
}

describe('parking', () => {
  it('is woken once, however often the other side wakes', async () => {
    const { words, parking, wakes } = parked();
    assert.equal(parking.park(false), true);
    assert.equal(parking.parked, true);
    for (let count = 0; count < 3; count += 1) wake(words, 0);
    await turns();
    assert.equal(wakes(), 1);
    assert.equal(parking.parked, false);
  });

  it('is not entered when the second look finds something', async () => {
    const { words, parking, wakes, offer } = parked();
    offer(true);
    assert.equal(parking.park(false), false);
    wake(words, 0);
    await turns();
    assert.equal(wakes(), 0);
  });

  it('is not disturbed by room unless it waits for it', async () => {
    const { words, parking, wakes } = parked();
    parking.park(false);
    wakeForRoom(words, 0);
    await turns();
    assert.equal(wakes(), 0);
    parking.park(true);
    wakeForRoom(words, 0);
    await turns();
    assert.equal(wakes(), 1);
  });

  it('costs nothing while awake, and one wait serves however often it is left and entered', async () => {
    const { words, parking, wakes } = parked();
    for (let round = 0; round < 5; round += 1) {
      parking.park(false);
      parking.unpark();
      wake(words, 0);
    }
    await turns();
    assert.equal(wakes(), 0);
    parking.park(false);
    wake(words, 0);
    await turns();
    assert.equal(wakes(), 1);
  });

  it('leaves no wait behind when it is closed', async () => {
    const { words, parking, wakes } = parked();
    parking.park(false);
    parking.close();
    await turns();
    assert.equal(wakes(), 1);
    assert.equal(Atomics.notify(words, 0), 0);
  });
});
