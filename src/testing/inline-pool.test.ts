/** A pool in this thread on a clock that stands still: everything a user's test may want to see happen, and each fault. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ManualClock } from '../runtime/manual-clock.js';
import { context } from '../task/context.js';
import { defineTask } from '../task/define-task.js';
import type { Pool } from '../pool/pool.js';
import { FaultPlan } from './fault-plan.js';
import { createInlinePool } from './inline-pool.js';
import type { InlinePoolOptions } from './inline-pool.js';
import '../worker/door.js';

const calls: string[] = [];
const module = {
  add: (a: number, b: number): number => a + b,
  change: (list: number[]): number[] => (list.push(0), list),
  note: (what: string): string => (calls.push(what), what),
  id: (): string => context().taskId,
  decline: (): never => {
    throw Object.assign(new RangeError('declined'), { code: 'E_DECLINED', socket: () => 1 });
  },
  count: function* (to: number): Generator<number, string> {
    for (let i = 0; i < to; i += 1) yield i;
    return 'counted';
  },
  functions: function* (): Generator<unknown> {
    yield () => 1;
  },
  uncloneable: (): unknown => ({ rows: [() => 1] }),
  stubborn: defineTask({ retry: 3 }, (): number => {
    if (context().attempt < 3) throw new Error(`attempt ${context().attempt}`);
    return context().attempt;
  }),
};

async function withInline(
  options: InlinePoolOptions,
  body: (pool: Pool<typeof module>, clock: ManualClock, faults: FaultPlan) => Promise<void>,
): Promise<void> {
  const clock = new ManualClock();
  const faults = new FaultPlan();
  const pool = createInlinePool(module, { clock, faults, ...options });
  calls.length = 0;
  try {
    await body(pool, clock, faults);
  } finally {
    await pool.terminate();
  }
  assert.equal(clock.pending, 0, 'no timer is left');
}

async function codeOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
    return 'fulfilled';
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
}

describe('an inline pool', { timeout: 180_000 }, () => {
  test('runs functions in this thread, typed by the module, in order', async () => {
    await withInline({}, async (pool) => {
      assert.equal(await pool.run('add', 1, 2), 3);
      await Promise.all([pool.run('note', 'a'), pool.run('note', 'b'), pool.with({ priority: 'critical' }).run('note', 'first')]);
      assert.deepEqual(calls, ['first', 'a', 'b']);
      assert.match(await pool.run('id'), /\w/);
      assert.equal(pool.kind, 'async');
    });
  });

  test('waits between retries by its clock alone', async () => {
    await withInline({ retry: { attempts: 3, backoff: 3_600_000 } }, async (pool, clock) => {
      const task = pool.submit('stubborn', []);
      await clock.advance(24 * 3_600_000);
      assert.deepEqual([await task.result, task.attempts], [3, 3]);
    });
  });

  test('copies what crosses: nobody sees the changes of the other, and what cannot cross is named', async () => {
    await withInline({}, async (pool) => {
      const list = [1];
      assert.deepEqual(await pool.run('change', list), [1, 0]);
      assert.deepEqual(list, [1]);
      await assert.rejects(pool.run('note', (() => 1) as never), { code: 'ERR_VALUE_NOT_CLONEABLE', message: /args\[0\]/ });
      await assert.rejects(pool.run('uncloneable'), { code: 'ERR_VALUE_NOT_CLONEABLE', message: /result\.rows\[0\]/ });
      await assert.rejects(
        (async () => {
          for await (const value of await pool.run('functions')) void value;
        })(),
        { code: 'ERR_VALUE_NOT_CLONEABLE' },
      );
      await assert.rejects(pool.run('decline'), { name: 'RangeError', code: 'E_DECLINED' });
      assert.equal(await pool.run('add', 2, 2), 4);
    });
  });

  test('passes by reference where that is wanted', async () => {
    await withInline({ clone: false }, async (pool) => {
      const list = [1];
      assert.equal(await pool.run('change', list), list);
    });
  });

  test('streams', async () => {
    await withInline({}, async (pool) => {
      const stream = await pool.run('count', 40);
      const values: number[] = [];
      for await (const value of stream) values.push(value);
      assert.deepEqual([values.length, await stream.returned], [40, 'counted']);
    });
  });

  test('says what is wrong with its options', () => {
    assert.throws(() => createInlinePool(1 as never), { message: /createInlinePool: module/ });
    assert.throws(() => createInlinePool(module, { clone: 1 as never }), { message: /createInlinePool: clone/ });
    assert.throws(() => createInlinePool(module, { faults: {} as never }), { message: /createInlinePool: faults: expected a FaultPlan/ });
    assert.throws(() => createInlinePool(module, { queue: { whenFull: 'caller-runs' } }), { message: /queue.whenFull/ });
  });
});

describe('a fault on an inline pool', { timeout: 180_000 }, () => {
  for (const kind of ['crash', 'oom'] as const) {
    test(`${kind}: the task fails as it does when its worker dies, and a retry runs on the next`, async () => {
      await withInline({}, async (pool, clock, faults) => {
        faults[kind]('note', { times: 2 });
        assert.equal(await codeOf(pool.run('note', 'lost')), 'ERR_WORKER_CRASHED');
        const retried = pool.submit('note', ['retried'], { retry: { attempts: 2, backoff: 0 } });
        await clock.advance(1_000);
        assert.equal(await retried.result, 'retried');
        assert.deepEqual(calls, ['retried']);
        assert.equal(new Set(faults.strikes.map(({ workerId }) => workerId)).size, 2);
      });
    });
  }

  test('hang: a timeout ends it, and its place is free after the grace', async () => {
    await withInline({ timeout: 100, cancelGrace: 50 }, async (pool, clock, faults) => {
      faults.hang('note', { nth: 1 });
      const hanging = codeOf(pool.run('note', 'never'));
      const next = pool.run('add', 1, 2);
      await clock.advance(100);
      assert.equal(await hanging, 'ERR_TASK_TIMEOUT');
      await clock.advance(50);
      assert.equal(await next, 3);
    });
  });

  test('fail: the error is the one that was set, and can be retried', async () => {
    await withInline({ retry: { attempts: 2, backoff: 0 } }, async (pool, clock, faults) => {
      faults.fail('note', Object.assign(new Error('set'), { code: 'E_SET' }), { nth: [1, 2, 3] });
      const failing = codeOf(pool.run('note', 'never'));
      await clock.advance(1_000);
      assert.equal(await failing, 'E_SET');
      const passing = pool.run('note', 'second attempt');
      await clock.advance(1_000);
      assert.equal(await passing, 'second attempt');
    });
  });

  test('slow: the function begins late by the clock, and a timeout counts from the start', async () => {
    await withInline({ timeout: 500 }, async (pool, clock, faults) => {
      faults.slow('note', 300, { nth: 1 });
      faults.slow('note', '1h', { nth: 2 });
      const task = pool.submit('note', ['late']);
      await clock.advance(299);
      assert.deepEqual([task.state, calls], ['EXECUTING', []]);
      await clock.advance(1);
      assert.equal(await task.result, 'late');
      const tooLate = codeOf(pool.run('note', 'too late'));
      await clock.advance(500);
      assert.equal(await tooLate, 'ERR_TASK_TIMEOUT');
      await clock.advance(3_600_000);
      assert.deepEqual(calls, ['late'], 'what was given up is not called later');
    });
  });

  test('hold: the test decides when the function is called', async () => {
    await withInline({}, async (pool, _clock, faults) => {
      const { gate } = faults.hold('note', { times: 1 });
      const task = pool.submit('note', ['held']);
      await gate.arrived();
      assert.deepEqual([task.state, calls], ['EXECUTING', []]);
      gate.open();
      assert.equal(await task.result, 'held');
    });
  });

  test('drop: the function runs, nobody hears of it', async () => {
    await withInline({ timeout: 100 }, async (pool, clock, faults) => {
      faults.drop('note', { nth: 1 });
      const lost = codeOf(pool.run('note', 'ran'));
      await clock.advance(100);
      assert.deepEqual([await lost, calls], ['ERR_TASK_TIMEOUT', ['ran']]);
      assert.equal(await pool.run('add', 1, 2), 3);
    });
  });

  test('duplicate: the function runs twice, the task completes once', async () => {
    await withInline({}, async (pool, _clock, faults) => {
      faults.duplicate('note', { nth: 1 });
      assert.equal(await pool.run('note', 'twice'), 'twice');
      assert.equal(await pool.run('add', 1, 2), 3);
      assert.deepEqual(calls, ['twice', 'twice']);
      assert.equal(pool.stats().tasks.completed, 2);
    });
  });

  test('a held task that is cancelled is not called when the gate opens', async () => {
    await withInline({}, async (pool, _clock, faults) => {
      const { gate } = faults.hold('note');
      const task = pool.submit('note', ['held']);
      await gate.arrived();
      task.cancel();
      assert.equal(await codeOf(task.result), 'ERR_TASK_CANCELLED');
      gate.open();
      assert.equal(await pool.run('add', 1, 2), 3);
      assert.deepEqual(calls, []);
    });
  });
});
