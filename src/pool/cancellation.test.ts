/** Limits of time on simulated workers whose answers lie unread for a while, as they do when the program itself is busy. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ManualClock } from '../runtime/manual-clock.js';
import { makeSimulation, SimWorker } from './fixtures/sim-worker.js';
import type { Simulation } from './fixtures/sim-worker.js';
import { normaliseOptions } from './normalise-options.js';
import type { PoolOptions } from './options.js';
import type { PoolTask } from './pool-task.js';
import { WorkerPool } from './worker-pool.js';
import type { Worker, WorkerFactory, WorkerReady } from '../worker/worker.js';

/** A pool of one worker whose answers are delivered 90 ms after the function has ended, unless somebody asks for them. */
async function lateRig(options: PoolOptions): Promise<{ readonly clock: ManualClock; readonly pool: WorkerPool }> {
  const clock = new ManualClock(1_000);
  const random = (): number => 0.9;
  const simulation = makeSimulation(clock, random, { lagMs: 100 });
  const settings = normaliseOptions({ size: 1, ...options, clock, random });
  const pool = new WorkerPool(settings, 'data:text/javascript,', (workerOptions, host) => new SimWorker(workerOptions, host, simulation));
  await clock.advance(100);
  return { clock, pool };
}

describe('the grace of a function that blocks its event loop', () => {
  /** Whether the worker lives at the end of each of these spans of ms after its task was cancelled. */
  async function lives(options: PoolOptions, spans: readonly number[]): Promise<boolean[]> {
    const { clock, pool } = await lateRig(options);
    const task = pool.submit('play', [{ ms: 10_000, outcome: 'ok', key: 1, stuck: true }]);
    task.result.catch(() => undefined);
    await clock.advance(5);
    const id = pool.workers[0]?.id;
    task.cancel();
    const seen: boolean[] = [];
    for (const ms of spans) {
      await clock.advance(ms);
      seen.push(pool.workers.some((worker) => worker.id === id));
    }
    await pool.terminate();
    return seen;
  }

  test('is 25 ms where nobody has set one', async () => {
    assert.deepEqual(await lives({}, [24, 2]), [true, false]);
  });

  test('is the one that was set, however long or short', async () => {
    assert.deepEqual(await lives({ cancelGrace: 400 }, [399, 2]), [true, false]);
    assert.deepEqual(await lives({ cancelGrace: 5 }, [4, 2]), [true, false]);
  });
});

describe('a limit of time that passes while the answer lies unread', () => {
  test('a timeout: the task has completed', async () => {
    const { clock, pool } = await lateRig({ timeout: 30 });
    const task = pool.submit('play', [{ ms: 10, outcome: 'ok', key: 1 }], { retry: 3 });
    await clock.advance(31);
    assert.deepEqual([task.state, task.attempts], ['COMPLETED', 1]);
    await pool.terminate();
  });

  test('a deadline: the task has completed, or failed with its own error', async () => {
    const { clock, pool } = await lateRig({ deadline: 30, concurrency: 2 });
    const completed = pool.submit('play', [{ ms: 10, outcome: 'ok', key: 1 }]);
    const failed = pool.submit('play', [{ ms: 10, outcome: 'throw', key: 2 }]);
    const error = failed.result.catch((each: Error) => each.message);
    await clock.advance(31);
    assert.equal(completed.state, 'COMPLETED');
    assert.equal(await error, 'task 2 fails');
    await pool.terminate();
  });

  test('the grace of a cancelled function: its worker lives', async () => {
    const { clock, pool } = await lateRig({ cancelGrace: 30 });
    const task = pool.submit('play', [{ ms: 10, outcome: 'ok', key: 1 }]);
    task.result.catch(() => undefined);
    await clock.advance(1);
    task.cancel();
    const before = pool.workers[0]?.id;
    await clock.advance(200);
    assert.deepEqual(
      pool.workers.map(({ id, state }) => [id, state]),
      [[before, 'ready']],
    );
    await pool.terminate();
  });

  test('one that has not ended is timed out as ever', async () => {
    const { clock, pool } = await lateRig({ timeout: 30 });
    const task = pool.submit('play', [{ ms: 500, outcome: 'ok', key: 1 }]);
    const code = task.result.catch((error: { code: string }) => error.code);
    await clock.advance(31);
    assert.equal(await code, 'ERR_TASK_TIMEOUT');
    await pool.terminate();
  });
});

/** Workers that say they took so many ms to start. */
function startedIn(bootMs: number, simulation: Simulation): WorkerFactory<PoolTask> {
  return (options, host) => {
    const onReady = (worker: Worker<PoolTask>, info: WorkerReady): void => host.onReady(worker, { ...info, bootMs });
    // All else is the host's own; its methods keep their state in themselves.
    const slow = new Proxy(host, { get: (target, name) => (name === 'onReady' ? onReady : (target[name as 'onPong'] as () => void).bind(target)) });
    return new SimWorker(options, slow, simulation);
  };
}

