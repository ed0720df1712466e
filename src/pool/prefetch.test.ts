/** How many tasks a worker is sent ahead, by the service times that simulated workers tell. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../runtime/manual-clock.js';
import { makeSimulation, SimWorker } from './fixtures/sim-worker.js';
import { normaliseOptions } from './normalise-options.js';
import { WorkerPool } from './worker-pool.js';
import type { WorkerTask } from '../worker/worker.js';

test('one batch in which a worker lost its core does not end what it is sent ahead, two do', async () => {
  const clock = new ManualClock(1_000);
  const random = (): number => 0.5;
  let serviceMs = NaN;
  class Timed<T extends WorkerTask> extends SimWorker<T> {
    override serviceMs(): number {
      return serviceMs;
    }
  }
  const simulation = makeSimulation(clock, random);
  const settings = normaliseOptions({ size: 1, clock, random });
  const pool = new WorkerPool(settings, 'data:text/javascript,', (options, host) => new Timed(options, host, simulation));
  await clock.advance(100);
  const batchOf = async (ms: number): Promise<void> => {
    serviceMs = ms;
    const task = pool.run('play', { ms: 1, outcome: 'ok', key: 1 });
    await clock.advance(5);
    await task;
  };
  /** Of ten tasks, how many the worker holds. */
  const held = async (): Promise<number> => {
    const tasks = Array.from({ length: 10 }, () => pool.submit('play', [{ ms: 1, outcome: 'ok', key: 1 }]));
    const each = Promise.all(tasks.map((task) => task.result));
    await clock.advance(0);
    const count = pool.stats().tasks.inFlight;
    await clock.advance(100);
    await each;
    return count;
  };
  await batchOf(0.01);
  assert.equal(await held(), 6, 'one and five ahead');
  await batchOf(20);
  serviceMs = 0.01;
  assert.equal(await held(), 6);
  await batchOf(20);
  await batchOf(20);
  serviceMs = 20;
  assert.equal(await held(), 1);
  await pool.terminate();
});
