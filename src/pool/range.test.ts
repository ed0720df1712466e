import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from '../runtime/fixtures/fast-check.js';
import { PoisonedError } from '../errors.js';
import { Latch, Mutex, SharedArray } from '../shared/door.js';
import type { WorkerKind } from '../worker/worker.js';
import { createPool } from './create-pool.js';
import type { PoolOptions } from './options.js';
import type { Pool } from './pool.js';

type Tasks = typeof import('./fixtures/range-tasks.js');

const KINDS: readonly WorkerKind[] = ['thread', 'process', 'async'];
const tasks = new URL('./fixtures/range-tasks.js', import.meta.url);

async function withPool(worker: WorkerKind, options: PoolOptions, body: (pool: Pool<Tasks>) => Promise<void>): Promise<void> {
  const pool = createPool<Tasks>(tasks, { worker, ...options });
  try {
    await body(pool);
  } finally {
    await pool.terminate();
  }
}

async function errorOf(promise: Promise<unknown>): Promise<Error & Record<string, unknown>> {
  try {
    await promise;
  } catch (error) {
    return error as Error & Record<string, unknown>;
  }
  throw new Error('expected a rejection');
}

for (const kind of KINDS) {
  describe(`a range on ${kind} workers`, { timeout: 180_000 }, () => {
    const size = kind === 'async' ? 1 : 2;

    test('computes every chunk once and resolves to the results in order', async () => {
      await withPool(kind, { size }, async (pool) => {
        const values = Array.from({ length: 1_000 }, (_, index) => index);
        const expected = (1_000 * 999) / 2;
        for (const name of ['sum', 'sumLater'] as const) {
          const sums = await pool.range(name, 1_000, {}, values);
          assert.equal(
            sums.reduce((a, b) => a + b),
            expected,
          );
          assert.deepEqual(await pool.range(name, 5, { chunk: 2 }, values), [1, 5, 4]);
          assert.equal(await pool.range(name, 1_000, { chunk: 7, reduce: (a, b) => a + b }, values), expected);
        }
        assert.deepEqual(await pool.range('nothing', 3, { chunk: 1 }), [undefined, undefined, undefined]);
        // A share that finds nothing left to do may still be on its way.
        await pool.idle();
        assert.equal(pool.stats().tasks.inFlight, 0);
      });
    });

    test('is done at once when it is empty', async () => {
      await withPool(kind, { size }, async (pool) => {
        assert.deepEqual(await pool.range('sum', 0, {}, []), []);
        assert.equal(await pool.range('sum', 0, { reduce: (a, b) => a + b }, []), undefined);
      });
    });

    test("rejects with the function's own error and begins no further chunk", async () => {
      await withPool(kind, { size }, async (pool) => {
        const error = await errorOf(pool.range('failAt', 100_000, { chunk: 10 }, 15));
        assert.deepEqual([error.name, error.message, error['at']], ['RangeError', 'element 15', 15]);
        await pool.idle();
        assert.equal(pool.deadLetters.size, 0);
        assert.deepEqual(await pool.range('sum', 1, {}, [3]), [3]);
      });
    });

    test('is not retried, whatever the pool does with tasks', async () => {
      await withPool(kind, { size, retry: { attempts: 3, backoff: 1 } }, async (pool) => {
        const error = await errorOf(pool.range('failAt', 1, {}, 0));
        assert.equal(error.message, 'element 0');
        assert.equal(pool.stats().tasks.retried, 0);
      });
    });

    test('rejects bad arguments, naming them', async () => {
      await withPool(kind, { size }, async (pool) => {
        const range = pool.range.bind(pool) as unknown as (...args: unknown[]) => Promise<unknown>;
        const wrong: readonly (readonly [string, readonly unknown[]])[] = [
          ['length', ['sum', -1]],
          ['length', ['sum', 1.5]],
          ['chunk', ['sum', 1, { chunk: 0 }]],
          ['chunk', ['sum', 1, { chunk: 'large' }]],
          ['timeout', ['sum', 1, { timeout: 'soon' }]],
          ['signal', ['sum', 1, { signal: {} }]],
          ['reduce', ['sum', 1, { reduce: 1 }]],
          ['chunks', ['sum', 1, { chunks: 1 }]],
          ['name', ['', 1]],
        ];
        for (const [option, args] of wrong) {
          const error = await errorOf(range(...args));
          assert.equal(error['code'], 'ERR_OPTION', option);
          assert.match(error.message, new RegExp(option));
        }
        await pool.ready();
        assert.equal((await errorOf(range('gone', 4)))['code'], 'ERR_UNKNOWN_FUNCTION');
      });
    });

    test('ends with its signal and with its timeout, and functions that run are told to stop', async () => {
      await withPool(kind, { size, cancelGrace: 60_000 }, async (pool) => {
        await assert.rejects(pool.range('nothing', 4, { signal: AbortSignal.abort(new Error('too late')) }), { code: 'ERR_TASK_CANCELLED' });
        if (kind === 'async') return;
        const late = await errorOf(pool.range('untilCancelledAnywhere', 4, { timeout: 50 }));
        assert.deepEqual([late['code'], late['limitMs']], ['ERR_TASK_TIMEOUT', 50]);
        const controller = new AbortController();
        const aborted = errorOf(pool.range('untilCancelledAnywhere', 4, { signal: controller.signal }));
        setImmediate(() => controller.abort(new Error('changed my mind')));
        const error = await aborted;
        assert.deepEqual([error['code'], (error.cause as Error).message], ['ERR_TASK_CANCELLED', 'changed my mind']);
        // The workers are free again: had they not been told, this would wait for ever.
        assert.deepEqual(await pool.range('sum', 1, {}, [3]), [3]);
      });
    });

    test('fails as a whole when the pool is ended', async () => {
      if (kind === 'async') return;
      const pool = createPool<Tasks>(tasks, { worker: kind, size });
      const failed = errorOf(pool.range('untilCancelledAnywhere', 4));
      await pool.ready();
      const report = await pool.terminate();
      assert.equal((await failed)['code'], 'ERR_TASK_CANCELLED');
      assert.deepEqual(report.returned, [], 'a part of a range is nothing to submit elsewhere');
      assert.equal((await errorOf(pool.range('nothing', 4)))['code'], 'ERR_POOL_CLOSED');
    });

    test('fails when a worker dies in a chunk, and that chunk is not run again', async () => {
      if (kind === 'async') return;
      await withPool(kind, { size }, async (pool) => {
        const error = await errorOf(pool.range('dieAt', 100, { chunk: 10 }, 35));
        assert.deepEqual([error.name, error['exitCode']], ['WorkerCrashedError', 7]);
        assert.deepEqual(await pool.range('sum', 1, {}, [3]), [3]);
      });
    });

    test('waits for room in a bounded queue', async () => {
      await withPool(kind, { size, queue: { max: 2, whenFull: 'reject' } }, async (pool) => {
        assert.equal((await pool.range('nothing', 200, { chunk: 1 })).length, 200);
      });
    });
  });
}

