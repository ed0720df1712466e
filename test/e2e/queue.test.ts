/** The queue: its bounds, what it does when full, its order in time, and what it tells its producers. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Pool, PoolEvents, PoolOptions, Task } from 'millrace';
import { gateFile, turn, until, whileExecuting } from './gates.js';
import { ALL, errorOf, withPool } from './kinds.js';
import type { Tasks } from './kinds.js';

const timeout = 180_000;

/** Runs `body` while the pool's one slot is taken; the gate opens at the end or when `body` asks. */
async function whileBusy(
  kind: 'async' | 'thread' | 'process',
  options: PoolOptions,
  body: (pool: Pool<Tasks>, open: () => void) => Promise<void>,
): Promise<void> {
  await withPool(kind, { size: 1, concurrency: 1, ...options }, async (pool) => {
    const gate = gateFile();
    const running = pool.submit('untilFile', [gate.path]);
    await whileExecuting(running);
    try {
      await body(pool, gate.open);
    } finally {
      gate.open();
    }
    await pool.idle();
  });
}

const codes = (tasks: readonly Task[]): unknown[] =>
  tasks.map((task) => (task.isComplete() ? (task.getError() as { code?: string } | undefined)?.code : task.state));

for (const kind of ALL) {
  describe(`the queue of a pool of ${kind} workers`, { timeout }, () => {
    test('that is full rejects, and says when to come back', async () => {
      await whileBusy(kind, { queue: { max: 2 } }, async (pool) => {
        const rejected: PoolEvents['rejected'][] = [];
        pool.on('rejected', (event) => rejected.push(event));
        const tasks = [1, 2, 3].map((value) => pool.submit('echo', [value]));
        assert.deepEqual(codes(tasks), ['QUEUED', 'QUEUED', 'ERR_QUEUE_FULL'], 'at once, in the submission itself');
        const error = await errorOf((tasks[2] as Task).result);
        assert.equal(error.name, 'QueueFullError');
        assert.ok((error.retryAfter as number) >= 1 && Number.isFinite(error.retryAfter));
        assert.match(error.message, /2 of 2 tasks/);
        assert.deepEqual(
          rejected.map(({ taskId, evicted }) => [taskId, evicted]),
          [[tasks[2]?.id, false]],
        );
        assert.equal(pool.stats().tasks.rejected, 1);
      });
    });

    test('that is full keeps submitters waiting in order, and lets them in as room appears', async () => {
      await whileBusy(kind, { queue: { max: 1, whenFull: 'wait' } }, async (pool, open) => {
        const order: unknown[] = [];
        const runs = [1, 2, 3, 4].map((value) => pool.run('echo', value).then((result) => order.push(result)));
        assert.deepEqual([pool.stats().queue.depth, pool.stats().queue.waiting], [1, 3]);
        const expiring = pool.submit('setState', [99], { deadline: 10 });
        assert.equal((await errorOf(expiring.result)).code, 'ERR_DEADLINE_EXCEEDED');
        open();
        await Promise.all(runs);
        assert.deepEqual(order, [1, 2, 3, 4]);
      });
    });

    test('that is full sheds the newest of the least urgent for a more urgent one', async () => {
      await whileBusy(kind, { queue: { max: 3, whenFull: 'shed-lowest' } }, async (pool) => {
        const low = [1, 2].map((value) => pool.submit('echo', [value], { priority: 'low' }));
        const normal = pool.submit('echo', [3]);
        const refused = pool.submit('echo', [4], { priority: 'low' });
        assert.deepEqual(codes([...low, normal, refused]), ['QUEUED', 'QUEUED', 'QUEUED', 'ERR_QUEUE_FULL'], 'nothing is less urgent');
        const high = pool.submit('echo', [5], { priority: 'high' });
        assert.deepEqual(codes([...low, normal, high]), ['QUEUED', 'ERR_TASK_SHED', 'QUEUED', 'QUEUED']);
      });
    });

    test('that is full drops the oldest for a new one', async () => {
      await whileBusy(kind, { queue: { max: 2, whenFull: 'drop-oldest' } }, async (pool) => {
        const tasks = [1, 2, 3, 4].map((value) => pool.submit('echo', [value]));
        assert.deepEqual(codes(tasks), ['ERR_TASK_SHED', 'ERR_TASK_SHED', 'QUEUED', 'QUEUED']);
      });
    });

    test('that is full moves what it refuses to the dead letters', async () => {
      await whileBusy(kind, { queue: { max: 1, whenFull: 'dead-letter' } }, async (pool) => {
        const tasks = [1, 2].map((value) => pool.submit('echo', [value], { correlationId: `c${value}` }));
        assert.deepEqual(codes(tasks), ['QUEUED', 'ERR_QUEUE_FULL']);
        const delayed = pool.submit('echo', [3], { delay: 10 });
        assert.deepEqual(codes([delayed]), ['ERR_QUEUE_FULL'], 'a delayed task takes room too');
        assert.deepEqual(
          pool.deadLetters.list().map(({ args, reason, attempts, correlationId }) => [args[0], reason, attempts, correlationId]),
          [
            [2, 'queue-full', 0, 'c2'],
            [3, 'queue-full', 0, delayed.id],
          ],
        );
      });
    });

    test('that is full lets the caller run the task, with copies of its arguments', async () => {
      await whileBusy(kind, { queue: { max: 1, whenFull: 'caller-runs' } }, async (pool) => {
        const queued = pool.submit('echo', [1]);
        const argument = { list: [1] };
        const task = pool.submit('appendTo', [argument]);
        const result = await task.result;
        assert.deepEqual([result.pid, argument.list], [process.pid, [1]]);
        assert.equal(task.state, 'COMPLETED');
        assert.equal(queued.state, 'QUEUED', 'it did not wait for the worker');
        const { wait, run } = pool.stats();
        assert.deepEqual([wait.count, run.count], [2, 1], 'the task that keeps the worker busy, and this one');
        assert.equal((await errorOf(pool.run('echo', () => 1))).code, 'ERR_VALUE_NOT_CLONEABLE');
        assert.equal((await errorOf(pool.run('decline', 1))).amount, 1);
      });
    });

    test('a task that the caller runs can be cancelled before and while it runs, and leaves nothing behind', async () => {
      await whileBusy(kind, { queue: { max: 1, whenFull: 'caller-runs' } }, async (pool, open) => {
        const queued = pool.submit('echo', [1]);
        const before = pool.submit('untilAborted', []);
        before.cancel();
        assert.equal((await errorOf(before.result)).code, 'ERR_TASK_CANCELLED');
        const running = pool.submit('untilAborted', []);
        await whileExecuting(running);
        running.cancel();
        assert.equal((await errorOf(running.result)).code, 'ERR_TASK_CANCELLED');
        const expiring = pool.submit('untilAborted', [], { deadline: 10 });
        assert.equal((await errorOf(expiring.result)).code, 'ERR_DEADLINE_EXCEEDED');
        open();
        await queued.result;
        await pool.idle();
        await until(() => pool.stats().tasks.inFlight === 0);
      });
    });

    test('a task that the caller ran is tried again by the workers, and takes no slot from them for good', async () => {
      await whileBusy(kind, { queue: { max: 1, whenFull: 'caller-runs' }, retry: { attempts: 3, backoff: 0 } }, async (pool, open) => {
        const queued = pool.submit('echo', [1]);
        const task = pool.submit('failTimes', [1]);
        await until(() => task.attempts === 1);
        open();
        assert.equal(await task.result, 2);
        await queued.result;
        for (let i = 0; i < 5; i += 1) assert.equal(await pool.run('add', i, 1), i + 1);
      });
    });

    test('tasks that the caller runs end with the pool', async () => {
      for (const end of ['close', 'terminate'] as const) {
        await whileBusy(kind, { queue: { max: 1, whenFull: 'caller-runs' }, stopTimeout: 50 }, async (pool) => {
          const queued = pool.submit('echo', [1]);
          const running = pool.submit('untilAborted', []);
          await whileExecuting(running);
          const report = await (end === 'close' ? pool.close({ timeout: 0 }) : pool.terminate());
          assert.equal((await errorOf(running.result)).code, 'ERR_TASK_CANCELLED');
          assert.deepEqual(
            report.returned.map(({ id }) => id),
            [queued.id],
          );
          assert.equal(report.terminated, 2);
        });
      }
    });

    test('is bounded by bytes, and says so to a task that can never fit', async () => {
      await whileBusy(kind, { queue: { maxBytes: '10kb' } }, async (pool) => {
        const fits = [1, 2].map(() => pool.submit('echo', [new Uint8Array(4_000)]));
        assert.deepEqual(codes(fits), ['QUEUED', 'QUEUED']);
        assert.ok(pool.stats().queue.bytes >= 8_000);
        assert.deepEqual(codes([pool.submit('echo', [new Uint8Array(4_000)]), pool.submit('echo', [1])]), ['ERR_QUEUE_FULL', 'QUEUED']);
        const never = await errorOf(pool.run('echo', new Uint8Array(20_000)));
        assert.deepEqual([never.code, never.retryAfter], ['ERR_QUEUE_FULL', Infinity]);
        assert.match(never.message, /can never fit/);
        for (const task of fits) task.cancel();
        assert.ok(pool.stats().queue.bytes < 1_000);
      });
    });

    test('lets a full level overflow into the next lower one with room', async () => {
      const levels = { high: { headStart: 0, max: 1 }, normal: { headStart: '1s' as const, max: 1 }, idle: { headStart: '60s' as const, max: 1 } };
      await whileBusy(kind, { queue: { levels }, priority: 'normal' }, async (pool, open) => {
        const order: unknown[] = [];
        const submit = (value: number, priority: string): Task => {
          const task = pool.submit('echo', [value], { priority });
          task.result.then(
            (result) => order.push(result),
            () => undefined,
          );
          return task;
        };
        const tasks = [submit(1, 'high'), submit(2, 'high'), submit(3, 'high'), submit(4, 'high'), submit(5, 'idle')];
        assert.deepEqual(codes(tasks), ['QUEUED', 'QUEUED', 'QUEUED', 'ERR_QUEUE_FULL', 'ERR_QUEUE_FULL']);
        assert.deepEqual(pool.stats().queue.byLevel, { high: 1, normal: 1, idle: 1 });
        open();
        await pool.idle();
        assert.deepEqual(order, [1, 2, 3]);
      });
    });

    test('raises backpressure inside the submission that crosses the mark, and ends it below the lower one', async () => {
      await whileBusy(kind, { queue: { max: 10, highWaterMark: 0.8, lowWaterMark: 0.5 } }, async (pool, open) => {
        const events: string[] = [];
        pool.on('backpressure', ({ on, depth, retryAfterMs }) => {
          assert.ok(retryAfterMs >= 1);
          events.push(`${on ? 'on' : 'off'} at ${depth}`);
        });
        for (let i = 0; i < 7; i += 1) pool.submit('echo', [i]);
        assert.deepEqual([events, pool.backpressure], [[], false]);
        await pool.drained();
        pool.submit('echo', [7]);
        assert.deepEqual([events, pool.backpressure], [['on at 8'], true]);
        let drained = false;
        const waiting = pool.drained().then(() => (drained = true));
        await turn();
        assert.equal(drained, false);
        open();
        await waiting;
        assert.ok(pool.stats().queue.depth <= 5);
        await pool.idle();
        assert.deepEqual(events.length, 2);
        assert.match(events[1] as string, /^off at [0-5]$/);
      });
    });

    test('lets the more urgent go first, by their head start and no more', async () => {
      await whileBusy(kind, { queue: { levels: { high: 0, normal: 300, low: '1h' } } }, async (pool, open) => {
        const order: string[] = [];
        const submit = (name: string, priority: string): void =>
          void pool.submit('echo', [name], { priority }).result.then((value) => order.push(value as string));
        submit('low 1', 'low');
        submit('normal 1', 'normal');
        submit('high 1', 'high');
        const start = performance.now();
        await until(() => performance.now() - start > 320);
        submit('high 2', 'high');
        submit('low 2', 'low');
        open();
        await pool.idle();
        assert.deepEqual(
          order,
          ['high 1', 'normal 1', 'high 2', 'low 1', 'low 2'],
          'a high task does not overtake a normal one that is older than the head start',
        );
      });
    });

    test('lets a task with a near deadline go before tasks of its level', async () => {
      await whileBusy(kind, { queue: { levels: { high: 0, normal: '1h' } } }, async (pool, open) => {
        const order: unknown[] = [];
        for (const [value, deadline] of [
          ['first', undefined],
          ['hurried', '1m'],
        ] as const) {
          void pool.submit('echo', [value], deadline === undefined ? {} : { deadline }).result.then((result) => order.push(result));
        }
        open();
        await pool.idle();
        assert.deepEqual(order, ['hurried', 'first']);
      });
    });

    test('keeps its order when tasks that were sent ahead are taken back from a busy worker, again and again', async () => {
      await withPool(kind, { size: 1, concurrency: 1 }, async (pool) => {
        await Promise.all(Array.from({ length: 400 }, () => pool.run('echo', 0)));
        const order: number[] = [];
        const tasks = Array.from({ length: 200 }, (_, i) =>
          i % 25 === 0 ? pool.run('spin', 8).then(() => order.push(i)) : pool.run('echo', i).then(() => order.push(i)),
        );
        await Promise.all(tasks);
        assert.deepEqual(
          order,
          Array.from({ length: 200 }, (_, i) => i),
        );
      });
    });

    test('holds delayed tasks until they are due, and counts them', async () => {
      await withPool(kind, { size: 1 }, async (pool) => {
        await pool.ready();
        const start = performance.now();
        const order: unknown[] = [];
        const late = pool.submit('echo', ['late'], { delay: 60 });
        const soon = pool.submit('echo', ['soon'], { delay: 20 });
        for (const task of [late, soon]) void task.result.then((value) => order.push(value));
        assert.equal(pool.stats().queue.delayed, 2);
        await pool.idle();
        assert.deepEqual(order, ['soon', 'late']);
        assert.ok(performance.now() - start >= 59, `${performance.now() - start} ms`);
        assert.equal(pool.stats().queue.delayed, 0);
      });
    });

    test('with room for nothing gives tasks to free workers only', async () => {
      await withPool(kind, { size: 1, concurrency: 1, queue: { max: 0 } }, async (pool) => {
        await pool.ready();
        const gate = gateFile();
        const running = pool.submit('untilFile', [gate.path]);
        await whileExecuting(running);
        const error = await errorOf(pool.run('echo', 1));
        assert.equal(error.code, 'ERR_QUEUE_FULL');
        assert.match(error.message, /no worker is free, and queue\.max 0 lets no task wait\. Try again in \d+ ms/);
        assert.ok((error.retryAfter as number) >= 1 && (error.retryAfter as number) <= 60_000, String(error.retryAfter));
        gate.open();
        await running.result;
        assert.equal(await pool.run('echo', 2), 2);
      });
    });

    test('with room for nothing takes a task for each worker that is starting or may be started, and starts those', async () => {
      await withPool(kind, { size: { min: 0, max: 2 }, concurrency: 1, queue: { max: 0 } }, async (pool) => {
        const gate = gateFile();
        const running = [1, 2].map(() => pool.submit('untilFile', [gate.path]));
        assert.equal((await errorOf(pool.run('echo', 1))).code, 'ERR_QUEUE_FULL');
        await Promise.all(running.map((task) => whileExecuting(task)));
        assert.equal((await errorOf(pool.run('echo', 1))).code, 'ERR_QUEUE_FULL');
        gate.open();
        await Promise.all(running.map((task) => task.result));
        assert.equal(await pool.run('echo', 2), 2);
        assert.equal((await errorOf(pool.submit('echo', [1], { delay: 1 }).result)).code, 'ERR_QUEUE_FULL');
        pool.pause();
        assert.equal((await errorOf(pool.run('echo', 1))).code, 'ERR_QUEUE_FULL');
      });
    });

    test('with room for nothing lets callers that may wait wait for the first worker', async () => {
      await withPool(kind, { size: { min: 0, max: 1 }, concurrency: 1, queue: { max: 0, whenFull: 'wait' } }, async (pool) => {
        assert.deepEqual(await Promise.all([1, 2, 3].map((n) => pool.run('echo', n))), [1, 2, 3]);
      });
    });

    test('has callers run as many tasks as they must, also where workers are replaced after few', async () => {
      await withPool(kind, { size: 1, queue: { max: 1, whenFull: 'caller-runs' }, recycle: { afterTasks: 2 } }, async (pool) => {
        assert.deepEqual(await Promise.all([1, 2, 3, 4, 5, 6].map((n) => pool.run('later', 5, n))), [1, 2, 3, 4, 5, 6]);
      });
    });

    for (const whenFull of ['wait', 'caller-runs'] as const)
      test(`tells how long tasks ran, where it is full and callers ${whenFull === 'wait' ? 'wait' : 'run them'}`, async () => {
        await withPool(kind, { size: 1, concurrency: 4, queue: { max: 5, whenFull } }, async (pool) => {
          const begunAt = performance.now();
          const longest: number[] = [];
          pool.on('completed', ({ runMs }) => longest.push(runMs));
          await Promise.all(Array.from({ length: 200 }, () => pool.run('spin', 0.2)));
          const passedMs = performance.now() - begunAt;
          assert.equal(longest.length, 200);
          assert.ok(Math.max(...longest, pool.stats().run.max) <= passedMs, `${Math.max(...longest)} of ${passedMs} ms`);
        });
      });

    test('with room for nothing lets callers that may wait wait for a worker', async () => {
      await withPool(kind, { size: 2, concurrency: 1, queue: { max: 0, whenFull: 'wait' } }, async (pool) => {
        const results = await Promise.all(Array.from({ length: 20 }, (_, i) => pool.run('echo', i)));
        assert.deepEqual(
          results,
          Array.from({ length: 20 }, (_, i) => i),
        );
        const mapped = [];
        for await (const value of pool.map('echo', [1, 2, 3, 4, 5])) mapped.push(value);
        assert.deepEqual(mapped, [1, 2, 3, 4, 5]);
      });
    });
  });
}
