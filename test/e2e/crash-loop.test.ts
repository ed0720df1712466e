/** Functions that end their workers or fail too often: they are shut off, and nothing else is. */
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { BreakerOpenError, WorkerCrashedError } from 'millrace';
import type { Pool, PoolEvents } from 'millrace';
import { freshPath, gateFile, until, whileExecuting } from './gates.js';
import { errorOf, REMOTE, withUnreliable } from './kinds.js';
import type { UnreliableTasks } from './kinds.js';

const timeout = 180_000;

/** Calls `die` until it is refused; returns how many workers that took. */
async function untilRefused(pool: Pool<UnreliableTasks>): Promise<{ deaths: number; refusal: BreakerOpenError }> {
  for (let deaths = 0; ; deaths += 1) {
    const error = await errorOf(pool.run('die'));
    if (error instanceof BreakerOpenError) return { deaths, refusal: error };
    assert.ok(error instanceof WorkerCrashedError);
  }
}

for (const worker of REMOTE) {
  describe(`a function that ends its ${worker} worker each time`, { timeout }, () => {
    test('is shut off after six, the others go on, and the pool says so', async () => {
      await withUnreliable({ worker, size: 2 }, async (pool) => {
        const events: unknown[] = [];
        pool.on('breaker', ({ taskName, state, cause }) => events.push([taskName, state, cause]));
        pool.on('degraded', ({ on, taskName }) => events.push(['degraded', on, taskName]));
        const { deaths, refusal } = await untilRefused(pool);
        assert.equal(deaths, 6);
        assert.match(refusal.message, /^die: its circuit breaker is open, because it ended too many workers\. Try again in \d+ ms$/);
        assert.ok(refusal.retryAfter > 0 && refusal.retryAfter <= 1_200);
        assert.equal((refusal.cause as Error & { code: string }).code, 'ERR_WORKER_CRASHED');
        assert.deepEqual(events, [
          ['die', 'open', 'crashes'],
          ['degraded', true, 'die'],
        ]);
        assert.deepEqual([pool.stats().degraded, pool.stats().breakers['die']?.state], [true, 'open']);
        assert.match(await pool.run('name'), /^pool-/);
        await until(() => events.length === 4);
        assert.deepEqual(events.slice(2), [
          ['die', 'half-open', 'crashes'],
          ['degraded', false, 'die'],
        ]);
        assert.equal(pool.stats().degraded, false);
        assert.equal((await errorOf(pool.run('die'))).code, 'ERR_WORKER_CRASHED', 'one probe');
        assert.equal((await errorOf(pool.run('die'))).code, 'ERR_BREAKER_OPEN', 'and no more');
      });
    });

    test('takes what waits of it along, and nothing else', async () => {
      await withUnreliable({ worker, size: 2, breaker: { openFor: '1m' } }, async (pool) => {
        await pool.ready();
        const deaths = Array.from({ length: 40 }, () => pool.run('die').catch((error: { code: string }) => error.code));
        const names = Array.from({ length: 40 }, () => pool.run('name'));
        const codes = await Promise.all(deaths);
        const crashed = codes.filter((code) => code === 'ERR_WORKER_CRASHED').length;
        assert.ok(crashed >= 6 && crashed <= 8, `${crashed} crashed`);
        assert.equal(codes.filter((code) => code === 'ERR_BREAKER_OPEN').length, 40 - crashed);
        assert.equal((await Promise.all(names)).length, 40);
        assert.equal(pool.stats().tasks.failed, crashed);
      });
    });

    test('is not shut off where that is not wanted', async () => {
      await withUnreliable({ worker, size: 1, breaker: false }, async (pool) => {
        const degraded: PoolEvents['degraded'][] = [];
        pool.on('degraded', (event) => degraded.push(event));
        for (let death = 0; death < 7; death += 1) assert.equal((await errorOf(pool.run('die'))).code, 'ERR_WORKER_CRASHED');
        assert.deepEqual([degraded.length, degraded[0]?.on, degraded[0]?.taskName], [1, true, undefined]);
        assert.match(await pool.run('name'), /^pool-/);
      });
    });
  });

  describe(`a task that ends its ${worker} worker`, { timeout }, () => {
    test('costs two workers at most, then it is a dead letter; one worker without retries', async () => {
      for (const attempts of [1, 5]) {
        await withUnreliable({ worker, size: 2, retry: { attempts, backoff: 0 }, deadLetters: 10 }, async (pool) => {
          let crashes = 0;
          pool.on('workerExit', ({ reason }) => (crashes += reason === 'crashed' ? 1 : 0));
          const outcomes = await Promise.allSettled(Array.from({ length: 100 }, (_, input) => pool.run('dieForSome', input)));
          assert.deepEqual(
            outcomes.flatMap(({ status }, input) => (status === 'rejected' ? [input] : [])),
            [42],
          );
          assert.equal(crashes, Math.min(2, attempts));
          assert.deepEqual(
            pool.deadLetters.list().map(({ args, reason }) => [args[0], reason]),
            [[42, attempts === 1 ? 'not-retryable' : 'poison']],
          );
        });
      }
    });

    test('by running out of memory fails with that, and others go on', async () => {
      const limit = worker === 'thread' ? { resourceLimits: { maxOldGenerationSizeMb: 24 } } : { execArgv: ['--max-old-space-size=24'] };
      await withUnreliable({ worker, size: 1, ...limit }, async (pool) => {
        const [error, name] = await Promise.all([errorOf(pool.run('hoard')), pool.run('name')]);
        assert.equal(error.code, 'ERR_WORKER_CRASHED');
        assert.match(error.message, /while it ran task hoard/);
        if (worker === 'thread') assert.equal((error.cause as Error & { code: string }).code, 'ERR_WORKER_OUT_OF_MEMORY');
        assert.notEqual(name, error['workerId']);
      });
    });

    for (const name of ['throwOutsideOnceFileIs', 'rejectOutsideOnceFileIs', 'dieOnceFileIs'] as const) {
      test(`is told apart from those beside it: ${name}`, async () => {
        await withUnreliable({ worker, size: 1, concurrency: 4 }, async (pool) => {
          await pool.ready();
          const [start, end] = [gateFile(), gateFile()];
          const others = Array.from({ length: 3 }, () => pool.submit('untilFileIs', [end.path]));
          const guilty = pool.submit(name, [start.path]);
          await whileExecuting(guilty, ...others);
          start.open();
          const error = await errorOf(guilty.result);
          assert.equal(error.code, 'ERR_WORKER_CRASHED');
          assert.match(error.message, new RegExp(`^worker pool-1 \\(${worker}\\) died with exit code \\d+ while it ran task ${name}(: |$)`));
          end.open();
          await Promise.all(others.map((task) => task.result));
          assert.equal(pool.stats().tasks.requeued, 3);
        });
      });
    }
  });
}

