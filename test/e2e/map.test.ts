/** `map`: one task per input, whatever the input, in bounded memory. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { gateFile, turn, until } from './gates.js';
import { ALL, errorOf, withPool } from './kinds.js';

const timeout = 180_000;

/** Numbers from 0, with a record of how far it was pulled and whether it was told to return. */
class Source {
  pulled = 0;
  returned = 0;
  readonly #end: number;

  constructor(end: number = Infinity) {
    this.#end = end;
  }

  [Symbol.iterator](): Iterator<number> {
    return {
      next: () => (this.pulled < this.#end ? { done: false, value: this.pulled++ } : { done: true, value: undefined }),
      return: () => {
        this.returned += 1;
        return { done: true, value: undefined };
      },
    };
  }
}

async function* later<T>(items: Iterable<T>): AsyncGenerator<T> {
  for (const item of items) {
    await turn();
    yield item;
  }
}

async function collect<T>(values: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const value of values) all.push(value);
  return all;
}

for (const kind of ALL) {
  describe(`map on ${kind} workers`, { timeout }, () => {
    test('yields results in the order of any kind of input', async () => {
      await withPool(kind, { size: 2 }, async (pool) => {
        const wanted = Array.from({ length: 40 }, (_, index) => index);
        assert.deepEqual(await collect(pool.map('echo', wanted)), wanted, 'an array');
        assert.deepEqual(await collect(pool.map('echo', new Set(wanted))), wanted, 'a set');
        assert.deepEqual(await collect(pool.map('echo', new Source(40))), wanted, 'an iterable');
        assert.deepEqual(await collect(pool.map('echo', later(wanted))), wanted, 'an async generator');
        assert.deepEqual(await collect(pool.map('echo', 'héllo')), ['h', 'é', 'l', 'l', 'o'], 'a string');
        assert.deepEqual(await collect(pool.map('echo', [])), [], 'nothing');
        assert.deepEqual(await collect(pool.map('echo', later([]))), [], 'nothing, later');
        assert.deepEqual(await collect(pool.map('echo', wanted, { concurrency: 1 })), wanted, 'one at a time');
        assert.deepEqual(
          (await collect(pool.map('echo', wanted, { ordered: false }))).sort((a, b) => Number(a) - Number(b)),
          wanted,
          'unordered',
        );
      });
    });

    test('yields what is finished first when order does not matter', async () => {
      await withPool(kind, { size: 1, concurrency: 2 }, async (pool) => {
        const gate = gateFile();
        const results = pool.map('untilFile', [gate.path, import.meta.filename], { ordered: false });
        assert.equal((await results.next()).value, import.meta.filename);
        gate.open();
        assert.equal((await results.next()).value, gate.path);
        assert.equal((await results.next()).done, true);
      });
    });

    test('pulls no further ahead of a slow reader than its window', async () => {
      for (const ordered of [true, false]) {
        await withPool(kind, { size: 1 }, async (pool) => {
          const source = new Source();
          const results = pool.map('echo', source, { concurrency: 5, ordered });
          assert.equal(source.pulled, 0, 'nothing is pulled before the first read');
          await results.next();
          for (let read = 1; read <= 10; read += 1) {
            await pool.idle();
            await turn();
            assert.ok(source.pulled <= read + 5, `${source.pulled} pulled after ${read} reads`);
            await results.next();
          }
          await results.return?.();
        });
      }
    });

    test('at the first error cancels the rest, and tells the input to return', async () => {
      for (const ordered of [true, false]) {
        await withPool(kind, { size: 1, concurrency: 3 }, async (pool) => {
          const source = new Source();
          const results = pool.map('failFrom', source, { concurrency: 8, ordered });
          const error = await errorOf(collect(results));
          assert.match(error.message, /^input 3 /);
          assert.equal(source.returned, 1);
          assert.ok(source.pulled <= 3 + 8 + 1, `${source.pulled} pulled`);
          await pool.idle();
          const { completed, failed, cancelled, submitted } = pool.stats().tasks;
          assert.equal(completed + failed + cancelled, submitted);
          assert.equal((await results.next()).done, true, 'the iteration is over');
        });
      }
    });

    test('settles every input when asked to', async () => {
      await withPool(kind, { size: 1 }, async (pool) => {
        const outcomes = await collect(pool.map('failFrom', [0, 1, 5, 2, 9], { onError: 'settle' }));
        assert.deepEqual(
          outcomes.map(({ status, index, input }) => [status, index, input]),
          [
            ['fulfilled', 0, 0],
            ['fulfilled', 1, 1],
            ['rejected', 2, 5],
            ['fulfilled', 3, 2],
            ['rejected', 4, 9],
          ],
        );
        const rejected = outcomes[2];
        assert.ok(rejected?.status === 'rejected' && rejected.reason instanceof Error && rejected.reason.message.startsWith('input 5 '));
      });
    });

    test('ends with a reader that leaves', async () => {
      await withPool(kind, { size: 1, concurrency: 2 }, async (pool) => {
        const source = new Source();
        for await (const value of pool.map('echo', source, { concurrency: 4 })) if (value === 3) break;
        assert.equal(source.returned, 1);
        await pool.idle();
        assert.equal(pool.stats().queue.depth, 0);
      });
    });

    test('passes on the error of an input that throws, after what came before it', async () => {
      await withPool(kind, { size: 1 }, async (pool) => {
        const broken = function* (): Generator<number> {
          yield 1;
          yield 2;
          throw new RangeError('input broke');
        };
        for (const input of [broken(), later(broken())]) {
          const seen: unknown[] = [];
          await assert.rejects(async () => {
            for await (const value of pool.map('echo', input)) seen.push(value);
          }, /input broke/);
          assert.deepEqual(seen, [1, 2]);
        }
        await pool.idle();
      });
    });

    test('refuses what an iterator answers instead of a result', async () => {
      await withPool(kind, { size: 1 }, async (pool) => {
        for (const answer of [7, undefined, 'done', null, Promise.resolve(7), Promise.resolve()])
          assert.match(
            (await errorOf(collect(pool.map('echo', { [Symbol.iterator]: () => ({ next: () => answer as never }) })))).message,
            /map: inputs/,
            String(answer),
          );
        await pool.idle();
      });
    });

    test('does not wait for an input that is silent when a task has failed or the reader has left', async () => {
      await withPool(kind, { size: 1 }, async (pool) => {
        const silent = async function* (first: number): AsyncGenerator<number> {
          yield first;
          await new Promise(() => undefined);
        };
        assert.match((await errorOf(collect(pool.map('failFrom', silent(7))))).message, /^input 7 /);
        for await (const value of pool.map('failFrom', silent(1))) {
          assert.equal(value, 1);
          break;
        }
      });
    });

    test('keeps the error of the task when the input fails to return as well', async () => {
      await withPool(kind, { size: 1 }, async (pool) => {
        const input: Iterable<number> = {
          [Symbol.iterator]: () => ({
            next: () => ({ done: false, value: 9 }),
            return: () => {
              throw new Error('cannot return');
            },
          }),
        };
        assert.match((await errorOf(collect(pool.map('failFrom', input)))).message, /^input 9 /);
      });
    });

    test('waits for room in a full queue instead of being refused', async () => {
      for (const whenFull of ['reject', 'drop-oldest', 'shed-lowest', 'dead-letter'] as const) {
        await withPool(kind, { size: 1, concurrency: 1, queue: { max: 2, whenFull } }, async (pool) => {
          const results = await collect(pool.map('echo', new Source(50), { concurrency: 20 }));
          assert.equal(results.length, 50, whenFull);
          assert.equal(pool.stats().tasks.rejected, 0, whenFull);
        });
      }
    });

    test('takes the options of its tasks, and those of the view it is called on', async () => {
      await withPool(kind, { size: 1, concurrency: 2 }, async (pool) => {
        const aborted = pool.map('echo', [1, 2], { signal: AbortSignal.abort() });
        assert.equal((await errorOf(collect(aborted))).code, 'ERR_TASK_CANCELLED');
        const outcomes = await collect(pool.with({ timeout: 20 }).map('untilAbortedFor', ['a', 'b'], { onError: 'settle' }));
        assert.deepEqual(
          outcomes.map((outcome) => outcome.status === 'rejected' && (outcome.reason as { code: string }).code),
          ['ERR_TASK_TIMEOUT', 'ERR_TASK_TIMEOUT'],
        );
      });
    });
  });
}