describe('a range on threads', { timeout: 180_000 }, () => {
  test('visits every element of a shared array once, however it is cut', async () => {
    await withPool('thread', { size: 2 }, async (pool) => {
      const plan = fc.record({ length: fc.integer({ min: 0, max: 3_000 }), chunk: fc.oneof(fc.constant('auto' as const), fc.integer({ min: 1, max: 500 })) });
      await fc.assert(
        fc.asyncProperty(plan, async ({ length, chunk }) => {
          const counts = new SharedArray(Int32Array, length);
          const bounds = await pool.range('visit', length, { chunk }, counts);
          assert.ok(counts.every((count) => count === 1));
          let end = 0;
          for (const [from, to] of bounds) {
            assert.equal(from, end);
            end = to;
          }
          assert.equal(end, length);
        }),
        { numRuns: 60 },
      );
    });
  });

  test('takes no message per chunk', async () => {
    await withPool('thread', { size: 2 }, async (pool) => {
      const counts = new SharedArray(Int32Array, 5_000);
      await pool.range('visit', 5_000, { chunk: 1 }, counts);
      await pool.idle();
      assert.ok(pool.stats().tasks.submitted <= 2, `${pool.stats().tasks.submitted} tasks`);
    });
  });

  test('tells of the first error when the chunks that run have ended, and not before', async () => {
    await withPool('thread', { size: 2 }, async (pool) => {
      const [begun, open] = [new Latch(1), new Latch(1)];
      const ended = new SharedArray(Int32Array, 1);
      let rejected = false;
      const failed = errorOf(pool.range('failWhileOthersRun', 2, { chunk: 1 }, begun, open, ended)).then((error) => ((rejected = true), error));
      await begun.wait();
      // Time enough for a rejection that comes too early: the failing share has answered when this has.
      await pool.run('nothing');
      assert.equal(rejected, false);
      open.countDown();
      assert.equal((await failed).message, 'first chunk');
      assert.equal(ended[0], 1);
    });
  });

  test('does not wait for a worker that is busy with something else', async () => {
    await withPool('thread', { size: 2 }, async (pool) => {
      const [begun, open] = [new Latch(1), new Latch(1)];
      const held = pool.run('hold', begun, open);
      await begun.wait();
      const counts = new SharedArray(Int32Array, 100);
      await pool.range('visit', 100, { chunk: 1 }, counts);
      assert.ok(counts.every((count) => count === 1));
      assert.equal((await errorOf(pool.range('failAt', 100, { chunk: 1 }, 50))).message, 'element 50');
      open.countDown();
      assert.equal(await held, 'held');
    });
  });

  test('leaves a lock poisoned that a worker had when it died', async () => {
    await withPool('thread', { size: 1 }, async (pool) => {
      const mutex = new Mutex();
      await assert.rejects(pool.range('dieWithLock', 1, {}, mutex), { code: 'ERR_WORKER_CRASHED' });
      await assert.rejects(mutex.lock(), { code: 'ERR_POISONED' });
      const error = await errorOf(pool.run('dieWithLock', 1, 2, mutex));
      assert.ok(error instanceof PoisonedError, 'it crosses as itself');
    });
  });
});

describe('shared objects as arguments', { timeout: 180_000 }, () => {
  test('are refused by processes, by their path', async () => {
    await withPool('process', { size: 1 }, async (pool) => {
      const error = await errorOf(pool.run('hold', new Latch(1), new Latch(1)));
      assert.equal(error['code'], 'ERR_VALUE_NOT_CLONEABLE');
      assert.match(error.message, /args\[0\]\.memory is a SharedArrayBuffer, which only threads can share/);
      assert.match((await errorOf(pool.range('visit', 1, {}, new SharedArray(Int32Array, 1)))).message, /args\[2\] is an? Int32Array over a SharedArrayBuffer/);
    });
  });

  test('are the same object on the event loop', async () => {
    await withPool('async', {}, async (pool) => {
      const [begun, open] = [new Latch(1), new Latch(1)];
      const held = pool.run('hold', begun, open);
      await begun.wait();
      open.countDown();
      assert.equal(await held, 'held');
    });
  });
});
