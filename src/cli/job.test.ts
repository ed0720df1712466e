import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createPool } from '../index.js';
import type { Pool } from '../pool/pool.js';
import type { PoolOptions } from '../pool/options.js';
import { systemClock } from '../runtime/clock.js';
import { deferred } from '../runtime/deferred.js';
import type { Deferred } from '../runtime/deferred.js';
import { exitCodeOf, Job } from './job.js';
import type { AnyTasks, EndCause, JobOptions, JobReport } from './job.js';

/** The module runs in this process, so tests and tasks meet at a global. */
const MODULE = `data:text/javascript,${encodeURIComponent(`
  export const echo = (input) => input;
  export const fail = () => { throw new Error('always'); };
  export const gated = async (input) => { const { begun, gate } = globalThis.millraceJobTest; begun.resolve(); await gate.promise; return input; };
`)}`;

interface Gates {
  readonly begun: Deferred<void>;
  readonly gate: Deferred<void>;
}

function gates(): Gates {
  const made = { begun: deferred(), gate: deferred() };
  (globalThis as unknown as { millraceJobTest: Gates }).millraceJobTest = made;
  return made;
}

interface Setup {
  readonly job: Job;
  readonly pool: Pool<AnyTasks>;
  readonly seen: string[];
}

async function* items(values: readonly unknown[]): AsyncGenerator<unknown> {
  yield* values;
}

function makeJob(
  functionName: string,
  inputs: readonly unknown[] | AsyncIterable<unknown>,
  options: Partial<JobOptions> = {},
  poolOptions: PoolOptions = {},
): Setup {
  const pool = createPool<AnyTasks>(MODULE, { worker: 'async', concurrency: 1, submitStack: false, ...poolOptions });
  const seen: string[] = [];
  const job = new Job(pool, {
    functionName,
    inputs: Array.isArray(inputs) ? items(inputs) : (inputs as AsyncIterable<unknown>),
    total: Promise.resolve(undefined),
    keepOrder: true,
    window: 8,
    judge: () => ({ run: true, hash: '', again: false }),
    sink: {
      completed: ({ index }, value) => void seen.push(`${index} ok ${String(value)}`),
      failed: ({ index }, thrown) => void seen.push(`${index} ${String(thrown)}`),
    },
    halt: undefined,
    deadlineMs: undefined,
    clock: systemClock,
    ...options,
  });
  return { job, pool, seen };
}

