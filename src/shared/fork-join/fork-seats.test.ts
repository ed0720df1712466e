import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ForkArea, HUNGRY, HUNGRY_COUNT, JOINING, LISTENING, OFFERS } from './fork-area.js';
import { ForkSeat } from './fork-seat.js';
import { ForkSeats } from './fork-seats.js';
import { DONE, FREE, LOST, OFFERED, RETURNED, REVOKED, RUNNING, TAKEN } from './offers.js';

const ROOT = { key: 9, seat: 0, slot: 2 };

function seats(count: number): { area: ForkArea; pool: ForkSeats; workers: ForkSeat[] } {
  const area = ForkArea.create(count);
  const pool = new ForkSeats(area);
  return { area, pool, workers: Array.from({ length: count }, () => new ForkSeat(area, pool.sit())) };
}

function offer(worker: ForkSeat): number {
  const slot = worker.reserve();
  worker.publish(slot, ROOT);
  return slot;
}

describe('an offer', () => {
  test("is its owner's again or its thief's, never both", () => {
    const { workers } = seats(2);
    const [owner, thief] = workers as [ForkSeat, ForkSeat];
    const [first, second] = [offer(owner), offer(owner)];
    assert.equal(owner.takeBack(first), true);
    assert.equal(owner.stateOf(first), FREE);
    const taken = thief.take(0)!;
    assert.deepEqual([taken.seat, taken.slot, taken.root, owner.stateOf(second)], [0, second, ROOT, TAKEN]);
    assert.equal(owner.takeBack(second), false);
    assert.equal(thief.take(0), undefined);
    assert.equal(thief.begin(taken), true);
    thief.finish(taken, DONE);
    assert.deepEqual([owner.hasOutcome(), owner.stateOf(second)], [true, DONE]);
    owner.release(second);
    assert.equal(owner.hasOutcome(), false);
  });

  test('that is used again is not taken for the one before', () => {
    const { workers } = seats(2);
    const [owner, thief] = workers as [ForkSeat, ForkSeat];
    const slot = offer(owner);
    const old = { ...thief.take(0)! };
    thief.begin(old);
    thief.finish(old, DONE);
    owner.release(slot);
    assert.equal(offer(owner), slot);
    assert.equal(thief.begin(old), false);
  });

  test('is taken for its own task only by those that ask for it', () => {
    const { workers } = seats(2);
    const [owner, thief] = workers as [ForkSeat, ForkSeat];
    offer(owner);
    assert.deepEqual([thief.sees(8), thief.take(8)], [false, undefined]);
    assert.equal(thief.sees(9), true);
    assert.notEqual(thief.take(9), undefined);
  });

  test('has room for 32 at once', () => {
    const [owner] = seats(1).workers as [ForkSeat];
    for (let count = 0; count < OFFERS; count += 1) offer(owner);
    assert.deepEqual([owner.reserve(), owner.openOffers()], [-1, OFFERS]);
  });

  test('tells its thief that it is cancelled, and so does its task', () => {
    const { area, workers } = seats(2);
    const [owner, thief] = workers as [ForkSeat, ForkSeat];
    const slot = offer(owner);
    const taken = thief.take(0)!;
    assert.equal(thief.cancelCode(taken), 0);
    area.setCancelled(0, ROOT.slot, 2);
    assert.equal(thief.cancelCode(taken), 2);
    owner.cancel(slot, 1);
    assert.equal(thief.cancelCode(taken), 1);
  });
});

describe('a bell', () => {
  test('counts who is hungry, and no longer when it rings', () => {
    const { area, workers } = seats(3);
    const hungry = (): number => area.words[HUNGRY_COUNT]!;
    area.setBell(1, HUNGRY, 0);
    area.setBell(2, JOINING, 9);
    assert.deepEqual([hungry(), workers[0]!.countHungry(9), workers[0]!.countHungry(8)], [2, 2, 1]);
    area.setBell(1, HUNGRY, 0);
    assert.equal(hungry(), 2, 'said twice counts once');
    area.ring(2);
    area.ring(2);
    assert.equal(hungry(), 1);
    area.setBell(1, LISTENING, 0);
    assert.equal(hungry(), 0);
  });
});

describe('a thread that has ended', () => {
  test('gives back what it had not begun, and has lost what it had', () => {
    const { pool, workers } = seats(2);
    const [owner, thief] = workers as [ForkSeat, ForkSeat];
    const slots = [offer(owner), offer(owner), offer(owner)];
    thief.take(0);
    thief.begin(thief.take(0)!);
    assert.deepEqual(pool.left(1), []);
    assert.deepEqual(
      slots.map((slot) => owner.stateOf(slot)),
      [RETURNED, LOST, OFFERED],
    );
  });

  test('offers nothing any more, and its children elsewhere are told to stop', () => {
    const { pool, workers } = seats(2);
    const [owner, thief] = workers as [ForkSeat, ForkSeat];
    const slots = [offer(owner), offer(owner)];
    const taken = thief.take(0)!;
    thief.begin(taken);
    const [orphan] = pool.left(0);
    assert.deepEqual(
      slots.map((slot) => owner.stateOf(slot)),
      [RUNNING, REVOKED],
    );
    assert.notEqual(thief.cancelCode(taken), 0);
    assert.deepEqual([orphan?.thief, orphan?.isRunning(), pool.sit()], [1, true, -1]);
    thief.finish(taken, DONE);
    assert.deepEqual([orphan?.isRunning(), pool.sit()], [false, 0], 'its seat is free when nobody runs its children');
  });

  test('leaves a seat that the next can use', () => {
    const { area, pool, workers } = seats(2);
    offer(workers[0]!);
    pool.left(0);
    const next = new ForkSeat(area, pool.sit());
    const slot = offer(next);
    assert.equal(next.stateOf(slot), OFFERED);
    assert.equal(workers[1]!.take(0)?.slot, slot);
  });
});
