import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { blockedThreads, Latch, Mutex, Semaphore, SharedArray } from './door.js';
import type { MutexHandle } from './door.js';
import { codeOf, withThreads } from './fixtures/threads.js';

describe('a mutex', { timeout: 180_000 }, () => {
  test('lets one thread in at a time, the event loop among them', async () => {
    const mutex = new Mutex();
    const array = new SharedArray(Int32Array, 1);
    await withThreads(3, async (threads) => {
      const here = async (): Promise<void> => {
        for (let round = 0; round < 200; round += 1) {
          await mutex.run(() => {
            const seen = array[0] as number;
            array[0] = seen + 1;
          });
        }
      };
      await Promise.all([here(), ...threads.map((thread) => thread.run('lockAndAdd', mutex, array, 2_000))]);
    });
    assert.equal(array[0], 6_200);
  });

  test('crosses to a thread as its type and its memory, and nothing else', () => {
    const mutex = new Mutex();
    const handle = structuredClone(mutex) as MutexHandle;
    assert.deepEqual(Object.keys(handle), ['type', 'memory']);
    const other = Mutex.from(handle);
    const guard = mutex.tryLock();
    assert.equal(other.locked, true);
    assert.equal(other.tryLock(), undefined);
    guard?.unlock();
    assert.equal(other.locked, false);
    assert.equal(Mutex.from(mutex), mutex);
  });

  test('is not made of anything else', () => {
    const wrong: unknown[] = [undefined, 1, {}, { type: 'mutex' }, { type: 'mutex', memory: new ArrayBuffer(64) }, new Semaphore(1)];
    for (const handle of wrong) assert.throws(() => Mutex.from(handle as MutexHandle), { code: 'ERR_OPTION' });
    assert.throws(() => Mutex.from({ type: 'mutex', memory: new SharedArrayBuffer(64) }), { code: 'ERR_SHARED_LIMIT' });
  });

  test('serves the waiters of one event loop in order', async () => {
    const mutex = new Mutex();
    const order: number[] = [];
    const guard = await mutex.lock();
    const waiters = [1, 2, 3].map((waiter) => mutex.run(() => void order.push(waiter)));
    assert.equal(mutex.tryLock(), undefined);
    guard.unlock();
    assert.equal(mutex.tryLock(), undefined, 'a newcomer of this thread does not pass those who wait');
    await Promise.all(waiters);
    assert.deepEqual(order, [1, 2, 3]);
    assert.equal(mutex.locked, false);
  });

  test('is unlocked once, by whatever comes first', async () => {
    const mutex = new Mutex();
    const guard = mutex.lockSync();
    assert.equal(guard.held, true);
    guard[Symbol.dispose]();
    const next = await mutex.lock();
    guard.unlock();
    assert.equal(mutex.locked, true);
    next.unlock();
    await assert.rejects(
      mutex.run(() => Promise.reject(new Error('inside'))),
      /inside/,
    );
    assert.throws(() => mutex.runSync(() => assert.fail('inside')), /inside/);
    assert.equal(mutex.locked, false);
  });

  test('tells a thread that would wait for itself', async () => {
    const mutex = new Mutex();
    const guard = mutex.lockSync();
    assert.throws(() => mutex.lockSync(), { code: 'ERR_DEADLOCK' });
    guard.unlock();
    await withThreads(1, async ([thread]) => {
      assert.equal(await thread!.run('lockTwice', mutex), 'ERR_DEADLOCK');
      assert.equal(await thread!.run('lock', mutex, 1_000), 'locked', 'the guard of the outer lock was disposed of');
    });
  });
});

