import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Latch } from './door.js';
import { codeOf, withThreads } from './fixtures/threads.js';

describe('a latch', { timeout: 180_000 }, () => {
  test('opens for everybody when it has been counted down', async () => {
    const latch = new Latch(3);
    await withThreads(2, async (threads) => {
      const waits = [...threads.map((thread) => thread.run('awaitLatch', latch, 60_000)), latch.wait(), latch.wait()];
      assert.equal(latch.countDown(), 2);
      assert.equal(latch.countDown(5), 0);
      assert.deepEqual(await Promise.all(waits), ['open', 'open', undefined, undefined]);
    });
    latch.waitSync();
    assert.equal(latch.countDown(), 0);
  });

  test('ends a wait with its timeout', async () => {
    const latch = new Latch(1);
    assert.equal(await codeOf(latch.wait({ timeout: 5 })), 'ERR_WAIT_TIMEOUT');
    await withThreads(1, async ([thread]) => assert.equal(await thread!.run('awaitLatch', latch, 5), 'ERR_WAIT_TIMEOUT'));
  });

  test('crosses with its count, and refuses one that is none', () => {
    const latch = new Latch(2);
    Latch.from(structuredClone(latch)).countDown();
    assert.equal(latch.count, 1);
    for (const count of [-1, 0.5, 2 ** 31]) assert.throws(() => new Latch(count), { code: 'ERR_OPTION' });
    assert.throws(() => latch.countDown(-1), { code: 'ERR_OPTION' });
  });
});
