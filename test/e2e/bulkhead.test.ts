/** Functions that may take a part of the pool only. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { freshPath, gateFile, until, whileExecuting } from './gates.js';
import { ALL, errorOf, REMOTE, withUnreliable } from './kinds.js';

const timeout = 180_000;

for (const worker of ALL) {
  describe(`a bulkhead of two in a pool of ${worker} workers`, { timeout }, () => {
    test('lets two in at a time, holds nobody else up, and lets the next in as one leaves', async () => {
      await withUnreliable({ worker, size: worker === 'async' ? 1 : 3, bulkheads: { untilFileIs: 2 } }, async (pool) => {
        const gates = Array.from({ length: 5 }, () => gateFile());
        const slow = gates.map(({ path }) => pool.submit('untilFileIs', [path]));
        const quick = Array.from({ length: 20 }, () => pool.run('name'));
        assert.equal((await Promise.all(quick)).length, 20);
        await whileExecuting(...slow.slice(0, 2));
        assert.deepEqual(
          slow.map(({ state }) => state),
          ['EXECUTING', 'EXECUTING', 'QUEUED', 'QUEUED', 'QUEUED'],
        );
        assert.deepEqual(pool.stats().bulkheads, { grouped: { inFlight: 0, max: 1 }, untilFileIs: { inFlight: 2, max: 2 } });
        assert.deepEqual([pool.stats().held, pool.stats().queue.depth], [3, 3]);
        gates[1]?.open();
        await slow[1]?.result;
        await whileExecuting(slow[2] as (typeof slow)[0]);
        assert.equal(slow[3]?.state, 'QUEUED');
        for (const gate of gates) gate.open();
        await Promise.all(slow.map((task) => task.result));
        assert.deepEqual([pool.stats().held, pool.stats().bulkheads['untilFileIs']?.inFlight], [0, 0]);
      });
    });

    test('is left by tasks that fail, are cancelled while they wait or run, or time out', async () => {
      await withUnreliable({ worker, size: worker === 'async' ? 1 : 3, bulkheads: { untilAborted: 1, fail: 1 } }, async (pool) => {
        await pool.ready();
        for (let round = 0; round < 3; round += 1) assert.equal((await errorOf(pool.run('fail'))).message, 'always fails');
        const tasks = Array.from({ length: 4 }, () => pool.submit('untilAborted', [], { timeout: '1m' }));
        await whileExecuting(tasks[0] as (typeof tasks)[0]);
        tasks[1]?.cancel();
        tasks[0]?.cancel();
        await whileExecuting(tasks[2] as (typeof tasks)[0]);
        tasks[3]?.cancel();
        const timed = pool.submit('untilAborted', [], { timeout: 30 });
        tasks[2]?.cancel();
        assert.equal((await errorOf(timed.result)).code, 'ERR_TASK_TIMEOUT');
        for (const task of tasks) assert.equal((await errorOf(task.result)).code, 'ERR_TASK_CANCELLED');
        await until(() => pool.stats().bulkheads['untilAborted']?.inFlight === 0);
        assert.equal(pool.stats().held, 0);
      });
    });
  });
}

for (const worker of REMOTE) {
  test(`a bulkhead is left by tasks whose ${worker} worker dies`, { timeout }, async () => {
    await withUnreliable({ worker, size: 2, bulkheads: { die: 1 }, breaker: false }, async (pool) => {
      const deaths = Array.from({ length: 3 }, () => errorOf(pool.run('die')));
      for (const error of await Promise.all(deaths)) assert.equal(error.code, 'ERR_WORKER_CRASHED');
      assert.deepEqual(pool.stats().bulkheads['die'], { inFlight: 0, max: 1 });
    });
  });
}

describe('a bulkhead', { timeout }, () => {
  test('that bounds what may wait refuses further tasks, with the time to try again', async () => {
    await withUnreliable({ worker: 'thread', size: 2, bulkheads: { untilFileIs: { max: 1, queue: 2 } } }, async (pool) => {
      const gate = gateFile();
      const taken = Array.from({ length: 3 }, () => pool.run('untilFileIs', gate.path));
      const refused = await errorOf(pool.run('untilFileIs', gate.path));
      assert.equal(refused.code, 'ERR_QUEUE_FULL');
      assert.match(refused.message, /^untilFileIs: its bulkhead untilFileIs is full \(1 in flight, 2 waiting\)\. Try again in \d+ ms, or raise its bounds$/);
      assert.ok((refused['retryAfter'] as number) >= 1);
      gate.open();
      await Promise.all(taken);
      assert.match(await pool.run('untilFileIs', gate.path), /^pool-/);
    });
  });

  test('may be shared by a group of functions, which say so themselves', async () => {
    await withUnreliable({ worker: 'thread', size: 3 }, async (pool) => {
      await pool.ready();
      const gate = gateFile();
      const first = pool.submit('groupedOne', [gate.path]);
      const second = pool.submit('groupedTwo', [gate.path]);
      await whileExecuting(first);
      assert.deepEqual(pool.stats().bulkheads, { grouped: { inFlight: 1, max: 1 } });
      assert.equal(second.state, 'QUEUED');
      gate.open();
      await Promise.all([first.result, second.result]);
    });
  });

  test('whose tasks are queued counts them toward the bounds of the queue, and gives them up with the rest', async () => {
    await withUnreliable({ worker: 'thread', size: 2, queue: { max: 3, whenFull: 'drop-oldest' }, bulkheads: { untilFileIs: 1 } }, async (pool) => {
      await pool.ready();
      const gate = gateFile();
      const tasks = Array.from({ length: 6 }, () => pool.submit('untilFileIs', [gate.path]));
      await whileExecuting(tasks[0] as (typeof tasks)[0]);
      assert.equal(pool.stats().queue.depth, 3);
      for (const shed of tasks.slice(1, 3)) assert.equal((await errorOf(shed.result)).code, 'ERR_TASK_SHED');
      gate.open();
      await Promise.all([tasks[0], ...tasks.slice(3)].map((task) => task?.result));
    });
  });

  test('returns what it holds when the pool is closed', async () => {
    await withUnreliable({ worker: 'thread', size: 2, bulkheads: { untilFileIs: 1 } }, async (pool) => {
      const path = freshPath('never');
      const tasks = Array.from({ length: 3 }, () => pool.submit('untilFileIs', [path]));
      await whileExecuting(tasks[0] as (typeof tasks)[0]);
      const { returned, terminated } = await pool.close({ timeout: 0 });
      assert.deepEqual([returned.length, terminated], [2, 1]);
      for (const task of tasks) assert.equal((await errorOf(task.result)).code, 'ERR_TASK_CANCELLED');
    });
  });
});
