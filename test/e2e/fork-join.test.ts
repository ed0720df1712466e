/** fork and join: a task that splits itself, on every kind of worker. */
import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { createPool } from 'millrace';
import type { Pool, PoolOptions, WorkerKind } from 'millrace';
import { fork } from 'millrace/worker';
import { journal, until } from './gates.js';
import { ALL, errorOf } from './kinds.js';

const timeout = 180_000;

type Tasks = typeof import('./fixtures/fork-tasks.js');

const tasks = new URL('./fixtures/fork-tasks.js', import.meta.url);

async function withForks(worker: WorkerKind, options: PoolOptions, body: (pool: Pool<Tasks>) => Promise<void>): Promise<void> {
  const pool = createPool<Tasks>(tasks, { worker, ...options });
  const keepAlive = setInterval(() => undefined, 60_000);
  try {
    await body(pool);
  } finally {
    await pool.terminate();
    clearInterval(keepAlive);
  }
}

for (const kind of ALL) {
  for (const size of [1, 2]) {
    describe(`a task that forks on ${size} ${kind} worker${size === 1 ? '' : 's'}, one task at a time`, { timeout }, () => {
      let pool: Pool<Tasks> | undefined;
      let keepAlive: NodeJS.Timeout | undefined;
      const run = (body: (pool: Pool<Tasks>) => Promise<void>) => () => {
        keepAlive ??= setInterval(() => undefined, 60_000);
        return body((pool ??= createPool<Tasks>(tasks, { worker: kind, size, concurrency: 1 })));
      };
      after(async () => {
        clearInterval(keepAlive);
        await pool?.terminate();
      });

      test(
        'gets the result of a tree',
        run(async (pool) => assert.equal(await pool.run('fib', 12), 144)),
      );

      test(
        'gets it however deep the tree is',
        run(async (pool) => assert.equal(await pool.run('depth', 300), 300)),
      );

      test(
        'gets the results of a list in its order',
        run(async (pool) => {
          assert.deepEqual(
            await pool.run('sums', 20),
            Array.from({ length: 20 }, (_, index) => 2 * index),
          );
          assert.deepEqual(await pool.run('both'), [3, 'a!']);
        }),
      );

      test(
        'gets the same result however often it joins',
        run(async (pool) => assert.deepEqual(await pool.run('twice'), [5, 5])),
      );

      test(
        'gets the error of a child as itself',
        run(async (pool) => {
          const error = await errorOf(pool.run('joinsRefused'));
          assert.deepEqual([error.constructor.name, error.message, error['code'], error['details']], ['Refusal', 'no', 'E_REFUSED', { tries: 3 }]);
          assert.ok(error.cause instanceof RangeError);
        }),
      );

      test(
        'is told at once of a function that it cannot fork',
        run(async (pool) => {
          for (const name of ['forksUnknown', 'forksStranger'] as const) assert.equal((await errorOf(pool.run(name)))['code'], 'ERR_UNKNOWN_FUNCTION');
          assert.match((await errorOf(pool.run('forksGenerator'))).message, /a generator/);
        }),
      );

      test(
        'has ended only when what it did not join has',
        run(async (pool) => {
          const memory = new SharedArrayBuffer(16);
          if (kind === 'process') return;
          assert.equal(await pool.run('forgets', memory), 'done');
          const [, , began, ended] = new Int32Array(memory);
          assert.deepEqual([began, ended], [1, 1]);
        }),
      );

      test(
        'is cancelled with its children',
        run(async (pool) => {
          const memory = new SharedArrayBuffer(16);
          if (kind === 'process') return;
          const words = new Int32Array(memory);
          const task = pool.submit('joinsForever', [memory]);
          await until(() => Atomics.load(words, 2) === 1);
          task.cancel();
          assert.equal((await errorOf(task.result))['code'], 'ERR_TASK_CANCELLED');
          await until(() => Atomics.load(words, 3) === 1);
          assert.equal(await pool.run('add', 1, 1), 2, 'the worker serves on');
        }),
      );

      test(
        'lends its context to its children',
        run(async (pool) => {
          const task = pool.submit('identity', [], { correlationId: 'c-1' });
          if (kind === 'process' && size > 1) {
            // There children go through the pool, as tasks of their own.
            const [child] = (await task.result) as [{ correlationId: string }];
            return assert.equal(child.correlationId, 'c-1');
          }
          const expected = { taskId: task.id, taskName: 'identity', attempt: 1, correlationId: 'c-1', later: task.id };
          assert.deepEqual(await task.result, [expected, expected]);
        }),
      );
    });
  }
}