test('tasks that cannot be told apart, when their worker is killed from outside: the error says so', { timeout }, async () => {
  await withUnreliable({ worker: 'process', size: 1, concurrency: 2 }, async (pool) => {
    await pool.ready();
    const tasks = [freshPath(), freshPath()].map((path) => pool.submit('untilFileIs', [path]));
    await whileExecuting(...tasks);
    process.kill((pool.workers[0] as { pid: number }).pid, 'SIGKILL');
    for (const task of tasks)
      assert.match((await errorOf(task.result)).message, /died by SIGKILL while it ran task untilFileIs and 1 more; which of them ended it is not known$/);
  });
});

describe('a breaker that was asked for', { timeout }, () => {
  test('opens for errors, and closes when 1, 2 and 4 probes have succeeded', async () => {
    await withUnreliable({ worker: 'thread', size: 1 }, async (pool) => {
      await pool.ready();
      const away = freshPath('away');
      writeFileSync(away, '');
      const states: string[] = [];
      pool.on('breaker', ({ taskName, state }) => states.push(`${taskName} ${state}`));
      for (let call = 0; call < 5; call += 1) assert.equal((await errorOf(pool.run('guarded', away))).message, 'the dependency is away');
      const refusal = (await errorOf(pool.run('guarded', away))) as Error as BreakerOpenError;
      assert.equal(refusal.code, 'ERR_BREAKER_OPEN');
      assert.equal((refusal.cause as Error).message, 'the dependency is away');
      assert.equal((await errorOf(pool.run('failWhile', away))).message, 'the dependency is away', 'another function is not refused');
      rmSync(away);
      await until(() => states.at(-1) === 'guarded half-open');
      for (const probes of [1, 2, 4]) {
        const calls = Array.from({ length: 8 }, () => pool.run('guarded', away).catch((error: { code: string }) => error.code));
        const answers = await Promise.all(calls);
        assert.equal(answers.filter((answer) => answer === 'served').length, probes);
        assert.equal(answers.filter((answer) => answer === 'ERR_BREAKER_OPEN').length, 8 - probes);
      }
      assert.deepEqual(states, ['guarded open', 'guarded half-open', 'guarded closed']);
      assert.deepEqual(pool.stats().breakers['guarded'], { state: 'closed', cause: undefined, retryAfterMs: 0 });
      assert.equal(await pool.run('guarded', away), 'served');
    });
  });

  test('holds for every function when the pool has it', async () => {
    await withUnreliable({ worker: 'thread', size: 1, breaker: { minimum: 3, openFor: '1m' } }, async (pool) => {
      for (let call = 0; call < 3; call += 1) await errorOf(pool.run('fail'));
      assert.equal((await errorOf(pool.run('fail'))).code, 'ERR_BREAKER_OPEN');
      assert.equal(await pool.run('name'), 'pool-1');
    });
  });

  test('refuses a retry that falls due while it is open', async () => {
    await withUnreliable({ worker: 'thread', size: 1, breaker: { minimum: 1, openFor: '1m' }, retry: { attempts: 3, backoff: 5 } }, async (pool) => {
      const error = await errorOf(pool.run('fail'));
      assert.equal(error.code, 'ERR_BREAKER_OPEN');
      assert.equal((error.cause as Error).message, 'always fails');
    });
  });
});
