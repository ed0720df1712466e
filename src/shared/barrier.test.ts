import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Barrier, blockedThreads } from './door.js';
import { codeOf, withThreads } from './fixtures/threads.js';

describe('a barrier', { timeout: 180_000 }, () => {
  test('lets all go on together, round after round, and tells one that it was the last', async () => {
    const barrier = new Barrier(3);
    await withThreads(2, async (threads) => {
      const counts = threads.map((thread) => thread.run('meet', barrier, 200));
      let last = 0;
      for (let round = 0; round < 200; round += 1) if (await barrier.wait()) last += 1;
      const lasts = [last, ...((await Promise.all(counts)) as number[])];
      assert.equal(
        lasts.reduce((sum, each) => sum + each),
        200,
      );
    });
  });

  test('serves more threads than parties, so many at a time', async () => {
    const barrier = new Barrier(2);
    const lasts = await Promise.all([1, 2, 3, 4, 5, 6].map(() => barrier.wait()));
    assert.equal(lasts.filter(Boolean).length, 3);
  });

  test('is broken by a party that gives up, until it is reset', async () => {
    const barrier = new Barrier(3);
    const waits = codeOf(barrier.wait());
    assert.equal(await codeOf(barrier.wait({ timeout: 5 })), 'ERR_WAIT_TIMEOUT');
    assert.equal(await waits, 'ERR_BARRIER_BROKEN');
    assert.equal(barrier.broken, true);
    assert.equal(await codeOf(barrier.wait()), 'ERR_BARRIER_BROKEN');
    barrier.reset();
    assert.equal(barrier.broken, false);
    await Promise.all([barrier.wait(), barrier.wait(), barrier.wait()]);
  });

  test('tells those who wait when it is reset', async () => {
    const barrier = new Barrier(2);
    const waits = codeOf(barrier.wait());
    await nextTurn();
    barrier.reset();
    assert.equal(await waits, 'ERR_BARRIER_BROKEN');
    await Promise.all([barrier.wait(), barrier.wait()]);
  });

  test('is broken by a party that dies while it waits', async () => {
    const barrier = new Barrier(3);
    await withThreads(1, async ([thread]) => {
      const waits = codeOf(barrier.wait());
      thread!.start('meet', barrier, 1);
      while (!blockedThreads().some(({ waitsOn }) => waitsOn === barrier.id)) await nextTurn();
      await thread!.kill();
      assert.equal(await waits, 'ERR_BARRIER_BROKEN');
    });
  });

  test('refuses a number of parties that is none', () => {
    for (const parties of [0, 1.5, 1_025]) assert.throws(() => new Barrier(parties), { code: 'ERR_OPTION' });
    assert.equal(Barrier.from(structuredClone(new Barrier(4))).parties, 4);
  });
});
