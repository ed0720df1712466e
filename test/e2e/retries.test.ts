/** Attempts after the first, what bounds them, and what is kept of tasks that failed for good. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { PoolEvents } from 'millrace';
import { gateFile, until } from './gates.js';
import { ALL, errorOf, withPool } from './kinds.js';

const timeout = 180_000;

for (const kind of ALL) {
  describe(`retries on ${kind} workers`, { timeout }, () => {
    test('wait a fixed time when a number is given', async () => {
      await withPool(kind, { size: 1 }, async (pool) => {
        const retrying: PoolEvents['retrying'][] = [];
        pool.on('retrying', (event) => retrying.push(event));
        const start = performance.now();
        assert.equal(await pool.submit('failTimes', [2], { retry: { attempts: 3, backoff: 30 } }).result, 3);
        assert.ok(performance.now() - start >= 58);
        assert.deepEqual(
          retrying.map(({ attempt, delayMs }) => [attempt, delayMs]),
          [
            [1, 30],
            [2, 30],
          ],
        );
        assert.match(String(retrying[0]?.error), /attempt 1 fails/);
        assert.equal(pool.stats().tasks.retried, 2);
      });
    });

    test('wait within the bounds of a computed backoff, with jitter', async () => {
      for (const backoff of ['exponential', 'decorrelated'] as const) {
        await withPool(kind, { size: 1, concurrency: 8 }, async (pool) => {
          const delays: number[] = [];
          pool.on('retrying', ({ delayMs }) => delays.push(delayMs));
          const tasks = Array.from({ length: 8 }, () => pool.submit('failTimes', [3], { retry: { attempts: 4, backoff, minDelay: 2, maxDelay: 12 } }));
          await Promise.all(tasks.map((task) => task.result));
          assert.equal(delays.length, 24);
          assert.ok(
            delays.every((delay) => delay >= 0 && delay <= 12),
            delays.join(' '),
          );
          assert.ok(new Set(delays).size > 6, 'not all the same');
        });
      }
    });

    test('ask a function how long, and another whether', async () => {
      await withPool(kind, { size: 1 }, async (pool) => {
        const asked: unknown[] = [];
        const backoff = (attempt: number, error: unknown): number => (asked.push([attempt, (error as Error).message]), 0);
        await pool.submit('failTimes', [1], { retry: { attempts: 3, backoff } }).result;
        assert.deepEqual(asked, [[1, 'attempt 1 fails']]);
        const refused = pool.submit('failTimes', [5], { retry: { attempts: 9, backoff: 0, retryIf: (_error, attempt) => attempt < 3 } });
        assert.equal((await errorOf(refused.result)).message, 'attempt 3 fails');
        assert.equal(refused.attempts, 3);
      });
    });

    test('survive functions that throw or answer nonsense: the task keeps its own error', async () => {
      await withPool(kind, { size: 1 }, async (pool) => {
        const boom = (): never => {
          throw new Error('the policy is broken');
        };
        for (const retry of [{ backoff: boom }, { backoff: () => Number.NaN }, { retryIf: boom }]) {
          const task = pool.submit('failTimes', [1], { retry: { attempts: 3, ...retry } });
          assert.equal((await errorOf(task.result)).message, 'attempt 1 fails');
        }
        assert.equal(await pool.run('add', 1, 2), 3);
      });
    });

    test('may be called off by the functions that are asked, with the task or the whole pool', async () => {
      for (const asked of ['retryIf', 'backoff'] as const) {
        for (const how of ['cancel', 'close', 'terminate'] as const) {
          await withPool(kind, { size: 1, concurrency: 1 }, async (pool) => {
            let ended: Promise<unknown> | undefined;
            const retry = {
              attempts: 3,
              [asked]: () => {
                if (how === 'cancel') task.cancel('enough');
                else ended = pool[how]();
                return asked === 'retryIf' ? true : 1;
              },
            };
            const task = pool.submit('decline', [1], { retry });
            await errorOf(task.result);
            assert.equal(task.attempts, how === 'close' ? 3 : 1);
            await pool.idle();
            if (how === 'cancel') assert.equal(await pool.run('echo', 1), 1);
            await ended;
          });
        }
      }
    });

    test('are not made for errors that no attempt can mend', async () => {
      await withPool(kind, { size: 1, retry: { attempts: 5, backoff: 0 } }, async (pool) => {
        const marked = pool.submit('throwValue', [{ retryable: false, why: 'bad card' }]);
        assert.equal((await errorOf(marked.result)).why, 'bad card');
        assert.equal(marked.attempts, 1);
        if (kind !== 'async') {
          const unfit = pool.submit('uncloneable', []);
          assert.equal((await errorOf(unfit.result)).code, 'ERR_VALUE_NOT_CLONEABLE');
          assert.equal(unfit.attempts, 1);
        }
        const timedOut = pool.submit('untilAborted', [], { timeout: 10, retry: { attempts: 2, backoff: 0 } });
        assert.equal((await errorOf(timedOut.result)).code, 'ERR_TASK_TIMEOUT');
        assert.equal(timedOut.attempts, 2, 'a timeout may pass');
      });
    });

    test('end with a cancellation while the task waits for the next', async () => {
      await withPool(kind, { size: 1 }, async (pool) => {
        const task = pool.submit('failTimes', [1], { retry: { attempts: 2, backoff: 3_600_000 } });
        await until(() => task.state === 'DELAYED');
        task.cancel();
        const error = await errorOf(task.result);
        assert.deepEqual([error.code, error.started], ['ERR_TASK_CANCELLED', true]);
        assert.equal(pool.stats().queue.delayed, 0);
      });
    });

    test('do not go past the deadline', async () => {
      await withPool(kind, { size: 1, deadLetters: 5 }, async (pool) => {
        const task = pool.submit('failTimes', [1], { deadline: '2s', retry: { attempts: 2, backoff: 3_600_000 } });
        assert.equal((await errorOf(task.result)).message, 'attempt 1 fails', 'at once, with the error of the attempt');
        assert.deepEqual(
          pool.deadLetters.list().map(({ reason }) => reason),
          ['expired'],
        );
      });
    });

    test('are kept within a budget, so that a failing dependency is not hit five times as hard', async () => {
      await withPool(kind, { size: 1, concurrency: 16, queue: { max: Infinity }, deadLetters: 10_000 }, async (pool) => {
        const tasks = Array.from({ length: 300 }, () => pool.submit('failTimes', [9], { retry: { attempts: 5, backoff: 0 } }));
        await Promise.allSettled(tasks.map((task) => task.result));
        const { retried } = pool.stats().tasks;
        assert.ok(retried >= 60 && retried <= 100 + 0.2 * 300 + 1, `${retried} retries of 300 tasks`);
        const reasons = new Set(pool.deadLetters.list().map(({ reason }) => reason));
        assert.ok(reasons.has('retry-budget'), [...reasons].join(' '));
      });
    });

    test('leave a letter, which can be read, replayed and purged', async () => {
      await withPool(kind, { size: 1, deadLetters: 3, retry: { attempts: 2, backoff: 0 } }, async (pool) => {
        const letters: string[] = [];
        pool.on('deadLetter', ({ letter }) => letters.push(letter.id));
        const task = pool.submit('failTimes', [3], { correlationId: 'c-1', priority: 'low' });
        const error = await errorOf(task.result);
        const [letter] = pool.deadLetters.list();
        assert.ok(letter !== undefined);
        assert.deepEqual(
          [letter.id, letter.name, letter.args, letter.error, letter.reason, letter.attempts, letter.priority, letter.correlationId],
          [task.id, 'failTimes', [3], error, 'attempts-exhausted', 2, 'low', 'c-1'],
        );
        assert.ok(letter.diedAt >= letter.submittedAt && Math.abs(Date.now() - letter.diedAt) < 60_000);
        assert.deepEqual(letters, [task.id]);

        await errorOf(pool.run('decline', 1));
        assert.deepEqual(
          pool.deadLetters.list({ name: 'decline' }).map(({ reason }) => reason),
          ['attempts-exhausted'],
        );
        const replayed = pool.deadLetters.replay([task.id]);
        assert.equal(pool.deadLetters.size, 1);
        assert.equal(replayed[0]?.correlationId, 'c-1');
        await errorOf((replayed[0] as { result: Promise<unknown> }).result);
        assert.equal(pool.deadLetters.size, 2, 'it failed again');
        assert.equal(
          pool.deadLetters.purge((each) => each.name === 'decline'),
          1,
        );

        await Promise.allSettled(Array.from({ length: 5 }, () => pool.run('decline', 1)));
        assert.deepEqual([pool.deadLetters.size, pool.deadLetters.dropped], [3, 3], 'bounded: the oldest go');
        assert.equal(pool.deadLetters.purge(), 3);
        assert.throws(() => pool.deadLetters.list({ nam: 'x' } as never), { code: 'ERR_OPTION' });
      });
    });

    test('leave no letters where none are wanted', async () => {
      await withPool(kind, { size: 1, deadLetters: false, retry: 2 }, async (pool) => {
        await errorOf(pool.submit('decline', [1], { retry: 1 }).result);
        assert.equal(pool.deadLetters.size, 0);
      });
    });

    test('keep the place of the task in time: it goes before tasks that came after it', async () => {
      await withPool(kind, { size: 1, concurrency: 1 }, async (pool) => {
        const order: string[] = [];
        const failing = pool.submit('failTimes', [1], { retry: { attempts: 2, backoff: 0 } });
        void failing.result.then(() => order.push('retried'));
        const gate = gateFile();
        const others = [pool.submit('untilFile', [gate.path]), ...[1, 2, 3, 4, 5, 6].map((value) => pool.submit('later', [10, value]))];
        for (const other of others) void other.result.then((value) => order.push(`other ${String(value)}`));
        await until(() => pool.stats().tasks.retried === 1 && failing.state !== 'DELAYED');
        gate.open();
        await pool.idle();
        // The one that ran meanwhile goes before it, and perhaps one that was sent ahead.
        assert.ok(order.indexOf('retried') <= 2, order.join(', '));
      });
    });
  });
}
