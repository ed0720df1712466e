/** The watchdog over simulated workers, in virtual time. What it finds out about real ones is tested in `test/e2e/stuck.test.ts`. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ManualClock } from '../runtime/manual-clock.js';
import { makeSimulation, SimWorker } from './fixtures/sim-worker.js';
import type { Script } from './fixtures/sim-worker.js';
import type { PoolEvents } from './events.js';
import { normaliseOptions } from './normalise-options.js';
import type { PoolOptions } from './options.js';
import { WorkerPool } from './worker-pool.js';

interface Rig {
  readonly clock: ManualClock;
  readonly pool: WorkerPool;
  readonly stuck: PoolEvents['stuck'][];
  /** Submits a task that takes so long; resolves later to its outcome. */
  play(script: Partial<Script>, retry?: number): { readonly outcome: () => string };
}

async function makeRig(options: PoolOptions): Promise<Rig> {
  const clock = new ManualClock(1_000);
  const random = (): number => 0.9;
  const simulation = makeSimulation(clock, random, {});
  const settings = normaliseOptions({ size: 1, ...options, clock, random });
  const pool = new WorkerPool(settings, 'data:text/javascript,', (workerOptions, host) => new SimWorker(workerOptions, host, simulation));
  const stuck: PoolEvents['stuck'][] = [];
  pool.on('stuck', (event) => void stuck.push(event));
  await clock.advance(100);
  return {
    clock,
    pool,
    stuck,
    play: (script, retry = 1) => {
      let outcome = 'open';
      pool.submit('play', [{ ms: 10, outcome: 'ok', key: 1, ...script }], { retry }).result.then(
        () => (outcome = 'completed'),
        (error: { readonly code: string }) => (outcome = error.code),
      );
      return { outcome: () => outcome };
    },
  };
}

const HOUR_MS = 3_600_000;

describe('a worker whose event loop stands still', () => {
  test('is healthy for ever when no limit was set', async () => {
    const { clock, pool, stuck, play } = await makeRig({ watchdog: { interval: 60_000 } });
    const task = play({ ms: 24 * HOUR_MS, stuck: true });
    await clock.advance(23 * HOUR_MS);
    assert.deepEqual([task.outcome(), stuck.length, pool.workers.length], ['open', 0, 1]);
    await pool.terminate();
  });

  test('is ended at the limit: its task fails, and another worker takes its place', async () => {
    const { clock, pool, stuck, play } = await makeRig({ watchdog: { stuckAfter: 500 }, cancelGrace: 50 });
    const [before] = pool.workers;
    const task = play({ ms: HOUR_MS, stuck: true });
    await clock.advance(499);
    assert.equal(task.outcome(), 'open');
    await clock.advance(500);
    assert.equal(task.outcome(), 'ERR_WORKER_STUCK');
    assert.deepEqual(
      stuck.map(({ reason, action, workerId }) => [reason, action, workerId]),
      [['limit', 'end', before?.id]],
    );
    await clock.advance(200);
    assert.equal(pool.workers.length, 1);
    assert.notEqual(pool.workers[0]?.id, before?.id);
    await pool.close();
  });

  test('is ended within an interval of the limit', async () => {
    const { clock, pool, stuck, play } = await makeRig({ watchdog: { stuckAfter: 10_000, interval: 1_000 } });
    play({ ms: HOUR_MS, stuck: true });
    await clock.advance(11_001);
    assert.equal(stuck.length, 1);
    assert.ok((stuck[0]?.stillMs ?? 0) >= 10_000 && (stuck[0]?.stillMs ?? 0) < 10_100, String(stuck[0]?.stillMs));
    await pool.terminate();
  });

  test('has its task retried elsewhere where the options say so', async () => {
    const { clock, pool, stuck, play } = await makeRig({ watchdog: { stuckAfter: 200 }, cancelGrace: 20, retry: { attempts: 2, backoff: 0 } });
    const task = play({ ms: HOUR_MS, stuck: true }, 2);
    await clock.advance(5_000);
    assert.equal(task.outcome(), 'ERR_WORKER_STUCK');
    assert.deepEqual(
      stuck.map(({ tasks }) => tasks[0]?.attempt),
      [1, 2],
    );
    await pool.close();
  });

  test('is not watched when the option says so', async () => {
    const { clock, pool, stuck, play } = await makeRig({ watchdog: false });
    const task = play({ ms: HOUR_MS, stuck: true });
    await clock.advance(HOUR_MS - 1);
    assert.deepEqual([task.outcome(), stuck.length], ['open', 0]);
    await pool.terminate();
  });

  test('and that answers late was never stuck: long tasks that leave the event loop free are healthy under any limit', async () => {
    const { clock, pool, stuck, play } = await makeRig({ watchdog: { stuckAfter: 100, interval: 10 } });
    const task = play({ ms: 60_000 });
    await clock.advance(60_100);
    assert.deepEqual([task.outcome(), stuck.length], ['completed', 0]);
    await pool.close();
  });
});

describe('a pool that is idle', () => {
  test('sets no timer to look at its workers', async () => {
    const { clock, pool, play } = await makeRig({ watchdog: { interval: 100 }, policy: 'fixed' });
    assert.equal(clock.pending, 0);
    play({ ms: 10 });
    await clock.advance(50);
    assert.equal(clock.pending, 1);
    await clock.advance(1_000);
    assert.equal(clock.pending, 0);
    await pool.close();
  });
});