describe('map in bounded memory', { timeout: 180_000 }, () => {
  test('a million inputs leave the heap as it was', async () => {
    setFlagsFromString('--expose-gc');
    const gc = runInNewContext('gc') as () => void;
    await withPool('async', {}, async (pool) => {
      const inputs = new Source(1_000_000);
      let sum = 0;
      let read = 0;
      const heap: number[] = [];
      for await (const value of pool.map('add1', inputs)) {
        sum += value;
        read += 1;
        if (read % 250_000 === 0) {
          gc();
          heap.push(process.memoryUsage().heapUsed);
        }
      }
      assert.equal(sum, (1_000_000 * 1_000_001) / 2);
      const grown = (heap[3] as number) - (heap[0] as number);
      assert.ok(grown < 4_000_000, `the heap grew by ${grown} bytes over 750,000 inputs`);
    });
  });

  test('a slow reader of big results holds no more than the window', async () => {
    await withPool('thread', { size: 1 }, async (pool) => {
      const source = new Source(64);
      const results = pool.map('blockOf', source, { concurrency: 4 });
      let held = 0;
      for await (const block of results) {
        assert.equal(block.length, 1_000_000);
        await until(() => pool.stats().tasks.inFlight === 0);
        held = Math.max(held, source.pulled);
        assert.ok(pool.stats().queue.depth <= 4);
      }
      assert.equal(held, 64);
    });
  });
});
