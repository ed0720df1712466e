/** Tasks on the event loop that submit tasks to their own pool and wait for them. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createPool } from 'millrace';
import type { Pool, PoolOptions } from 'millrace';
import { own } from './fixtures/nested-tasks.js';
import { errorOf } from './kinds.js';

type Tasks = typeof import('./fixtures/nested-tasks.js');

async function withPool(options: PoolOptions, body: (pool: Pool<Tasks>) => Promise<void>): Promise<void> {
  const pool = createPool<Tasks>(new URL('./fixtures/nested-tasks.js', import.meta.url), { worker: 'async', ...options });
  Object.assign(own, { pool, running: 0, most: 0 });
  try {
    await body(pool);
  } finally {
    await pool.terminate();
  }
}

describe('a task on the event loop that waits for tasks of its own pool', { timeout: 180_000 }, () => {
  test('gets them, one task at a time, however deep', () =>
    withPool({ concurrency: 1 }, async (pool) => {
      assert.equal(await pool.run('tree', 5), 32);
      assert.equal(own.most, 1, 'no two tasks without nested ones ran at once');
    }));

  test('gets them when all places are taken by such tasks', () =>
    withPool({ concurrency: 4 }, async (pool) => {
      const sums = await Promise.all(Array.from({ length: 20 }, () => pool.run('tree', 3)));
      assert.deepEqual(new Set(sums), new Set([8]));
      assert.ok(own.most <= 4, `${own.most} at once`);
    }));

  test('gets them too when it submits them late', () =>
    withPool({ concurrency: 1 }, async (pool) => {
      // From the first time on, tasks are followed beyond what they wait for.
      await pool.run('tree', 1);
      assert.equal(await pool.run('lateTree', 20), 1);
    }));

  test('gives back what it lent, whatever becomes of it', () =>
    withPool({ concurrency: 2 }, async (pool) => {
      await Promise.all(Array.from({ length: 10 }, () => pool.run('forgets')));
      assert.ok((await errorOf(pool.run('failing'))) instanceof RangeError);
      await pool.idle();
      own.most = 0;
      await Promise.all(Array.from({ length: 20 }, () => pool.run('leaf', 1)));
      assert.equal(own.most, 2);
    }));
});
