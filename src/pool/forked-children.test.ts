/** Children of processes that the pool has taken on, over simulated workers. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../runtime/manual-clock.js';
import type { ForkOutcome } from '../worker/remote-forks.js';
import type { WorkerTask } from '../worker/worker.js';
import { makeSimulation, SimWorker } from './fixtures/sim-worker.js';
import { normaliseOptions } from './normalise-options.js';
import type { PoolTask } from './pool-task.js';
import { WorkerPool } from './worker-pool.js';
import type { PoolWorkerHost } from './worker-replies.js';

test('a child that cannot begin, because it would have to wait for its own parent, is given back to it', async () => {
  const clock = new ManualClock(1_000);
  const random = (): number => 0.5;
  class Quick<T extends WorkerTask> extends SimWorker<T> {
    override serviceMs(): number {
      return 0.01;
    }
  }
  const simulation = makeSimulation(clock, random);
  const settings = normaliseOptions({ size: 2, clock, random });
  const workers: SimWorker<PoolTask>[] = [];
  let replies: PoolWorkerHost | undefined;
  const pool = new WorkerPool(settings, 'data:text/javascript,', (options, host) => {
    const worker = new Quick<PoolTask>(options, host, simulation);
    replies = host as PoolWorkerHost;
    workers.push(worker);
    return worker;
  });
  const play = (key: number, ms: number): Promise<unknown> => pool.run('play', { ms, outcome: 'ok', key });
  await clock.advance(100);
  // From now on each is sent tasks ahead.
  await Promise.all([play(1, 1), play(2, 1), clock.advance(20)]);
  const parents = Promise.all([play(3, 1_000), play(4, 1_000)]);
  await clock.advance(5);
  const outcomes: ForkOutcome[] = [];
  for (const [index, worker] of workers.entries()) {
    const [parent] = [...worker.inFlight()] as [PoolTask];
    const cancel = (replies as PoolWorkerHost).onFork?.(
      worker,
      parent,
      'play',
      [{ ms: 1, outcome: 'ok', key: 10 + index }],
      (outcome) => void outcomes.push(outcome),
    );
    if (cancel === undefined) outcomes.push({ type: 'declined' });
  }
  await clock.advance(30);
  assert.deepEqual(outcomes, [{ type: 'declined' }, { type: 'declined' }]);
  await clock.advance(2_000);
  await parents;
  assert.equal(pool.stats().queue.depth, 0);
  await pool.terminate();
});
