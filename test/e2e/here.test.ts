/** Plain calls on the event loop, whose functions are called within the submission where nothing stands before them. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createPool } from 'millrace';
import type { Pool, PoolOptions } from 'millrace';
import { own, storage } from './fixtures/here-tasks.js';
import { errorOf } from './kinds.js';

type Tasks = typeof import('./fixtures/here-tasks.js');
const url = new URL('./fixtures/here-tasks.js', import.meta.url);

async function withOwn(options: PoolOptions, body: (pool: Pool<Tasks>) => Promise<void>): Promise<void> {
  const pool = createPool<Tasks>(url, { worker: 'async', ...options });
  Object.assign(own, { pool, calls: [] });
  try {
    await pool.ready();
    await body(pool);
  } finally {
    await pool.terminate();
  }
}

/** Without stacks of submissions to record, calls are no tasks until somebody asks. */
for (const submitStack of [false, 'auto'] as const) {
  const withPool = (options: PoolOptions, body: (pool: Pool<Tasks>) => Promise<void>): Promise<void> => withOwn({ submitStack, ...options }, body);
  describe(`a plain call on the event loop, submitStack ${submitStack}`, { timeout: 30_000 }, () => {
    test('calls its function at once when a place is free', () =>
      withPool({}, async (pool) => {
        const [first, second] = [pool.run('note', 1), pool.run('noteLater', 2)];
        assert.deepEqual(own.calls, [1, 2]);
        assert.deepEqual(await Promise.all([first, second]), [1, 2]);
      }));

    test('waits for its turn behind what is queued, and for a place', () =>
      withPool({ concurrency: 1 }, async (pool) => {
        const all = [pool.run('noteLater', 1), pool.run('note', 2), pool.run('note', 3), pool.submit('note', [4], { priority: 'high' }).result];
        assert.deepEqual(own.calls, [1]);
        await Promise.all(all);
        assert.deepEqual(own.calls, [1, 4, 2, 3]);
      }));

    test('goes through the queue when it has a priority or other options', () =>
      withPool({}, async (pool) => {
        const all = [pool.run('urgent', 'a'), pool.submit('note', ['b'], { priority: 'low' }).result, pool.submit('note', ['c']).result];
        assert.deepEqual(own.calls, []);
        await Promise.all(all);
        assert.deepEqual(own.calls, ['a', 'c', 'b']);
      }));

    test('rejects, and never throws, for what its function throws', () =>
      withPool({}, async (pool) => {
        const promise = pool.run('refuse');
        assert.ok((await errorOf(promise)) instanceof RangeError);
        assert.equal((await errorOf(pool.run('none' as 'note', 1)))['code'], 'ERR_UNKNOWN_FUNCTION');
        assert.equal(pool.stats().tasks.failed, 1);
      }));

    test('counts like any other', () =>
      withPool({ queue: { max: 0 } }, async (pool) => {
        for (let i = 0; i < 50; i += 1) await pool.run(i % 2 === 0 ? 'note' : 'noteLater', i);
        await pool.idle();
        const { tasks, run, wait } = pool.stats();
        assert.deepEqual([tasks.submitted, tasks.completed, tasks.inFlight, run.count, wait.count], [50, 50, 0, 50, 50]);
      }));

    test('counts exactly, however fast calls follow one another', () =>
      withPool({}, async (pool) => {
        for (let i = 0; i < 3_000; i += 1) await pool.run('echoLater', i);
        const { tasks, run, wait } = pool.stats();
        assert.deepEqual([tasks.submitted, tasks.completed, run.count, wait.count, pool.workers[0]?.completed], [3_000, 3_000, 3_000, 3_000, 3_000]);
        assert.ok(run.mean < 1 && run.max >= run.mean, JSON.stringify(run));
      }));

    test('is told of to who begins to listen while it runs', () =>
      withPool({}, async (pool) => {
        const told: unknown[] = [];
        const open = pool.run('noteLater', 1);
        pool.on('completed', (event) => told.push(event.taskName));
        await open;
        await pool.run('note', 2);
        assert.deepEqual(told, ['noteLater', 'note']);
      }));

    test('ends where it began when its worker is replaced meanwhile', () =>
      withPool({}, async (pool) => {
        let end: (value: string) => void = () => undefined;
        const open = pool.run('noteLater', new Promise<string>((resolve) => (end = resolve)));
        const recycled = pool.recycleWorkers();
        end('ended');
        assert.equal(await open, 'ended');
        await recycled;
        assert.equal(await pool.run('note', 'next'), 'next');
        assert.deepEqual([pool.stats().tasks.completed, pool.stats().tasks.inFlight], [2, 0]);
      }));

    test('is not called in a pool that is paused, by the function before it too, or closing', () =>
      withPool({}, async (pool) => {
        await pool.run('pauseOwn');
        const waiting = pool.run('note', 1);
        assert.deepEqual(own.calls, []);
        pool.resume();
        assert.equal(await waiting, 1);
        const closed = pool.close();
        assert.equal((await errorOf(pool.run('note', 2)))['code'], 'ERR_POOL_CLOSED');
        await closed;
      }));

    test('sees the stores of its caller', () =>
      withPool({}, async (pool) => {
        assert.equal(await storage.run('caller', () => pool.run('store')), 'caller');
        assert.equal(await pool.run('store'), undefined);
      }));

    test('is cancelled with its pool', () =>
      withPool({ cancelGrace: 0 }, async (pool) => {
        const open = pool.run('noteLater', new Promise(() => undefined));
        await pool.terminate();
        assert.equal((await errorOf(open))['code'], 'ERR_TASK_CANCELLED');
      }));

    test('counts while it runs, and keeps the pool from being idle', () =>
      withPool({ concurrency: 2 }, async (pool) => {
        let end: (value: string) => void = () => undefined;
        const gate = new Promise<string>((resolve) => (end = resolve));
        const all = [pool.run('noteLater', gate), pool.run('noteLater', gate), pool.run('noteLater', 3)];
        const before = pool.stats();
        assert.deepEqual([before.tasks.inFlight, before.queue.depth, before.utilization, pool.workers[0]?.inFlight], [2, 1, 1, 2]);
        let isIdle = false;
        const idle = pool.idle().then(() => (isIdle = true));
        await undefined;
        assert.equal(isIdle, false);
        end('ended');
        assert.deepEqual(await Promise.all(all), ['ended', 'ended', 3]);
        await idle;
        const { tasks, run, wait } = pool.stats();
        assert.deepEqual([tasks.submitted, tasks.completed, tasks.inFlight, run.count, wait.count], [3, 3, 0, 3, 3]);
      }));

    test('has whatever its function returns as its result, now or later', () =>
      withPool({}, async (pool) => {
        for (const value of [undefined, null, 0, 'text', [1], { a: 1 }, new Map([[1, 2]])]) {
          assert.equal(await pool.run('note', value), value);
          assert.equal(await pool.run('noteLater', value), value);
        }
        // oxlint-disable-next-line unicorn/no-thenable -- being one is its purpose
        const thenable = { then: (resolve: (value: string) => void): void => resolve('of a thenable') };
        assert.equal(await pool.run('note', thenable), 'of a thenable');
        const trap = new Proxy(
          {},
          {
            get: () => {
              throw new RangeError('trapped');
            },
          },
        );
        assert.equal((await errorOf(pool.run('note', trap)))['message'], 'trapped');
        assert.ok((await errorOf(pool.run('refuseLater'))) instanceof RangeError);
        assert.equal(pool.stats().tasks.failed, 2);
      }));

    test('streams what a generator yields', () =>
      withPool({}, async (pool) => {
        for (const name of ['count', 'countLater'] as const) {
          const values: number[] = [];
          for await (const value of (await pool.run(name, 3)) as AsyncIterable<number>) values.push(value);
          assert.deepEqual(values, [0, 1, 2]);
        }
      }));

    test('ends within the limit of a pool that closes, and is told to stop after it', () =>
      withPool({ cancelGrace: 0 }, async (pool) => {
        let end: (value: string) => void = () => undefined;
        const [soon, never] = [pool.run('noteLater', new Promise<string>((resolve) => (end = resolve))), pool.run('noteLater', new Promise(() => undefined))];
        const closed = pool.close({ timeout: 50 });
        end('soon');
        assert.equal(await soon, 'soon');
        assert.equal((await errorOf(never))['code'], 'ERR_TASK_CANCELLED');
        assert.deepEqual(await closed, { returned: [], terminated: 1 });
      }));

    test('may end its own pool', () =>
      withPool({ cancelGrace: 0 }, async (pool) => {
        const open = pool.run('terminateOwn');
        assert.equal((await errorOf(open))['code'], 'ERR_TASK_CANCELLED');
        assert.equal(pool.stats().tasks.inFlight, 0);
      }));

    test('is run by the worker that it was given to when there are several', () =>
      withPool({ size: 2, concurrency: 1 }, async (pool) => {
        let end: (value: string) => void = () => undefined;
        const gate = new Promise<string>((resolve) => (end = resolve));
        const all = [pool.run('noteLater', gate), pool.run('noteLater', gate)];
        assert.deepEqual(
          pool.workers.map(({ inFlight }) => inFlight),
          [1, 1],
        );
        const removed = pool.removeWorker();
        end('ended');
        assert.deepEqual(await Promise.all(all), ['ended', 'ended']);
        await removed;
        assert.equal(await pool.run('note', 'next'), 'next');
      }));

    // A promise that is resolved with the result has asked it first.
    for (const [how, last] of [
      ['call', 1],
      ['callLater', 2],
    ] as const) {
      test(`ends with its pool when a getter of its result ends that (${how})`, () =>
        withPool({}, async (pool) => {
          let ended: Promise<unknown> | undefined;
          let asked = 0;
          const result = {
            // oxlint-disable-next-line unicorn/no-thenable -- whoever looks whether it is one calls it
            get then(): undefined {
              asked += 1;
              if (asked === last) ended = pool.terminate();
              return undefined;
            },
          };
          const outcome = pool.run(how, () => result);
          assert.equal((await errorOf(outcome))['code'], 'ERR_TASK_CANCELLED');
          await ended;
          const { completed, cancelled, inFlight } = pool.stats().tasks;
          assert.deepEqual([completed, cancelled, inFlight], [0, 1, 0]);
        }));
    }

    test('takes no longer than it took when it begins some time after the pool has last read the clock', () =>
      withPool({}, async (pool) => {
        pool.submit('note', ['never'], { delay: 60_000 });
        const until = performance.now() + 1;
        while (performance.now() < until);
        await pool.run('call', () => void pool.on('log', () => undefined));
        assert.ok(pool.stats().run.max < 30_000, `${pool.stats().run.max} ms`);
      }));
  });
}

/** Last, because tasks of this process are followed in another way once one has submitted another. */
for (const submitStack of [false, 'auto'] as const) {
  const withPool = (options: PoolOptions, body: (pool: Pool<Tasks>) => Promise<void>): Promise<void> => withOwn({ submitStack, ...options }, body);
  describe(`a plain call that submits others, submitStack ${submitStack}`, { timeout: 30_000 }, () => {
    test('is still known as the caller of its own pool after it has called another', () =>
      withPool({ concurrency: 1 }, async (pool) => {
        // Before any task of this process has called one of its own pool: from then on tasks are followed in another way.
        const other = createPool<Tasks>(url, { worker: 'async' });
        await other.ready();
        own.other = other;
        assert.equal(await pool.run('across'), 'done');
        await other.terminate();
      }));

    test('may call further tasks of its pool, however deep', () =>
      withPool({ concurrency: 1 }, async (pool) => {
        assert.equal(await pool.run('chain', 20_000), 20_000);
      }));
  });
}
