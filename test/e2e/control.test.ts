/** What a pool tells of itself and how it is held: events, figures, pause and resume, views with other options. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { PoolEvents } from 'millrace';
import { gateFile, turn, until, whileExecuting } from './gates.js';
import { ALL, errorOf, withPool } from './kinds.js';

const timeout = 180_000;

for (const kind of ALL) {
  describe(`a pool of ${kind} workers`, { timeout }, () => {
    test('tells the life of its tasks and workers by events, in order', async () => {
      const seen: string[] = [];
      await withPool(kind, { name: 'told', size: 1, concurrency: 1, deadLetters: 5 }, async (pool) => {
        pool.on('workerStarting', ({ workerId }) => seen.push(`starting ${workerId}`));
        pool.on('workerReady', ({ workerId, kind: of, bootMs, pid }) => {
          assert.ok(bootMs > 0 && pid > 0);
          seen.push(`ready ${workerId} ${of}`);
        });
        pool.on('workerExit', ({ workerId, reason, error, lostTasks }) => seen.push(`exit ${workerId} ${reason} ${error?.message ?? '-'} ${lostTasks}`));
        pool.on('submitted', ({ taskName, state, attempt }) => seen.push(`submitted ${taskName} ${state} ${attempt}`));
        pool.on('dispatched', ({ taskName, workerId, attempt }) => seen.push(`dispatched ${taskName} ${workerId} ${attempt}`));
        pool.on('completed', ({ taskName, state, waitMs, runMs, workerId }) => {
          assert.ok(waitMs >= 0 && runMs >= 0);
          seen.push(`completed ${taskName} ${state} ${workerId}`);
        });
        pool.on('retrying', ({ taskName, attempt, delayMs }) => seen.push(`retrying ${taskName} ${attempt} ${delayMs}`));
        pool.on('failed', ({ taskName, state, error }) => seen.push(`failed ${taskName} ${state} ${(error as Error).message}`));
        pool.on('deadLetter', ({ letter }) => seen.push(`deadLetter ${letter.name}`));
        pool.on('cancelled', ({ taskName, state }) => seen.push(`cancelled ${taskName} ${state}`));
        pool.on('log', ({ level, message, fields, taskName, workerId }) =>
          seen.push(`log ${level} ${message} ${JSON.stringify(fields)} ${taskName} ${workerId}`),
        );
        pool.on('idle', ({ completed }) => seen.push(`idle ${completed}`));
        pool.on('paused', ({ depth }) => seen.push(`paused ${depth}`));
        pool.on('resumed', ({ depth }) => seen.push(`resumed ${depth}`));
        pool.on('closing', ({ depth, inFlight }) => seen.push(`closing ${depth} ${inFlight}`));
        pool.on('closed', () => seen.push('closed'));
        await pool.ready();
        await pool.run('report', 1);
        await errorOf(pool.submit('failTimes', [5], { retry: { attempts: 2, backoff: 0 } }).result);
        pool.pause();
        pool.submit('echo', [1]).cancel();
        pool.resume();
        await pool.close();
      });
      assert.deepEqual(seen, [
        'starting told-1',
        `ready told-1 ${kind}`,
        'submitted report QUEUED 0',
        'dispatched report told-1 1',
        'log info reported {"steps":1} report told-1',
        'completed report COMPLETED told-1',
        'idle 1',
        'submitted failTimes QUEUED 0',
        'dispatched failTimes told-1 1',
        'retrying failTimes 1 0',
        'dispatched failTimes told-1 2',
        'deadLetter failTimes',
        'failed failTimes FAILED attempt 2 fails',
        'idle 1',
        'paused 0',
        'submitted echo QUEUED 0',
        'cancelled echo CANCELLED',
        'idle 1',
        'resumed 0',
        'closing 0 0',
        'exit told-1 stopped - 0',
        'closed',
      ]);
    });

    test('lets a listener cancel the task it is told of, and any other', async () => {
      for (const event of ['submitted', 'dispatched', 'retrying', 'deadLetter', 'failed', 'completed'] as const) {
        await withPool(kind, { size: 1, concurrency: 2, retry: { attempts: 2, backoff: 1 } }, async (pool) => {
          await pool.ready();
          const controller = new AbortController();
          pool.on(event, () => controller.abort());
          const given = { signal: controller.signal };
          const tasks = [
            pool.submit('echo', [1], given),
            pool.submit('decline', [1], given),
            pool.submit('later', [20], given),
            pool.submit('echo', [2], given),
          ];
          const outcomes = await Promise.allSettled(tasks.map((task) => task.result));
          assert.ok(controller.signal.aborted, event);
          assert.ok(outcomes.some(({ status }) => status === 'rejected'));
          await pool.idle();
          assert.equal(await pool.run('echo', 3), 3);
          const { submitted, completed, failed, cancelled } = pool.stats().tasks;
          assert.deepEqual([submitted, completed + failed + cancelled], [5, 5], event);
          // A function that goes on after it was cancelled is waited for.
          await until(() => pool.stats().tasks.inFlight === 0);
        });
      }
    });

    test('lets a listener close the pool, or end it', async () => {
      for (const event of ['submitted', 'dispatched', 'retrying', 'deadLetter', 'failed', 'completed'] as const) {
        for (const end of ['close', 'terminate'] as const) {
          await withPool(kind, { size: 1, concurrency: 2, retry: { attempts: 2, backoff: 1 } }, async (pool) => {
            await pool.ready();
            const closed = new Promise((resolve) => {
              pool.once(event, () => resolve(pool[end]()));
            });
            const tasks = [pool.submit('echo', [1]), pool.submit('decline', [1]), pool.submit('later', [20]), pool.submit('echo', [2])];
            await Promise.allSettled(tasks.map((task) => task.result));
            await closed;
            assert.ok(
              tasks.every((task) => task.isComplete()),
              `${event} ${end}`,
            );
          });
        }
      }
    });

    test('calls a listener once, or no more, as asked', async () => {
      await withPool(kind, { size: 1 }, async (pool) => {
        const calls: string[] = [];
        const gone = (): void => void calls.push('gone');
        pool
          .on('completed', gone)
          .once('completed', () => calls.push('once'))
          .on('completed', () => calls.push('always'));
        pool.once('completed', gone).off('completed', gone).off('completed', gone);
        await pool.run('add', 1, 1);
        await pool.run('add', 1, 1);
        assert.deepEqual(calls, ['once', 'always', 'always']);
      });
    });

    test('has figures that add up', async () => {
      await withPool(kind, { size: 1, concurrency: 1, queue: { max: 3 } }, async (pool) => {
        const gate = gateFile();
        const running = pool.submit('untilFile', [gate.path]);
        await whileExecuting(running);
        const queued = [pool.submit('echo', [1]), pool.submit('echo', [2], { priority: 'high' }), pool.submit('echo', [3], { delay: '1h' })];
        const refused = await errorOf(pool.run('echo', 4));
        assert.equal(refused.code, 'ERR_QUEUE_FULL');
        const during = pool.stats();
        assert.deepEqual(
          [during.queue.depth, during.queue.delayed, during.queue.waiting, during.queue.byLevel['high'], during.queue.byLevel['normal']],
          [2, 1, 0, 1, 1],
        );
        assert.deepEqual(
          [during.workers.total, during.workers.ready, during.workers.busy, during.workers.idle, during.workers.min, during.workers.max],
          [1, 1, 1, 0, 1, 1],
        );
        assert.deepEqual([during.tasks.inFlight, during.utilization, during.degraded, during.paused], [1, 1, false, false]);
        assert.equal(pool.workers[0]?.inFlight, 1);
        queued[2]?.cancel();
        gate.open();
        await errorOf(pool.run('decline', 1).finally(() => undefined));
        await pool.idle();
        const { tasks, run, wait, utilization, queue } = pool.stats();
        assert.deepEqual([tasks.submitted, tasks.completed, tasks.failed, tasks.cancelled, tasks.rejected, tasks.inFlight], [6, 3, 1, 1, 1, 0]);
        assert.deepEqual([queue.depth, queue.oldestMs, utilization], [0, 0, 0]);
        assert.equal(run.count, 3);
        assert.ok(run.p50 <= run.p99 && run.p99 <= run.max * 1.1 && wait.count >= 4);
        const [worker] = pool.workers;
        assert.deepEqual([worker?.id, worker?.kind, worker?.state, worker?.inFlight, worker?.completed], ['pool-1', kind, 'ready', 0, 4]);
        assert.ok((worker?.ageMs ?? 0) > 0);
        assert.match(pool.explain(), /^1 workers \(min 1, max 1, wanted 1\)/);
      });
    });

    test('hands out nothing while paused, and goes on where it was', async () => {
      await withPool(kind, { size: 1 }, async (pool) => {
        await pool.ready();
        pool.pause();
        pool.pause();
        const task = pool.submit('echo', [1]);
        for (let i = 0; i < 5; i += 1) await turn();
        assert.deepEqual([task.state, pool.stats().paused], ['QUEUED', true]);
        pool.resume();
        assert.equal(await task.result, 1);
        assert.equal(pool.stats().paused, false);
      });
    });

    test('is idle when nothing is queued, delayed or running', async () => {
      await withPool(kind, { size: 1 }, async (pool) => {
        await pool.idle();
        let idle = false;
        const delayed = pool.submit('echo', [1], { delay: '1h' });
        const waiting = pool.idle().then(() => (idle = true));
        await pool.run('echo', 2);
        await turn();
        assert.equal(idle, false);
        const due = pool.submit('echo', [3], { delay: 30 });
        delayed.cancel();
        await waiting;
        assert.equal(due.state, 'COMPLETED');
      });
    });

    test('gives views with other options, which add up and leave the pool as it is', async () => {
      await withPool(kind, { size: 1, concurrency: 1 }, async (pool) => {
        const view = pool.with({ timeout: '1h', correlationId: 'view' });
        const hurried = view.with({ timeout: 20 });
        assert.equal((await errorOf(hurried.run('untilAborted'))).limitMs, 20);
        assert.equal((await view.run('whoAmI')).correlationId, 'view');
        assert.equal(view.submit('echo', [1], { correlationId: 'own' }).correlationId, 'own');
        assert.equal((await errorOf(hurried.with({ correlationId: 'inner' }).submit('untilAborted', []).result)).limitMs, 20);
        const values = [];
        for await (const value of view.map('echo', [1, 2])) values.push(value);
        assert.deepEqual(values, [1, 2]);
        assert.equal(await pool.run('later', 40, 'no limit here'), 'no limit here');
        const order: unknown[] = [];
        const gate = gateFile();
        const running = pool.submit('untilFile', [gate.path]);
        await whileExecuting(running);
        const plain = pool.run('echo', 'plain').then((value) => order.push(value));
        const high = pool
          .with({ priority: 'high' })
          .run('echo', 'high')
          .then((value) => order.push(value));
        gate.open();
        await Promise.all([plain, high]);
        assert.deepEqual(order, ['high', 'plain']);
      });
    });

    test('is ready when its first worker is, and says whether producers should slow down', async () => {
      await withPool(kind, { size: 1, concurrency: 1, queue: { max: 4 } }, async (pool) => {
        const events: PoolEvents['backpressure'][] = [];
        pool.on('backpressure', (event) => events.push(event));
        await pool.ready();
        assert.equal(pool.workers[0]?.state, 'ready');
        await pool.drained();
        const tasks = Array.from({ length: 4 }, () => pool.submit('later', [1]));
        assert.equal(pool.backpressure, true);
        await pool.drained();
        assert.equal(pool.backpressure, false);
        await Promise.all(tasks.map((task) => task.result));
        await until(() => events.length >= 2);
        assert.deepEqual(
          events.map(({ on }) => on),
          [true, false],
        );
      });
    });
  });
}