describe('a child of a process', { timeout }, () => {
  const run = (body: (pool: Pool<Tasks>) => Promise<void>) => () =>
    withForks('process', { size: 2 }, async (pool) => {
      await until(() => pool.stats().workers.ready === 2);
      await body(pool);
    });

  test(
    'is run by an idle sibling',
    run(async (pool) => assert.equal(await pool.run('processes'), true)),
  );

  test(
    'gives its error to the joiner as itself',
    run(async (pool) => {
      const error = await errorOf(pool.run('refusedByOther'));
      assert.deepEqual([error.constructor.name, error.message, error['code'], error['details']], ['Refusal', 'no', 'E_REFUSED', { tries: 3 }]);
      assert.ok(error.cause instanceof RangeError);
    }),
  );

  test(
    'is cancelled with its task',
    run(async (pool) => {
      const file = journal();
      const task = pool.submit('waitsForOther', [file.path]);
      await until(() => file.lines().length > 0);
      task.cancel();
      assert.equal((await errorOf(task.result))['code'], 'ERR_TASK_CANCELLED');
      await until(() => file.lines().includes('stopped'));
      await pool.idle();
    }),
  );

  test(
    'that dies with its process is a crash to the joiner',
    run(async (pool) => assert.equal((await errorOf(pool.run('losesOther')))['code'], 'ERR_WORKER_CRASHED')),
  );

  test(
    'runs at home while tasks of the pool wait',
    run(async (pool) => {
      const sums = await Promise.all(Array.from({ length: 40 }, () => pool.run('fib', 8)));
      assert.deepEqual(new Set(sums), new Set([21]));
      assert.equal(pool.stats().queue.depth, 0);
    }),
  );
});

describe('on one worker', { timeout }, () => {
  for (const kind of ['async', 'thread'] as const)
    test(`children that wait for each other all begin, on ${kind}`, () =>
      withForks(kind, { size: 1, concurrency: 1 }, async (pool) => assert.equal(await pool.run('meets'), 3)));

  test('fork is refused outside a task', () => assert.throws(() => fork('add'), { code: 'ERR_CONTEXT' }));
});

