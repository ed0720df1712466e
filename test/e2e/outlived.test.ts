/** Code that outlives its task: whoever it keeps from beginning runs elsewhere, and its worker is replaced. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createPool, TaskTimeoutError } from 'millrace';
import type { Pool, PoolEvents, PoolOptions, WorkerKind } from 'millrace';
import { REMOTE } from './kinds.js';

type Tasks = typeof import('./fixtures/outlived.js');

const timeout = 120_000;

async function withPool(worker: WorkerKind, options: PoolOptions, body: (pool: Pool<Tasks>) => Promise<void>): Promise<void> {
  const pool = createPool<Tasks>(new URL('./fixtures/outlived.js', import.meta.url), { worker, size: 2, ...options });
  const keepAlive = setInterval(() => undefined, 60_000);
  try {
    await pool.ready();
    await body(pool);
  } finally {
    await pool.terminate();
    clearInterval(keepAlive);
  }
}

/** Calls `submit` until a worker has ended. */
async function untilExit(pool: Pool<Tasks>, submit: (value: number) => Promise<unknown>): Promise<PoolEvents['workerExit']> {
  const exits: PoolEvents['workerExit'][] = [];
  pool.once('workerExit', (event) => exits.push(event));
  // It may take one more before it is kept by the loop.
  for (let value = 0; exits.length === 0; value += 1) await submit(value);
  return exits[0] as PoolEvents['workerExit'];
}

for (const worker of REMOTE) {
  describe(`${worker} workers kept by what outlived its task`, { timeout }, () => {
    test('give their tasks to others and are replaced', () =>
      withPool(worker, { watchdog: { interval: 100 } }, async (pool) => {
        assert.equal(await pool.run('leaveLoop'), 'left');
        const exit = await untilExit(pool, async (value) => assert.equal(await pool.submit('echo', [value], { timeout: 60_000 }).result, value));
        assert.equal(exit.reason, 'terminated');
      }));

    test('are found when what they were given passes its deadline', () =>
      withPool(worker, { watchdog: false }, async (pool) => {
        assert.equal(await pool.run('leaveLoop'), 'left');
        const exit = await untilExit(pool, async (value) => {
          try {
            assert.equal(await pool.submit('echo', [value], { deadline: 100 }).result, value);
          } catch (error) {
            assert.ok(error instanceof TaskTimeoutError, String(error));
            // On a busy machine one may have begun just then.
            assert.match(error.message, /(before|while) it ran/);
          }
        });
        assert.equal(exit.reason, 'terminated');
        assert.equal(await pool.run('echo', 1), 1);
      }));

    test('have said goodbye and are ended, though a listener of exit throws', () =>
      withPool(worker, { size: 1 }, async (pool) => {
        const exit = new Promise((resolve) => {
          pool.once('workerExit', resolve);
        });
        await assert.rejects(pool.run('quitBadly'), /thrown while it exits/);
        assert.equal(await pool.run('echo', 2), 2);
        await exit;
      }));

    test('that end themselves lose no task that had not begun', () =>
      withPool(worker, { size: 1 }, async (pool) => {
        for (let round = 0; round < 3; round += 1) {
          assert.equal(await pool.run('leaveExit'), 'left');
          assert.equal(await pool.run('echo', round), round);
        }
      }));
  });
}
