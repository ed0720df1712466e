/** Overload on real workers: three tasks are submitted for each that ends, so the load is three times whatever the machine can do. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { OverloadError } from 'millrace';
import type { Pool, PoolEvents, Task } from 'millrace';
import { REMOTE, withPool } from './kinds.js';
import type { Tasks } from './kinds.js';

const timeout = 180_000;
const ENDED_MAX = 400;

/** One urgent task among ten, the others are not. Ends when so many have been completed. */
async function flood(pool: Pool<Tasks>): Promise<{ readonly priority: string; readonly task: Task }[]> {
  const submitted: { priority: string; task: Task }[] = [];
  let completed = 0;
  const submit = (): void => {
    const priority = submitted.length % 10 === 0 ? 'critical' : 'low';
    const task = pool.submit('spin', [2], { priority });
    submitted.push({ priority, task });
    task.result.then(
      () => {
        completed += 1;
        if (completed < ENDED_MAX) for (let more = 0; more < 3; more += 1) submit();
      },
      () => undefined,
    );
  };
  for (let n = 0; n < 20; n += 1) submit();
  await pool.idle();
  return submitted;
}

for (const kind of REMOTE) {
  describe(`a pool of ${kind} workers under three times its load`, { timeout }, () => {
    test('refuses the least urgent, serves the others, and is well again afterwards', async () => {
      await withPool(kind, { size: 2, overload: 'adaptive' }, async (pool) => {
        await pool.ready();
        const events: PoolEvents['overload'][] = [];
        const ended = new Promise<void>((resolve) => {
          pool.on('overload', (event) => {
            events.push(event);
            if (!event.on && !pool.stats().overload.on) resolve();
          });
        });
        const submitted = await flood(pool);
        const { tasks, overload, queue } = pool.stats();
        assert.equal(queue.depth, 0);
        assert.equal(tasks.completed + tasks.rejected, submitted.length, 'every task has its outcome');
        const refused = submitted.filter(({ task }) => task.state === 'FAILED');
        assert.ok(refused.length > 50, `${refused.length} of ${submitted.length} were refused`);
        assert.equal(overload.refused.priority, refused.length);
        const refusedShare = (wanted: string): number =>
          refused.filter(({ priority }) => priority === wanted).length / submitted.filter(({ priority }) => priority === wanted).length;
        // None of the urgent are, unless the machine stands still for a while and all of the others are.
        assert.ok(refusedShare('critical') < refusedShare('low') / 2, `${refusedShare('critical')} of the urgent, ${refusedShare('low')} of the others`);
        for (const { task } of refused) {
          const error = task.getError();
          assert.ok(error instanceof OverloadError && error.code === 'ERR_OVERLOAD' && error.step === 'priority');
          assert.ok(error.retryAfter >= 1 && error.retryAfter <= 60_000);
          assert.match(error.message, /^spin: the pool is overloaded, \d+ % of the tasks are refused/);
        }
        assert.deepEqual([events[0]?.on, events[0]?.step], [true, 'sojourn']);
        await ended;
        assert.equal(pool.stats().overload.refusedShare, 0);
        assert.equal(await pool.run('echo', 1), 1);
      });
    });
  });
}