describe('Job', { timeout: 180_000 }, () => {
  test('every input reaches the sink once', async () => {
    const { job, seen } = makeJob('echo', ['a', 'b', 'c']);
    const report = await job.run();
    assert.deepEqual(seen, ['0 ok a', '1 ok b', '2 ok c']);
    assert.deepEqual([report.ok, report.failed, report.unfinished, report.exhausted, report.cause], [3, 0, [], true, undefined]);
  });

  test('drained, it lets finish what runs; what waits is unfinished', async () => {
    const { begun, gate } = gates();
    const { job, seen } = makeJob('gated', ['a', 'b', 'c']);
    const running = job.run();
    await begun.promise;
    job.drain({ kind: 'signal', signal: 'SIGINT' }, 10_000);
    assert.equal(job.running, 1);
    gate.resolve();
    const report = await running;
    assert.deepEqual(seen, ['0 ok a']);
    assert.deepEqual([report.ok, report.failed, report.cause], [1, 0, { kind: 'signal', signal: 'SIGINT' }]);
    assert.equal(report.unfinished.length + 1, report.nextIndex);
  });

  test('drained, it does not wait for the grace of what will not end', async () => {
    const { begun } = gates();
    const { job } = makeJob('gated', ['a', 'b']);
    const running = job.run();
    await begun.promise;
    job.drain({ kind: 'halt' }, 10);
    const report = await running;
    assert.deepEqual([report.ok, report.failed, report.unfinished[0]], [0, 0, 0]);
  });

  test('drained, it does not wait for a retry that would come', async () => {
    const { job, pool } = makeJob('fail', ['a'], {}, { retry: { attempts: 5, backoff: 3_600_000 } });
    const retrying = new Promise<void>((resolve) => pool.once('retrying', () => resolve()));
    const running = job.run();
    await retrying;
    job.drain({ kind: 'halt' }, Infinity);
    assert.deepEqual([(await running).unfinished, (await running).failed], [[0], 0]);
  });

  test('the first cause of the end is kept', async () => {
    const { begun } = gates();
    const { job } = makeJob('gated', ['a']);
    const running = job.run();
    await begun.promise;
    job.drain({ kind: 'signal', signal: 'SIGTERM' }, 10_000);
    job.terminate({ kind: 'deadline' });
    assert.deepEqual((await running).cause, { kind: 'signal', signal: 'SIGTERM' });
  });

  test('a source that breaks ends it after what was read', async () => {
    async function* broken(): AsyncGenerator<unknown> {
      yield 'a';
      throw new Error('line 2');
    }
    const { job, seen } = makeJob('echo', broken());
    const report = await job.run();
    assert.deepEqual([seen, report.cause, String(report.error)], [['0 ok a'], { kind: 'input' }, 'Error: line 2']);
  });

  test('an error of the sink ends it', async () => {
    const failing = { completed: () => Promise.reject(new Error('disk full')), failed: () => {} };
    await assert.rejects(makeJob('echo', ['a', 'b'], { sink: failing }).job.run(), /disk full/);
  });

  test('a function that is not there ends it at the first input', async () => {
    const { job, seen } = makeJob('ehco', ['a', 'b']);
    const report = await job.run();
    assert.deepEqual([seen, report.cause, exitCodeOf(report)], [[], { kind: 'worker' }, 2]);
  });

  test('halt counts outcomes as they come', async () => {
    const { job, seen } = makeJob('fail', ['a', 'b', 'c', 'd', 'e'], { halt: { when: 'now', on: 'fail', limit: 2, percent: false } });
    const report = await job.run();
    assert.deepEqual([seen.length >= 2, report.cause], [true, { kind: 'halt' }]);
  });
});

test('a slow sink holds the inputs back', { timeout: 180_000 }, async () => {
  const gate = deferred();
  let pulled = 0;
  async function* endless(): AsyncGenerator<unknown> {
    for (;;) yield (pulled += 1);
  }
  const held = deferred();
  const { job } = makeJob('echo', endless(), {
    sink: {
      completed: () => {
        held.resolve();
        return gate.promise;
      },
      failed: () => {},
    },
  });
  const running = job.run();
  await held.promise;
  for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  assert.ok(pulled <= 10, `${pulled} inputs were read`);
  job.terminate({ kind: 'output' });
  gate.resolve();
  await running;
});

test('exit codes that count failures do so up to 100, unless something else ended the run', () => {
  const report = { ok: 0, skipped: 0, unfinished: [], nextIndex: 0, exhausted: true, elapsedMs: 1, workersMax: 1, cause: undefined, error: undefined };
  assert.deepEqual(
    [0, 1, 2, 100, 101, 5_000].map((failed) => exitCodeOf({ ...report, failed }, true)),
    [0, 1, 2, 100, 101, 101],
  );
  assert.equal(exitCodeOf({ ...report, failed: 7, cause: { kind: 'deadline' } }, true), 124);
});

test('exit codes follow the cause, then the failures', () => {
  const report: JobReport = {
    ok: 1,
    failed: 0,
    skipped: 0,
    unfinished: [],
    nextIndex: 1,
    exhausted: true,
    elapsedMs: 1,
    workersMax: 1,
    cause: undefined,
    error: undefined,
  };
  const code = (cause: EndCause | undefined, failed = 0): number => exitCodeOf({ ...report, failed, cause, error: new Error('x') });
  assert.deepEqual(
    [
      code(undefined),
      code(undefined, 2),
      code({ kind: 'halt' }, 2),
      code({ kind: 'deadline' }),
      code({ kind: 'input' }),
      code({ kind: 'output' }),
      code({ kind: 'worker' }),
    ],
    [0, 1, 4, 124, 2, 0, 3],
  );
  assert.deepEqual(
    [code({ kind: 'signal', signal: 'SIGINT' }), code({ kind: 'signal', signal: 'SIGTERM' }), code({ kind: 'signal', signal: 'SIGHUP' })],
    [130, 143, 129],
  );
});
