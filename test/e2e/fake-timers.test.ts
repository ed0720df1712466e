/** The timers of the program, or of the code in a task, may be fakes that stand still: the pool goes on. */
import assert from 'node:assert/strict';
import { performance as loop } from 'node:perf_hooks';
import { describe, mock, test } from 'node:test';
import { createPool } from 'millrace';
import type { Pool } from 'millrace';
import { ALL, errorOf, REMOTE } from './kinds.js';

type Tasks = typeof import('./fixtures/frozen-tasks.js');

/** What needs the event loop, microtasks and timers, on both sides. */
async function everything(pool: Pool<Tasks>): Promise<void> {
  assert.equal(await pool.run('add', 1, 2), 3);
  const sums = await Promise.all(Array.from({ length: 500 }, (_, i) => pool.run('add', i, 1)));
  assert.equal(sums[499], 500);
  assert.deepEqual(await Promise.all([20, 20, 20].map((ms) => pool.run('compute', ms))), [20, 20, 20]);
  assert.equal(await pool.submit('add', [2, 2], { delay: 20 }).result, 4);
  assert.equal((await errorOf(pool.submit('never', [], { timeout: 50 }).result)).code, 'ERR_TASK_TIMEOUT');
}

for (const worker of ALL) {
  describe(`with fake timers (${worker})`, { timeout: 60_000 }, () => {
    const make = (): Pool<Tasks> => createPool<Tasks>(new URL('./fixtures/frozen-tasks.js', import.meta.url), { worker, size: 1, cancelGrace: 50 });

    test('in the program, tasks are answered, and the pool closes', async () => {
      const pool = make();
      await pool.ready();
      mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'setImmediate'] });
      try {
        await everything(pool);
        await pool.close();
      } finally {
        mock.timers.reset();
      }
    });

    test('in the program, whose clock stands still, the pool sleeps while tasks run', async () => {
      const pool = make();
      await pool.run('add', 1, 2);
      const { now } = performance;
      performance.now = () => 1;
      try {
        const before = loop.eventLoopUtilization();
        assert.equal((await errorOf(pool.submit('never', [], { timeout: 500 }).result)).code, 'ERR_TASK_TIMEOUT');
        const { utilization } = loop.eventLoopUtilization(before);
        assert.ok(utilization < 0.5, `the event loop was busy for ${Math.round(100 * utilization)} % of the time`);
        await everything(pool);
      } finally {
        performance.now = now;
        await pool.terminate();
      }
    });

    if (REMOTE.includes(worker))
      test('in the worker, tasks are answered, and the pool closes', async () => {
        const pool = make();
        await pool.run('freezeTime');
        await everything(pool);
        await pool.close();
      });

    if (REMOTE.includes(worker))
      test('in the worker, a task that only looks whether it is cancelled sees it', async () => {
        const pool = createPool<Tasks>(new URL('./fixtures/frozen-tasks.js', import.meta.url), { worker, size: 1, cancelGrace: 60_000 });
        await pool.run('freezeTime');
        const seen = new Promise((resolve) => pool.once('log', ({ message }) => resolve(message)));
        assert.equal((await errorOf(pool.submit('computeUntilCancelled', [], { timeout: 50 }).result)).code, 'ERR_TASK_TIMEOUT');
        // A task that was let go of does not keep the process alive.
        const keepAlive = setInterval(() => undefined, 60_000);
        assert.equal(await seen, 'cancelled');
        clearInterval(keepAlive);
        await pool.terminate();
      });
  });
}
