import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Latch, Semaphore, SharedArray } from './door.js';
import { codeOf, withThreads } from './fixtures/threads.js';

describe('a semaphore', { timeout: 180_000 }, () => {
  test('lets so many in at once and no more', async () => {
    const semaphore = new Semaphore(2);
    const inside = new SharedArray(Int32Array, 2);
    await withThreads(3, async (threads) => {
      await Promise.all(threads.map((thread) => thread.run('acquireAndNote', semaphore, inside, 3_000)));
    });
    assert.equal(inside[0], 0);
    assert.ok(inside[1]! <= 2, `${inside[1]} were inside`);
    assert.equal(semaphore.available, 2);
  });

  test('serves the waiters of one event loop in order, each with its own permit', async () => {
    const semaphore = new Semaphore(2);
    const order: number[] = [];
    const first = [await semaphore.acquire(), await semaphore.acquire()];
    assert.equal(semaphore.tryAcquire(), undefined);
    const waiters = [1, 2, 3].map((waiter) => semaphore.run(() => void order.push(waiter)));
    first[0]!.release();
    first[0]!.release();
    await Promise.all(waiters);
    assert.deepEqual(order, [1, 2, 3]);
    assert.equal(semaphore.available, 1);
    first[1]![Symbol.dispose]();
    assert.equal(semaphore.available, 2);
    assert.equal(
      semaphore.runSync(() => semaphore.available),
      1,
    );
  });

  test('ends a wait with its timeout or its signal', async () => {
    const semaphore = new Semaphore(1);
    const permit = semaphore.tryAcquire();
    assert.equal(await codeOf(semaphore.acquire({ timeout: 5 })), 'ERR_WAIT_TIMEOUT');
    await assert.rejects(semaphore.acquire({ signal: AbortSignal.abort(new Error('gone')) }), /gone/);
    permit?.release();
    (await semaphore.acquire()).release();
  });

  test('tells a thread that would wait for itself', async () => {
    await withThreads(1, async ([thread]) => assert.equal(await thread!.run('acquireTwice', new Semaphore(1)), 'ERR_DEADLOCK'));
  });

  test('has the permits of a thread that died again', async () => {
    const semaphore = new Semaphore(1);
    const held = new Latch(1);
    await withThreads(1, async ([thread]) => {
      thread!.start('acquireAndHold', semaphore, held);
      await held.wait();
      assert.equal(semaphore.available, 0);
      const waits = semaphore.acquire();
      await thread!.kill();
      (await waits).release();
      assert.equal(semaphore.available, 1);
    });
  });

  test('refuses a number of permits that is none', () => {
    for (const permits of [0, -1, 1.5, 65_537, '2']) assert.throws(() => new Semaphore(permits as number), { code: 'ERR_OPTION' });
    assert.equal(Semaphore.from(structuredClone(new Semaphore(7))).permits, 7);
  });
});
