/** Workers that fail their tasks, or never answer their health check, while the others do well. */
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import type { Pool, PoolEvents } from 'millrace';
import type { UnreliableData } from './fixtures/unreliable.js';
import { freshPath, turn, until } from './gates.js';
import { errorOf, REMOTE, withUnreliable } from './kinds.js';
import type { UnreliableTasks } from './kinds.js';

const timeout = 180_000;

/** Resolves when all workers of the pool are ready. */
async function full(pool: Pool<UnreliableTasks>): Promise<void> {
  await until(() => pool.stats().workers.ready === pool.stats().workers.max);
}

/** Keeps `concurrency` tasks in flight until told to stop; returns how many failed. */
async function load(concurrency: number, run: () => Promise<unknown>, isOver: () => boolean): Promise<{ tasks: number; errors: number }> {
  const sum = { tasks: 0, errors: 0 };
  const loop = async (): Promise<void> => {
    while (!isOver()) {
      sum.tasks += 1;
      await run().catch(() => void (sum.errors += 1));
    }
  };
  await Promise.all(Array.from({ length: concurrency }, loop));
  return sum;
}

for (const worker of REMOTE) {
  describe(`a ${worker} worker that fails 30 % of its tasks`, { timeout }, () => {
    test('is replaced, the replacement first, and the errors end', async () => {
      await withUnreliable({ worker, size: worker === 'thread' ? 8 : 3 }, async (pool) => {
        await full(pool);
        const bad = (pool.workers[0] as { id: string }).id;
        const order: string[] = [];
        let isolated: PoolEvents['workerIsolated'] | undefined;
        pool.on('workerSuspected', (event) => order.push(`suspect ${event.workerId}`));
        pool.on('workerIsolated', (event) => {
          isolated = event;
          order.push(`isolated ${event.workerId}`);
        });
        pool.on('workerStarting', () => order.push('starting'));
        pool.on('workerExit', (event) => order.push(`exit ${event.workerId} ${event.reason}`));
        let serving = pool.workers.length;
        const size = serving;
        const watch = (): void => {
          serving = Math.min(serving, pool.workers.filter(({ state, health }) => state === 'ready' && health !== 'isolated').length);
        };
        for (const event of ['workerIsolated', 'workerExit', 'workerReady', 'completed'] as const) pool.on(event, watch);
        await load(
          16,
          () => pool.run('work', [bad], 0.3),
          () => isolated !== undefined,
        );
        assert.equal(isolated?.workerId, bad);
        assert.equal(isolated.cause, 'errors');
        assert.ok((isolated.errors as number) >= 3 * (isolated.expectedErrors as number));
        await until(() => order.some((line) => line.startsWith('exit')));
        assert.deepEqual(order, [`suspect ${bad}`, `isolated ${bad}`, 'starting', `exit ${bad} stopped`]);
        let left = 300;
        const after = await load(
          16,
          () => pool.run('work', [bad], 0.3),
          () => --left < 0,
        );
        assert.equal(after.errors, 0);
        await full(pool);
        assert.equal(serving, size - 1, 'one worker short, and never more');
        assert.equal(pool.stats().health.isolated, 1);
        assert.ok(Object.values(pool.stats().health.workers).every((health) => health === 'healthy'));
      });
    });

    test('is found although it gets all of the tasks, because it is free so soon', async () => {
      await withUnreliable({ worker, size: 2 }, async (pool) => {
        await full(pool);
        const found: string[] = [];
        pool.on('workerSuspected', (event) => found.push(`suspect ${event.workerId}`));
        pool.on('workerIsolated', (event) => found.push(`isolated ${event.workerId}`));
        // One at a time: the worker that was busy last gets the next one. Suspect, it rests, and the other shows that it can be done.
        const bad = await pool.run('name');
        for (const concurrency of [1, 4]) {
          const known = found.length;
          await load(
            concurrency,
            () => pool.run('work', [bad], 0.5),
            () => found.length > known,
          );
        }
        assert.deepEqual(found, [`suspect ${bad}`, `isolated ${bad}`]);
      });
    });

    test('no worker is isolated for a function that fails everywhere, nor the only one there is', async () => {
      for (const size of [1, 3]) {
        await withUnreliable({ worker, size }, async (pool) => {
          await full(pool);
          pool.on('workerIsolated', () => assert.fail('nobody is to blame'));
          let left = 300;
          const { errors } = await load(
            8,
            () => pool.run('fail'),
            () => --left < 0,
          );
          assert.equal(errors, 300);
          assert.equal(pool.stats().health.isolated, 0);
          assert.equal(pool.workers.length, size);
        });
      }
    });
  });

  describe(`a ${worker} worker that takes ten times as long as the others`, { timeout }, () => {
    for (const slowWorkers of ['report', 'isolate'] as const) {
      test(`is found, with slowWorkers '${slowWorkers}'`, async () => {
        await withUnreliable({ worker, size: 3, slowWorkers }, async (pool) => {
          await full(pool);
          const slow = (pool.workers[1] as { id: string }).id;
          const found: unknown[] = [];
          pool.on('workerSuspected', ({ workerId, cause }) => found.push(['suspect', workerId, cause]));
          pool.on('workerIsolated', ({ workerId, cause }) => found.push(['isolated', workerId, cause]));
          const expected = [['suspect', slow, 'slow'], ...(slowWorkers === 'isolate' ? [['isolated', slow, 'slow']] : [])];
          await load(
            6,
            () => pool.run('drag', [slow], 5),
            () => found.length >= expected.length,
          );
          assert.deepEqual(found, expected);
          assert.equal(pool.stats().health.isolated, expected.length - 1);
        });
      });
    }
  });

  describe(`the health check of a ${worker} worker`, { timeout }, () => {
    test('that never answers makes it unhealthy', async () => {
      const hang = freshPath('hang');
      const data: UnreliableData = { healthHangsWhile: hang };
      await withUnreliable({ worker, size: 1, workerData: data, healthInterval: 10, healthTimeout: 50 }, async (pool) => {
        const recycled: PoolEvents['workerRecycled'][] = [];
        pool.on('workerRecycled', (event) => recycled.push(event));
        const before = await pool.run('name');
        writeFileSync(hang, '');
        await until(() => recycled.some(({ workerId }) => workerId === before));
        rmSync(hang);
        assert.ok(recycled.every(({ cause }) => cause === 'health'));
        assert.notEqual(await pool.run('name'), before);
      });
    });

    test('may wait for a task that computes for longer than its limit', async () => {
      await withUnreliable({ worker, size: 1, healthInterval: 5, healthTimeout: 700 }, async (pool) => {
        const before = await pool.run('name');
        pool.on('workerRecycled', () => assert.fail('it is busy, not sick'));
        assert.equal(await pool.run('block', 1_000), before);
        await turn();
        assert.equal(await pool.run('name'), before);
      });
    });
  });
}

