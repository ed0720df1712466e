/** Generator task functions: values with credit, and every way a stream can end. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { journal, until } from './gates.js';
import { ALL, errorOf, REMOTE, withPool } from './kinds.js';

const timeout = 180_000;

for (const kind of ALL) {
  describe(`streams of ${kind} workers`, { timeout }, () => {
    test('yield the values of generators and async generators, and keep what they return', async () => {
      await withPool(kind, { size: 1 }, async (pool) => {
        for (const name of ['count', 'countLater'] as const) {
          const stream = await pool.run(name, 50);
          const values: number[] = [];
          for await (const value of stream) values.push(value);
          assert.deepEqual(
            values,
            Array.from({ length: 50 }, (_, index) => index),
            name,
          );
          assert.equal(await stream.returned, 'counted');
          assert.equal((await stream.next()).done, true);
        }
        const empty = await pool.run('count', 0);
        assert.deepEqual(await empty.next(), { done: true, value: undefined });
      });
    });

    test('hold the writer when the reader is slow', async () => {
      await withPool(kind, { size: 1, concurrency: 2, streamCredit: 4 }, async (pool) => {
        const log = journal();
        const stream = await pool.run('tracedCount', log.path, 100);
        for (let read = 0; read < 12; read += 1) {
          assert.equal((await stream.next()).value, read);
          // A second task answers after the values that were on their way.
          await pool.run('echo', read);
          await pool.run('echo', read);
          const produced = log.lines().length;
          assert.ok(produced <= read + 1 + 4, `${produced} produced after ${read + 1} were read`);
          assert.ok(produced > read, 'and yet the writer is ahead');
        }
        await stream.return();
        assert.equal(log.lines().at(-1), 'finally');
      });
    });

    test('run the finally block of a generator whose reader leaves, before the reader goes on', async () => {
      await withPool(kind, { size: 1 }, async (pool) => {
        const log = journal();
        const task = pool.submit('tracedCount', [log.path, 1_000]);
        for await (const value of await task.result) if (value === 3) break;
        assert.equal(log.lines().at(-1), 'finally');
        await pool.idle();
        assert.equal(task.state, 'COMPLETED');
        assert.equal(await pool.run('add', 1, 2), 3);
      });
    });

    test('throw the error of the generator after the values before it', async () => {
      await withPool(kind, { size: 1, retry: 3 }, async (pool) => {
        const task = pool.submit('countThenThrow', [5]);
        const stream = await task.result;
        await until(() => task.isComplete());
        const values: number[] = [];
        const error = await errorOf(
          (async () => {
            for await (const value of stream) values.push(value);
          })(),
        );
        assert.deepEqual(values, [0, 1, 2, 3, 4]);
        assert.deepEqual([error.name, error.message, error.amount], ['PaymentError', 'ran dry', 5]);
        assert.equal(await errorOf(stream.returned), error);
        assert.equal(task.attempts, 1, 'a stream that somebody reads is not begun again');
        assert.equal((await stream.next()).done, true);
      });
    });

    test('end when cancelled, timed out or past their deadline', async () => {
      await withPool(kind, { size: 1 }, async (pool) => {
        const cancelled = pool.submit('drip', []);
        const stream = await cancelled.result;
        await stream.next();
        cancelled.cancel('enough');
        assert.equal((await errorOf(drain(stream))).code, 'ERR_TASK_CANCELLED');
        assert.equal(cancelled.state, 'CANCELLED');
        for (const [options, code] of [
          [{ timeout: 50 }, 'ERR_TASK_TIMEOUT'],
          [{ deadline: 200 }, 'ERR_DEADLINE_EXCEEDED'],
        ] as const) {
          // On a machine that stands still for so long the limit is passed before the stream is there.
          let stream: AsyncIterable<unknown> | undefined;
          while (stream === undefined) {
            const [outcome] = await Promise.allSettled([pool.submit('drip', [], options).result]);
            if (outcome.status === 'fulfilled') stream = outcome.value;
            else assert.equal((outcome.reason as { code: string }).code, code);
          }
          assert.equal((await errorOf(drain(stream))).code, code);
        }
        await pool.idle();
        assert.equal(await pool.run('add', 1, 2), 3);
      });
    });

    test('that nobody reads cause no unhandled rejection and end with the pool', async () => {
      await withPool(kind, { size: 1, concurrency: 3 }, async (pool) => {
        const stream = await pool.run('drip');
        await pool.run('countThenThrow', 3);
        const report = await pool.close({ timeout: 0 });
        assert.equal(report.returned.length, 0);
        assert.equal((await errorOf(drain(stream))).code, 'ERR_TASK_CANCELLED');
      });
    });
  });
}

for (const kind of REMOTE) {
  describe(`streams of ${kind} workers, across a border`, { timeout: 180_000 }, () => {
    test('fail when their worker dies, after the values that came before', async () => {
      await withPool(kind, { size: 1, concurrency: 2 }, async (pool) => {
        const stream = await pool.run('drip');
        await stream.next();
        const crash = errorOf(pool.run('exit', 3));
        assert.equal((await errorOf(drain(stream))).code, 'ERR_WORKER_CRASHED');
        assert.equal((await crash).code, 'ERR_WORKER_CRASHED');
        assert.equal(await pool.run('add', 1, 2), 3);
      });
    });

    test('a value that cannot cross ends the stream with an error that names it', async () => {
      await withPool(kind, { size: 1 }, async (pool) => {
        const error = await errorOf(pool.run('yieldFunction').then(drain));
        assert.equal(error.code, 'ERR_VALUE_NOT_CLONEABLE');
        assert.equal(await pool.run('add', 1, 2), 3);
      });
    });

    test('of big values keep memory flat on both sides', async () => {
      setFlagsFromString('--expose-gc');
      const gc = runInNewContext('gc') as () => void;
      await withPool(kind, { size: 1, streamCredit: 4 }, async (pool) => {
        const stream = await pool.run('blocks', 1_000_000);
        const held: number[] = [];
        for (let read = 0; read < 200; read += 1) {
          const { value } = await stream.next();
          assert.equal((value as Uint8Array).length, 1_000_000);
          if (read % 50 === 49) {
            gc();
            held.push(process.memoryUsage().arrayBuffers);
          }
        }
        await stream.return();
        for (const bytes of held) assert.ok(bytes - (held[0] as number) < 50_000_000, `${held.join(', ')} bytes of buffers`);
      });
    });
  });
}

async function drain(stream: AsyncIterable<unknown>): Promise<void> {
  for await (const value of stream) void value;
}
