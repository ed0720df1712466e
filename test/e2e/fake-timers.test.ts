/** The timers of the program, or of the code in a task, may be fakes that stand still: the pool goes on. */
import assert from 'node:assert/strict';
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

    if (REMOTE.includes(worker))
      test('in the worker, tasks are answered, and the pool closes', async () => {
        const pool = make();
        await pool.run('freezeTime');
        await everything(pool);
        await pool.close();
      });
  });
}