describe('waiting for a mutex', { timeout: 180_000 }, () => {
  test('ends with its timeout or its signal, and the lock goes to the next', async () => {
    const mutex = new Mutex();
    const guard = await mutex.lock();
    const controller = new AbortController();
    const late = mutex.lock({ timeout: 5 });
    const aborted = mutex.lock({ signal: controller.signal });
    const patient = mutex.lock({ timeout: '1m', signal: controller.signal.aborted ? controller.signal : new AbortController().signal });
    assert.equal(await codeOf(late), 'ERR_WAIT_TIMEOUT');
    controller.abort(new Error('no longer needed'));
    await assert.rejects(aborted, /no longer needed/);
    await assert.rejects(mutex.lock({ signal: controller.signal }), /no longer needed/);
    guard.unlock();
    (await patient).unlock();
    assert.equal(mutex.locked, false);
  });

  test('ends with its timeout in a thread that blocks', async () => {
    const mutex = new Mutex();
    await withThreads(1, async ([thread]) => {
      const guard = await mutex.lock();
      assert.equal(await thread!.run('lock', mutex, 20), 'ERR_WAIT_TIMEOUT');
      guard.unlock();
      assert.equal(await thread!.run('lock', mutex, 10_000), 'locked');
    });
  });

  test('refuses options that are none', async () => {
    const mutex = new Mutex();
    const guard = mutex.lockSync();
    assert.equal(await codeOf(mutex.lock({ timeout: 'soon' as '1s' })), 'ERR_OPTION');
    assert.equal(await codeOf(mutex.lock({ limit: 5 } as never)), 'ERR_OPTION');
    guard.unlock();
  });

  test('is seen from outside: who waits for whom', async () => {
    const mutex = new Mutex();
    const held = new Latch(1);
    await withThreads(2, async ([holder, waiter]) => {
      holder!.start('lockAndHold', mutex, held);
      await held.wait();
      assert.equal(mutex.holder, holder!.threadId);
      const waits = waiter!.run('lock', mutex, 60_000);
      const entry = { threadId: waiter!.threadId, waitsOn: mutex.id, waitsFor: holder!.threadId };
      while (!blockedThreads().some((blocked) => JSON.stringify(blocked) === JSON.stringify(entry))) await nextTurn();
      await holder!.kill();
      assert.equal(await waits, 'ERR_POISONED');
      assert.deepEqual(blockedThreads(), []);
    });
  });

  test('comes to an end for everybody while one thread locks without pause', async () => {
    const mutex = new Mutex();
    const running = new Latch(1);
    const end = new Latch(1);
    const array = new SharedArray(Int32Array, 1);
    await withThreads(2, async ([hammer, other]) => {
      const hammered = hammer!.run('hammer', mutex, running, end);
      await running.wait();
      await other!.run('lockAndAdd', mutex, array, 300);
      for (let round = 0; round < 20; round += 1) (await mutex.lock()).unlock();
      end.countDown();
      assert.ok(((await hammered) as number) > 100);
    });
    assert.equal(array[0], 300);
  });
});

describe('a mutex whose holder dies', { timeout: 180_000 }, () => {
  test('is refused as poisoned to those who wait and to those who come, until it is cleared', async () => {
    const mutex = new Mutex();
    const held = new Latch(1);
    await withThreads(2, async ([holder, blocked]) => {
      holder!.start('lockAndHold', mutex, held);
      await held.wait();
      const blocking = blocked!.run('lock', mutex, 60_000);
      const waiting = codeOf(mutex.lock());
      await holder!.kill();
      assert.deepEqual([await waiting, await blocking], ['ERR_POISONED', 'ERR_POISONED']);
      assert.equal(mutex.poisoned, true);
      assert.equal(mutex.holder, undefined);
      assert.throws(() => mutex.tryLock(), { code: 'ERR_POISONED', name: 'PoisonedError' });
      const guard = await mutex.lock({ acceptPoisoned: true });
      assert.equal(guard.poisoned, true);
      mutex.clearPoison();
      guard.unlock();
      assert.equal(mutex.poisoned, false);
      assert.equal(await blocked!.run('lock', mutex, 10_000), 'locked');
    });
  });

  test('is refused as well when the thread ended itself', async () => {
    const mutex = new Mutex();
    await withThreads(1, async ([thread]) => {
      const exited = thread!.exited();
      thread!.start('lockAndExit', mutex);
      await exited;
      assert.equal(await codeOf(mutex.lock()), 'ERR_POISONED');
    });
  });
});
