import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Condition, Latch, Mutex, SharedArray } from './door.js';
import type { MutexGuard } from './door.js';
import { codeOf, withThreads } from './fixtures/threads.js';

describe('a condition', { timeout: 180_000 }, () => {
  test('loses no notification between a producer and its consumers', async () => {
    const mutex = new Mutex();
    const condition = new Condition();
    const state = new SharedArray(Int32Array, 2);
    await withThreads(2, async (threads) => {
      const consumed = threads.map((thread) => thread.run('consume', mutex, condition, state, 500));
      for (let produced = 0; produced < 1_000; produced += 1) {
        await mutex.run(() => {
          state[0]! += 1;
          condition.notify();
        });
      }
      await Promise.all(consumed);
    });
    assert.deepEqual([...state], [0, 1_000]);
  });

  test('wakes as many as it is told, in the order in which they came', async () => {
    const mutex = new Mutex();
    const condition = new Condition();
    const woken: number[] = [];
    const wait = async (waiter: number): Promise<void> => {
      const guard = await mutex.lock();
      await condition.wait(guard);
      woken.push(waiter);
      guard.unlock();
    };
    const waits = [1, 2, 3, 4].map(wait);
    // Locks of one event loop are granted in order: when we have ours, all four wait.
    (await mutex.lock()).unlock();
    assert.equal(condition.notify(2), 2);
    await Promise.all(waits.slice(0, 2));
    assert.deepEqual(woken, [1, 2]);
    assert.equal(condition.notifyAll(), 2);
    await Promise.all(waits);
    assert.deepEqual(woken, [1, 2, 3, 4]);
    assert.equal(condition.notifyAll(), 0);
  });

  test('holds the lock again after a timeout or an abort', async () => {
    const mutex = new Mutex();
    const condition = new Condition();
    const guard = await mutex.lock();
    assert.equal(await codeOf(condition.wait(guard, { timeout: 5 })), 'ERR_WAIT_TIMEOUT');
    assert.equal(guard.held, true);
    assert.throws(() => condition.waitSync(guard, { timeout: 5 }), { code: 'ERR_WAIT_TIMEOUT' });
    assert.equal(guard.held, true);
    await assert.rejects(condition.wait(guard, { signal: AbortSignal.abort(new Error('gone')) }), /gone/);
    assert.equal(guard.held, true);
    assert.equal(condition.notify(), 0, 'those who gave up have left');
    guard.unlock();
  });

  test('wants a lock that is held', async () => {
    const mutex = new Mutex();
    const condition = new Condition();
    const guard = await mutex.lock();
    guard.unlock();
    for (const wrong of [guard, mutex, undefined]) await assert.rejects(condition.wait(wrong as MutexGuard), { code: 'ERR_OPTION' });
  });

  test('has room for so many waiters', async () => {
    const mutex = new Mutex();
    const condition = new Condition({ waitersMax: 1 });
    const first = await mutex.lock();
    const waits = condition.wait(first);
    const second = await mutex.lock();
    assert.equal(await codeOf(condition.wait(second)), 'ERR_SHARED_LIMIT');
    assert.equal(second.held, true);
    condition.notify();
    second.unlock();
    await waits;
    first.unlock();
  });

  test('passes over a waiter that died', async () => {
    const mutex = new Mutex();
    const condition = new Condition();
    await withThreads(2, async ([dies, lives]) => {
      const waiting = new Latch(1);
      dies!.start('waitForCondition', mutex, condition, waiting);
      await waiting.wait();
      // It holds the lock until it waits.
      (await mutex.lock()).unlock();
      const alsoWaiting = new Latch(1);
      const notified = lives!.run('waitForCondition', mutex, condition, alsoWaiting);
      await alsoWaiting.wait();
      (await mutex.lock()).unlock();
      await dies!.kill();
      assert.equal(condition.notify(), 1);
      assert.equal(await notified, 'notified');
    });
  });
});
