/** Sizing over time: simulated workers, and a clock that stands still until it is told to move. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ManualClock } from '../runtime/manual-clock.js';
import { seededRandom } from '../runtime/random.js';
import { makeSimulation, SimWorker } from './fixtures/sim-worker.js';
import { normaliseOptions } from './normalise-options.js';
import type { PoolOptions } from './options.js';
import { WorkerPool } from './worker-pool.js';
import type { ScalingPolicy } from '../scheduler/scaler/scaling-policy.js';

function makePool(options: PoolOptions): { clock: ManualClock; pool: WorkerPool; submit(ms: number): void } {
  const clock = new ManualClock(1_000);
  const random = seededRandom(7);
  const simulation = makeSimulation(clock, random);
  const settings = normaliseOptions({ queue: { max: Infinity }, ...options, clock, random });
  const pool = new WorkerPool(settings, 'data:text/javascript,', (workerOptions, host) => new SimWorker(workerOptions, host, simulation));
  let key = 0;
  return { clock, pool, submit: (ms) => void pool.submit('play', [{ ms, outcome: 'ok', key: key++ }]) };
}

describe('sizing by queue depth', () => {
  test('grows in one step when tasks wait, and lets workers go that were idle for 5 s, down to the minimum', async () => {
    const { clock, pool, submit } = makePool({ size: { min: 1, max: 6 }, policy: 'queue-depth' });
    await clock.advance(1_000);
    assert.equal(pool.workers.length, 1);
    for (let i = 0; i < 5; i += 1) submit(2_000);
    await clock.advance(1);
    assert.equal(pool.workers.length, 5, 'one for each task');
    await clock.advance(6_500);
    assert.equal(pool.stats().tasks.completed, 5);
    assert.equal(pool.workers.length, 5, 'idle for less than 5 s');
    await clock.advance(3_000);
    assert.equal(pool.workers.length, 1);
    assert.match(pool.explain(), /idle for 5000 ms/);
    const closing = pool.close();
    await clock.advance(10_000);
    assert.deepEqual(await closing, { returned: [], terminated: 0 });
    assert.equal(clock.pending, 0, 'no timer is left');
  });

  test('never has more workers than the maximum, whatever waits', async () => {
    const { clock, pool, submit } = makePool({ size: { min: 0, max: 3 }, policy: 'queue-depth' });
    for (let i = 0; i < 50; i += 1) submit(300);
    for (let step = 0; step < 40; step += 1) {
      await clock.advance(250);
      assert.ok(pool.stats().workers.total <= 3);
    }
    assert.equal(pool.stats().tasks.completed, 50);
    await clock.advance(20_000);
    assert.equal(pool.workers.length, 0, 'down to none');
    submit(10);
    await clock.advance(1_000);
    assert.equal(pool.stats().tasks.completed, 51, 'and up again');
    const closing = pool.close();
    await clock.advance(10_000);
    await closing;
  });

  test('a pool without workers starts one for a task at once, however seldom its policy is asked', async () => {
    const policy: ScalingPolicy = {
      name: 'hourly',
      intervalMs: 3_600_000,
      initial: () => undefined,
      decide: () => ({ decision: { target: 0, reason: 'no' }, memory: undefined }),
    };
    const { clock, pool, submit } = makePool({ size: { min: 0, max: 2 }, policy });
    for (let round = 1; round <= 3; round += 1) {
      submit(10);
      await clock.advance(500);
      assert.equal(pool.stats().tasks.completed, round);
      void pool.removeWorker(1);
      await clock.advance(100);
      assert.equal(pool.workers.length, 0);
    }
    const closing = pool.close();
    await clock.advance(10_000);
    await closing;
  });

  test('a replacement comes before the old worker goes', async () => {
    const { clock, pool, submit } = makePool({ size: 2, recycle: { afterAge: 5_000 } });
    await clock.advance(1_000);
    let least = Infinity;
    for (let step = 0; step < 300; step += 1) {
      submit(20);
      await clock.advance(50);
      least = Math.min(least, pool.stats().workers.ready);
    }
    assert.equal(least, 2, 'there were always two to serve');
    assert.ok(pool.workers.every(({ ageMs }) => ageMs < 6_000));
    const closing = pool.close();
    await clock.advance(10_000);
    await closing;
  });
});

describe('sizing by the law', () => {
  test('grows to what waits, keeps no more than the load needs, and leaves none behind', async () => {
    const { clock, pool, submit } = makePool({ size: { min: 0, max: 6 }, policy: 'adaptive' });
    for (let i = 0; i < 30; i += 1) submit(400);
    await clock.advance(2_000);
    assert.equal(pool.workers.length, 6);
    assert.match(pool.explain(), /policy adaptive wanted/);
    await clock.advance(2_000);
    assert.equal(pool.stats().tasks.completed, 30);
    await clock.advance(60_000);
    assert.equal(pool.workers.length, 0, 'nothing came for three idle timeouts');
    submit(10);
    await clock.advance(1_000);
    assert.equal(pool.stats().tasks.completed, 31, 'and up again');
    const closing = pool.close();
    await clock.advance(10_000);
    await closing;
    assert.equal(clock.pending, 0, 'no timer is left');
  });
});