describe('a child of a thread worker', { timeout }, () => {
  const run =
    (body: (pool: Pool<Tasks>) => Promise<void>, options: PoolOptions = {}) =>
    () =>
      withForks('thread', { size: 2, ...options }, async (pool) => {
        await until(() => pool.stats().workers.ready === 2);
        await body(pool);
      });

  for (const concurrency of [1, 4])
    test(
      `is run by an idle sibling, ${concurrency} at a time`,
      run(async (pool) => assert.equal(await pool.run('runsElsewhere'), true), { concurrency }),
    );

  test(
    'splits itself there',
    run(async (pool) => assert.equal(await pool.run('stolen', 'nestedAway'), 55)),
  );

  test(
    'takes arguments and results of any size along',
    run(async (pool) => {
      for (const value of [{ a: [1, 'two', new Map([[1, 2]])] }, 'x'.repeat(5_000), new Float64Array(40_000).fill(7)])
        assert.deepEqual(await pool.run('stolen', 'echoAway', value), [value]);
    }),
  );

  test(
    'shares shared memory',
    run(async (pool) => {
      const memory = new SharedArrayBuffer(8);
      const result = (await pool.run('stolen', 'sumAway', memory)) as { memory: SharedArrayBuffer };
      assert.equal(new Int32Array(memory)[0], 42);
      new Int32Array(memory)[1] = 43;
      assert.equal(new Int32Array(result.memory)[1], 43);
    }),
  );

  test(
    'gives its error to the joiner as itself',
    run(async (pool) => {
      const error = await errorOf(pool.run('stolen', 'refuseAway'));
      assert.deepEqual([error.constructor.name, error.message, error['code'], error['details']], ['Refusal', 'no', 'E_REFUSED', { tries: 3 }]);
      assert.ok(error.cause instanceof RangeError);
    }),
  );

  test(
    'says where in its result something cannot cross',
    run(async (pool) => {
      const error = await errorOf(pool.run('stolen', 'functionAway'));
      assert.deepEqual([error['code'], error['path']], ['ERR_VALUE_NOT_CLONEABLE', 'result.deep[0]']);
    }),
  );

  test(
    'stays at home with arguments that cannot cross',
    run(async (pool) => assert.equal(await pool.run('homebound'), true)),
  );

  test(
    'speaks in the name of its task',
    run(async (pool) => {
      const logs: string[] = [];
      pool.on('log', ({ taskId, message, fields }) => logs.push(`${taskId} ${message} ${JSON.stringify(fields)}`));
      const task = pool.submit('stolen', ['speakAway']);
      const first = await task.progress.next();
      assert.equal(first.value, 'from away');
      assert.equal(await task.result, true);
      assert.deepEqual(logs, [`${task.id} said away {"n":1}`]);
      const other = pool.submit('stolen', ['contextAway'], { correlationId: 'c-2' });
      assert.deepEqual(await other.result, { taskId: other.id, taskName: 'stolen', attempt: 1, correlationId: 'c-2', later: other.id });
    }),
  );

  test(
    'that dies with its worker is a crash to the joiner',
    run(async (pool) => {
      assert.equal((await errorOf(pool.run('stolen', 'dieAway')))['code'], 'ERR_WORKER_CRASHED');
      await until(() => pool.stats().workers.ready === 2);
      assert.equal(await pool.run('runsElsewhere'), true, 'the replacement takes children too');
    }),
  );

  for (const name of ['loopAway', 'listenAway'])
    test(
      `is cancelled with its task: ${name}`,
      run(async (pool) => {
        const words = new Int32Array(new SharedArrayBuffer(8));
        const task = pool.submit('stolen', [name, words.buffer]);
        await until(() => Atomics.load(words, 0) === 1);
        task.cancel();
        assert.equal((await errorOf(task.result))['code'], 'ERR_TASK_CANCELLED');
        await until(() => Atomics.load(words, 1) === 1);
        assert.equal(await pool.run('fib', 10), 55);
      }),
    );

  test(
    'does not cost its worker anything, though tasks that it is given meanwhile expire',
    run(async (pool) => {
      const words = new Int32Array(new SharedArrayBuffer(8));
      let exits = 0;
      const count = (): void => {
        exits += 1;
      };
      pool.on('workerExit', count);
      const task = pool.submit('stolen', ['busyAway', words.buffer]);
      await until(() => Atomics.load(words, 0) === 1);
      for (let round = 0; round < 10; round += 1)
        assert.equal((await errorOf(pool.submit('add', [1, 2], { deadline: 100 }).result))['code'], 'ERR_DEADLINE_EXCEEDED');
      Atomics.store(words, 1, 1);
      Atomics.notify(words, 1);
      assert.equal(await task.result, true);
      pool.off('workerExit', count);
      assert.equal(exits, 0);
    }),
  );

  test(
    'is told to stop when the worker of its task dies',
    run(async (pool) => {
      const words = new Int32Array(new SharedArrayBuffer(8));
      assert.equal((await errorOf(pool.run('diesMeanwhile', 'loopAway', words.buffer)))['code'], 'ERR_WORKER_CRASHED');
      await until(() => Atomics.load(words, 1) === 1);
    }),
  );

  test(
    'loses its worker when it does not listen to that',
    run(async (pool) => {
      const words = new Int32Array(new SharedArrayBuffer(8));
      let exits = 0;
      pool.on('workerExit', () => {
        exits += 1;
      });
      assert.equal((await errorOf(pool.run('diesMeanwhile', 'deafAway', words.buffer)))['code'], 'ERR_WORKER_CRASHED');
      await until(() => exits === 2);
      assert.equal(await pool.run('fib', 8), 21);
    }),
  );

  test(
    'is finished by a worker that shall leave',
    run(
      async (pool) => {
        const words = new Int32Array(new SharedArrayBuffer(8));
        const task = pool.submit('stolen', ['holdAway', words.buffer]);
        await until(() => Atomics.load(words, 0) === 1);
        const leaving = pool.removeWorker(1);
        await new Promise((resolve) => {
          setTimeout(resolve, 60);
        });
        Atomics.store(words, 1, 1);
        assert.equal(await task.result, true);
        await leaving;
        assert.equal(pool.stats().workers.ready, 1);
      },
      { stopTimeout: 20 },
    ),
  );

  test(
    'waits for no task of the pool, and none waits for it for ever',
    run(async (pool) => {
      const results = await Promise.all(Array.from({ length: 200 }, (_, index) => (index % 10 === 0 ? pool.run('fib', 10) : pool.run('add', index, 0))));
      results.forEach((result, index) => assert.equal(result, index % 10 === 0 ? 55 : index));
    }),
  );
});