test('more bad workers than a third are kept, and the pool says so', { timeout }, async () => {
  await withUnreliable({ worker: 'thread', size: 8 }, async (pool) => {
    await full(pool);
    const bad = pool.workers.slice(0, 3).map(({ id }) => id);
    const panics: PoolEvents['panic'][] = [];
    pool.on('panic', (event) => panics.push(event));
    await load(
      16,
      () => pool.run('work', bad, 0.9),
      () => panics.length > 0,
    );
    assert.equal(panics[0]?.on, true);
    assert.equal(panics[0].suspects.length, 1);
    assert.ok(bad.includes(panics[0].suspects[0] as string));
    assert.deepEqual([pool.stats().health.isolated, pool.stats().health.panic], [2, true]);
  });
});

test('errors that say nothing about the worker are not counted: cancellation, deadlines, bad values', { timeout }, async () => {
  await withUnreliable({ worker: 'thread', size: 2 }, async (pool) => {
    await full(pool);
    pool.on('workerSuspected', () => assert.fail('nobody is to blame'));
    for (let round = 0; round < 30; round += 1) {
      const task = pool.submit('untilAborted', []);
      await until(() => task.state === 'EXECUTING');
      task.cancel();
      assert.equal((await errorOf(task.result)).code, 'ERR_TASK_CANCELLED');
      // oxlint-disable-next-line typescript/no-explicit-any -- no value of the type can be uncloneable
      assert.equal((await errorOf(pool.run('failWhile', (() => undefined) as any))).code, 'ERR_VALUE_NOT_CLONEABLE');
    }
  });
});