describe('a worker that does not answer after a cancellation', () => {
  /** Ms after the cancellation at which the replacement is started, for a worker that took `bootMs` to start. */
  async function suspectedAfter(bootMs: number): Promise<number> {
    const clock = new ManualClock(1_000);
    const simulation = makeSimulation(clock, () => 0.5);
    const settings = normaliseOptions({ size: 1, cancelGrace: 10_000, clock, random: () => 0.5 });
    const pool = new WorkerPool(settings, 'data:text/javascript,', startedIn(bootMs, simulation));
    await clock.advance(100);
    const task = pool.submit('play', [{ ms: 5_000, outcome: 'ok', stuck: true, key: 1 }]);
    task.result.catch(() => undefined);
    await clock.advance(1);
    let startedAt = NaN;
    pool.once('workerStarting', () => (startedAt = clock.now()));
    const cancelledAt = clock.now();
    task.cancel();
    await clock.advance(1_000);
    await pool.terminate();
    return startedAt - cancelledAt;
  }

  test('is replaced after 10 ms, and after a tenth of its start where starts are slow, at most 250 ms', async () => {
    assert.deepEqual([await suspectedAfter(20), await suspectedAfter(1_000), await suspectedAfter(60_000)], [10, 100, 250]);
  });
});

describe('a worker whose task has used up its time', () => {
  /** A pool on workers that answer at once, and when it started each of them after the first. */
  async function rig(options: PoolOptions): Promise<{ readonly clock: ManualClock; readonly pool: WorkerPool; readonly starts: number[] }> {
    const clock = new ManualClock(1_000);
    const random = (): number => 0.5;
    const simulation = makeSimulation(clock, random);
    const settings = normaliseOptions({ size: 1, ...options, clock, random });
    const pool = new WorkerPool(settings, 'data:text/javascript,', (workerOptions, host) => new SimWorker(workerOptions, host, simulation));
    await clock.advance(100);
    const starts: number[] = [];
    pool.on('workerStarting', () => starts.push(clock.now()));
    return { clock, pool, starts };
  }

  /** Submits it and lets its time pass. Returns when it was rejected. */
  async function overrun({ clock, pool }: { clock: ManualClock; pool: WorkerPool }, script: object): Promise<number> {
    let rejectedAt = NaN;
    pool.submit('play', [{ outcome: 'ok', key: 1, ...script }]).result.catch(() => (rejectedAt = clock.now()));
    await clock.advance(300);
    return rejectedAt;
  }

  for (const limit of ['timeout', 'deadline'] as const) {
    test(`is replaced at the very end of a ${limit} when it is stuck: its event loop was asked ahead`, async () => {
      const it = await rig({ [limit]: 200, cancelGrace: 10_000 });
      const rejectedAt = await overrun(it, { ms: 5_000, stuck: true });
      assert.deepEqual([rejectedAt, it.starts], [1_300, [1_300]]);
      await it.pool.terminate();
    });

    test(`is not replaced after a ${limit} when its event loop turns`, async () => {
      const it = await rig({ [limit]: 200, cancelGrace: 10_000 });
      assert.ok((await overrun(it, { ms: 5_000 })) > 0);
      assert.deepEqual(it.starts, []);
      await it.pool.terminate();
    });
  }

  test('is given time to see the cancellation by itself when the function was seen to do so before', async () => {
    const it = await rig({ timeout: 200, cancelGrace: 10_000 });
    await overrun(it, { ms: 5_000, stuck: true, looks: true });
    assert.equal(it.starts.length, 1, 'nothing is known of it the first time');
    await overrun(it, { ms: 5_000, stuck: true, looks: true });
    await overrun(it, { ms: 5_000, stuck: true, looks: true });
    assert.equal(it.starts.length, 1);
    const rejectedAt = await overrun(it, { ms: 5_000, stuck: true });
    assert.deepEqual(it.starts.slice(1), [rejectedAt + 10]);
    await it.pool.terminate();
  });

  /** What happens, in order, when two tasks keep their worker past the timeout. */
  async function endsOfTwo(options: PoolOptions): Promise<string[]> {
    // Its turns are turns of an event loop: promises settle in between.
    const clock = Object.assign(new ManualClock(1_000), { nextTurn: (fn: () => void): void => void clock.setTimer(0, fn) });
    const random = (): number => 0.5;
    // It has left the question unanswered for too long 0.3 ms after the timeout: the clock is not looked at once more until then.
    const factory = startedIn(113, makeSimulation(clock, random));
    const pool = new WorkerPool(normaliseOptions({ size: 1, timeout: 200, ...options, clock, random }), 'data:text/javascript,', factory);
    await clock.advance(100);
    const seen: string[] = [];
    pool.on('workerStarting', () => seen.push('start'));
    pool.on('hardKill', () => seen.push('end'));
    for (let round = 0; round < 2; round += 1) {
      pool.submit('play', [{ outcome: 'ok', key: 1, ms: 5_000, stuck: true }]).result.catch(() => seen.push('told'));
      await clock.advance(400);
    }
    await pool.terminate();
    return seen;
  }

  test('is ended and replaced after its caller was told, and ended before it is replaced when its function had to be ended by force before', async () => {
    assert.deepEqual(await endsOfTwo({}), ['told', 'start', 'end', 'told', 'end', 'start']);
    assert.deepEqual(await endsOfTwo({ cancelGrace: 0 }), ['told', 'end', 'start', 'told', 'end', 'start']);
  });

  test('is ended without a grace when its function had to be ended by force before, where nobody has set a grace', async () => {
    const it = await rig({ timeout: 200 });
    const kills: number[] = [];
    it.pool.on('hardKill', () => kills.push(it.clock.now()));
    const first = await overrun(it, { ms: 5_000, stuck: true });
    const second = await overrun(it, { ms: 5_000, stuck: true });
    assert.deepEqual(kills, [first + 25, second]);
    await overrun(it, { ms: 5_000, stuck: true, looks: true });
    assert.equal(kills.length, 3, 'nothing is known yet of its having changed');
    await it.pool.terminate();
  });
});
