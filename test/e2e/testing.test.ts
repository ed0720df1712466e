/** `millrace/testing` on the package as it ships: faults that really happen to threads and processes. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { PoolOptions, WorkerKind } from 'millrace';
import { createInlinePool, createTestPool, FaultPlan, ManualClock } from 'millrace/testing';
import { turn } from './gates.js';
import { ALL, errorOf, REMOTE, tasksUrl } from './kinds.js';
import type { Tasks } from './kinds.js';

const timeout = 180_000;

function rig(worker: WorkerKind, options: PoolOptions = {}): { pool: ReturnType<typeof createTestPool<Tasks>>; faults: FaultPlan } {
  const faults = new FaultPlan({ seed: 3 });
  return { faults, pool: createTestPool<Tasks>(tasksUrl, { worker, size: 1, ...options, faults }) };
}

for (const kind of ALL) {
  describe(`a test pool of ${kind} workers`, { timeout }, () => {
    test('without a fault is a pool: values, errors, streams, and a default export, if any, cross', async () => {
      const { pool } = rig(kind);
      assert.equal(await pool.run('add', 1, 2), 3);
      assert.equal((await errorOf(pool.run('decline', 5))).code, 'E_DECLINED');
      const values: number[] = [];
      for await (const value of await pool.run('count', 30)) values.push(value);
      assert.equal(values.length, 30);
      assert.match((await errorOf(pool.run('nothing' as 'add', 1, 2))).message, /exports no function/);
      assert.doesNotMatch((await errorOf(pool.run('nothing' as 'add', 1, 2))).message, /millrace:/);
      await pool.close();
    });

    test('crash, out of memory and hang cost the attempt they strike, and no other', async () => {
      const { pool, faults } = rig(kind, { retry: { attempts: 2, backoff: 0 }, timeout: 10_000, cancelGrace: 20 });
      for (const fault of ['crash', 'oom'] as const) {
        faults[fault]('add', { times: 1 });
        const task = pool.submit('add', [1, 2]);
        assert.equal(await task.result, 3);
        assert.equal(task.attempts, 2, fault);
      }
      faults.hang('add', { times: 1 });
      assert.equal((await errorOf(pool.submit('add', [1, 2], { timeout: 50, retry: 1 }).result)).code, 'ERR_TASK_TIMEOUT');
      assert.equal(await pool.run('add', 2, 2), 4);
      assert.deepEqual(
        faults.strikes.map((strike) => strike.kind),
        ['crash', 'oom', 'hang'],
      );
      await pool.close();
    });

    test('drop and duplicate: the function runs, and the test can count how often', async () => {
      const { pool, faults } = rig(kind, { cancelGrace: 20 });
      faults.duplicate('setState', { nth: 1 });
      faults.drop('setState', { nth: 2 });
      const pid = await pool.run('setState', 1);
      assert.ok(pid > 0);
      // The drop counts the attempt that was doubled as one.
      assert.equal((await errorOf(pool.submit('setState', [2], { timeout: 100 }).result)).code, 'ERR_TASK_TIMEOUT');
      if (kind === 'async') assert.equal(await pool.run('getState'), 2);
      await pool.terminate();
    });

    test('hold and slow keep the pool busy without a sleep in the test', async () => {
      const { pool, faults } = rig(kind);
      const { gate } = faults.hold('echo', { nth: 1 });
      const held = pool.submit('echo', ['held']);
      const next = pool.submit('echo', ['next']);
      await gate.arrived();
      await turn();
      assert.equal(held.state, 'EXECUTING');
      if (kind !== 'async') assert.equal(next.isComplete(), false, 'one worker, one task at a time');
      gate.open();
      assert.deepEqual(await Promise.all([held.result, next.result]), ['held', 'next']);
      const before = performance.now();
      faults.slow('echo', 30);
      await pool.run('echo', 1);
      assert.ok(performance.now() - before >= 29);
      await pool.close();
    });
  });
}

for (const kind of REMOTE) {
  describe(`what really happens to ${kind} workers`, { timeout }, () => {
    test('the exit of the worker is that of a crash, of too little memory, of being killed', async () => {
      const { pool, faults } = rig(kind, { cancelGrace: 20 });
      const exits: unknown[] = [];
      pool.on('workerExit', ({ exitCode, exitSignal, error }) => exits.push([exitCode, exitSignal, (error as { code?: string } | undefined)?.code]));
      for (const fault of ['crash', 'oom'] as const) {
        faults[fault]('add', { times: 1 });
        assert.equal((await errorOf(pool.run('add', 1, 2))).code, 'ERR_WORKER_CRASHED');
      }
      const expected = [
        [1, null, undefined],
        [1, null, 'ERR_WORKER_OUT_OF_MEMORY'],
      ];
      assert.deepEqual(
        exits,
        kind === 'thread'
          ? expected
          : [
              [null, 'SIGKILL', undefined],
              [null, 'SIGABRT', undefined],
            ],
      );
      await pool.close();
    });
  });
}

describe('an inline pool of the package', { timeout }, () => {
  test('runs the module under test in this thread, on a clock of the test', async () => {
    const tasks = await import('./fixtures/tasks.js');
    const clock = new ManualClock();
    const pool = createInlinePool(tasks, { clock, timeout: '1m' });
    assert.equal((await pool.run('whoAmI')).pid, process.pid);
    const timedOut = errorOf(pool.run('untilAborted'));
    await clock.advance(60_000);
    assert.equal((await timedOut).code, 'ERR_TASK_TIMEOUT');
    await pool.close();
  });
});
