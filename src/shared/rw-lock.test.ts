import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Latch, RwLock, SharedArray } from './door.js';
import { codeOf, withThreads } from './fixtures/threads.js';

describe('a read-write lock', { timeout: 180_000 }, () => {
  test('keeps readers from seeing what a writer has half done', async () => {
    const lock = new RwLock();
    const pair = new SharedArray(Int32Array, 2);
    await withThreads(3, async (threads) => {
      const torn = await Promise.all(threads.map((thread) => thread.run('readAndWrite', lock, pair, 2_000)));
      assert.deepEqual(torn, [0, 0, 0]);
    });
    assert.deepEqual([...pair], [1_500, 1_500]);
  });

  test('lets readers in together, and a writer alone', async () => {
    const lock = new RwLock();
    const readers = [await lock.read(), lock.readSync()];
    assert.equal(lock.readers.length, 2);
    const order: string[] = [];
    const writing = lock.write().then((guard) => (order.push('writes'), guard));
    const reading = lock.read().then((guard) => (order.push('reads'), guard));
    await nextTurn();
    assert.deepEqual(order, [], 'who reads after a writer has come waits for it');
    assert.equal(lock.writer, 0);
    for (const reader of readers) reader.unlock();
    (await writing).unlock();
    (await reading)[Symbol.dispose]();
    assert.deepEqual(order, ['writes', 'reads']);
    assert.equal(lock.writer, undefined);
  });

  test('lets a writer that gives up go without a trace', async () => {
    const lock = new RwLock();
    const reader = await lock.read();
    assert.equal(await codeOf(lock.write({ timeout: 5 })), 'ERR_WAIT_TIMEOUT');
    assert.equal(lock.writer, undefined);
    (await lock.read()).unlock();
    reader.unlock();
    (await lock.write()).unlock();
  });

  test('lets no more readers in than there is room for', async () => {
    const lock = new RwLock({ readersMax: 1 });
    const reader = await lock.read();
    const second = lock.read();
    await nextTurn();
    assert.equal(lock.readers.length, 1);
    reader.unlock();
    (await second).unlock();
    assert.throws(() => new RwLock({ readersMax: 0 }), { code: 'ERR_OPTION' });
  });

  test('tells a thread that would wait for itself', () => {
    const lock = new RwLock();
    const reader = lock.readSync();
    assert.throws(() => lock.writeSync(), { code: 'ERR_DEADLOCK' });
    reader.unlock();
    const writer = lock.writeSync();
    assert.throws(() => lock.readSync(), { code: 'ERR_DEADLOCK' });
    assert.throws(() => lock.writeSync(), { code: 'ERR_DEADLOCK' });
    writer.unlock();
  });

  test('forgets a reader that died', async () => {
    const lock = new RwLock();
    const held = new Latch(1);
    await withThreads(2, async ([reader, writer]) => {
      reader!.start('readAndHold', lock, held);
      await held.wait();
      const written = writer!.run('write', lock);
      await reader!.kill();
      assert.equal(await written, 'written');
      assert.equal(lock.poisoned, false);
    });
  });

  test('is poisoned by a writer that died', async () => {
    const lock = new RwLock();
    const held = new Latch(1);
    await withThreads(2, async ([writer, other]) => {
      writer!.start('writeAndHold', lock, held);
      await held.wait();
      const waits = [codeOf(lock.read()), other!.run('write', lock)];
      await writer!.kill();
      assert.deepEqual(await Promise.all(waits), ['ERR_POISONED', 'ERR_POISONED']);
      assert.equal(lock.poisoned, true);
      const guard = await lock.write({ acceptPoisoned: true });
      assert.equal(guard.poisoned, true);
      lock.clearPoison();
      guard.unlock();
      (await lock.read()).unlock();
    });
  });
});
