/** Second attempts beside slow ones, over simulated workers: a task's script tells how long each of its executions takes. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { seededRandom } from '../runtime/random.js';
import type { Task, TaskOptions } from '../task/types.js';
import { withSim, WORKERS } from './fixtures/overload-sim.js';
import type { OverloadSim } from './fixtures/overload-sim.js';
import type { PoolEvents } from './events.js';
import type { PoolOptions } from './options.js';

const HEDGED: PoolOptions = { hedge: { after: 50, budget: 1 } };

let key = 1e6;

/** A task whose executions take these times, one after the other, and end as `outcome` says when they end. */
function submit(sim: OverloadSim, times: readonly number[], options: TaskOptions = {}, outcome: () => 'ok' | 'throw' | 'crash' = () => 'ok'): Task {
  let begun = 0;
  const script = {
    key: (key += 1),
    get ms() {
      begun += 1;
      return times[Math.min(begun, times.length) - 1];
    },
    get outcome() {
      return outcome();
    },
  };
  return sim.pool.submit('play', [script], options);
}

function settlements(task: Task): { count: number } {
  const seen = { count: 0 };
  const settled = (): void => {
    seen.count += 1;
  };
  task.result.then(settled, settled);
  return seen;
}

describe('a task that takes unusually long', { timeout: 180_000 }, () => {
  test('gets a second attempt on another worker, whose answer is its result', async () => {
    await withSim(1, HEDGED, async (sim) => {
      const hedged: PoolEvents['hedged'][] = [];
      const completed: PoolEvents['completed'][] = [];
      const dispatched: PoolEvents['dispatched'][] = [];
      sim.pool.on('hedged', (event) => hedged.push(event));
      sim.pool.on('completed', (event) => completed.push(event));
      sim.pool.on('dispatched', (event) => dispatched.push(event));
      const task = submit(sim, [10_000, 5]);
      const { count } = settlements(task);
      assert.equal(count, 0);
      await sim.clock.advance(49);
      assert.equal(hedged.length, 0);
      await sim.clock.advance(10);
      assert.equal(task.state, 'COMPLETED');
      assert.deepEqual([hedged.length, hedged[0]?.taskId, Math.round(hedged[0]?.afterMs ?? 0)], [1, task.id, 50]);
      assert.deepEqual(
        completed.map(({ taskId, workerId }) => [taskId, workerId]),
        [[task.id, hedged[0]?.workerId]],
      );
      assert.equal(new Set(dispatched.map(({ workerId }) => workerId)).size, 2);
      assert.equal(task.attempts, 2);
      const { tasks } = sim.pool.stats();
      assert.deepEqual([tasks.submitted, tasks.completed, tasks.hedged, tasks.hedgesWon], [1, 1, 1, 1]);
      await sim.clock.advance(100);
      assert.equal(sim.pool.stats().workers.idle, WORKERS, 'the other attempt was told to stop, and its place is free');
      assert.equal(sim.pool.stats().workers.total, WORKERS, 'its worker lives');
    });
  });

  test('keeps its own answer when that comes first, and the second attempt is told to stop', async () => {
    await withSim(1, HEDGED, async (sim) => {
      const task = submit(sim, [60, 5_000]);
      await sim.clock.advance(70);
      assert.equal(task.state, 'COMPLETED');
      assert.deepEqual([sim.pool.stats().tasks.hedged, sim.pool.stats().tasks.hedgesWon], [1, 0]);
      await sim.clock.advance(100);
      assert.equal(sim.pool.stats().workers.idle, WORKERS);
      await sim.pool.idle();
    });
  });

  test('goes on when its second attempt fails or takes its worker with it', async () => {
    for (const outcome of ['throw', 'crash'] as const) {
      await withSim(1, HEDGED, async (sim) => {
        const task = submit(sim, [500, 5], {}, () => (sim.clock.now() < 1_500 ? outcome : 'ok'));
        await sim.clock.advance(400);
        assert.equal(task.isComplete(), false);
        await sim.clock.advance(200);
        assert.equal(task.state, 'COMPLETED', outcome);
        assert.equal(sim.pool.stats().tasks.failed, 0);
      });
    }
  });

  test('takes its second attempt with it when it is cancelled, expires or fails', async () => {
    for (const how of ['cancel', 'deadline', 'throw'] as const) {
      await withSim(1, { ...HEDGED, cancelGrace: 10_000 }, async (sim) => {
        const task = submit(sim, [200, 5_000], how === 'deadline' ? { deadline: 100 } : {}, () => 'throw');
        task.result.catch(() => undefined);
        await sim.clock.advance(90);
        assert.equal(sim.pool.stats().tasks.hedged, 1);
        if (how === 'cancel') task.cancel();
        await sim.clock.advance(how === 'throw' ? 150 : 50);
        assert.ok(task.isComplete());
        await sim.pool.idle();
        await sim.clock.advance(100);
        assert.equal(sim.pool.stats().workers.idle, WORKERS, how);
      });
    }
  });

  test('gets none while others wait, while the pool is saturated, without room elsewhere, and unless it is asked for', async () => {
    await withSim(1, HEDGED, async (sim) => {
      for (let n = 0; n < WORKERS + 1; n += 1) submit(sim, [200]);
      await sim.clock.advance(150);
      assert.equal(sim.pool.stats().tasks.hedged, 0);
    });
    await withSim(1, { ...HEDGED, size: 1 }, async (sim) => {
      submit(sim, [200]);
      await sim.clock.advance(300);
      assert.equal(sim.pool.stats().tasks.hedged, 0);
    });
    await withSim(1, {}, async (sim) => {
      submit(sim, [2_000]);
      submit(sim, [2_000], { hedge: { after: 10 } });
      submit(sim, [2_000], { hedge: false });
      await sim.clock.advance(1_500);
      assert.equal(sim.pool.stats().tasks.hedged, 1, 'one that asks for it');
    });
  });

  test('gets one after the 95th percentile of its function, once that is known', async () => {
    await withSim(1, { hedge: { budget: 1 } }, async (sim) => {
      submit(sim, [500]);
      await sim.clock.advance(600);
      assert.equal(sim.pool.stats().tasks.hedged, 0, 'nothing is known');
      const random = seededRandom(3);
      for (let n = 0; n < 300; n += 1) {
        submit(sim, [random() * 100]);
        await sim.clock.advance(25);
      }
      await sim.clock.advance(200);
      const { hedged } = sim.pool.stats().tasks;
      assert.ok(hedged > 0 && hedged < 30, `${hedged} of 200`);
      const after: number[] = [];
      sim.pool.on('hedged', ({ afterMs }) => after.push(afterMs));
      submit(sim, [500, 500]);
      await sim.clock.advance(600);
      assert.ok(after.length === 1 && Math.abs((after[0] as number) - 95) < 12, `after ${after.join(', ')} ms`);
    });
  });
});

describe('second attempts', { timeout: 180_000 }, () => {
  test('are at most 2 % of the first ones', async () => {
    await withSim(1, { hedge: { after: 10 } }, async (sim) => {
      for (let n = 0; n < 2_000; n += 1) {
        submit(sim, [n % 5 === 0 ? 30 : 5]);
        await sim.clock.advance(10);
      }
      const { hedged, submitted } = sim.pool.stats().tasks;
      assert.ok(hedged >= 0.015 * submitted && hedged <= 0.02 * submitted + 3, `${hedged} of ${submitted}`);
    });
  });

  for (const seed of [1, 2, 3, 4, 5]) {
    test(`leave every task one outcome, whatever becomes of its workers (seed ${seed})`, async () => {
      await withSim(seed, { ...HEDGED, retry: { attempts: 3, backoff: 20 }, hedge: { after: 10, budget: 1 }, cancelGrace: 50 }, async (sim) => {
        const random = seededRandom(seed);
        const all: { task: Task; seen: { count: number } }[] = [];
        const outcome = (): 'ok' | 'throw' | 'crash' => (random() < 0.8 ? 'ok' : random() < 0.9 ? 'throw' : 'crash');
        for (let n = 0; n < 300; n += 1) {
          const times = [1, 2, 3, 4].map(() => random() ** 3 * 200);
          const task = submit(sim, times, random() < 0.3 ? { deadline: 150 } : random() < 0.3 ? { timeout: 80 } : {}, outcome);
          all.push({ task, seen: settlements(task) });
          if (random() < 0.1) sim.clock.setTimer(random() * 150, () => task.cancel());
          if (random() < 0.02) for (const worker of sim.simulation.workers) if (random() < 0.5) worker.kill();
          await sim.clock.advance(random() * 25);
        }
        await sim.clock.advance(60_000);
        for (const { seen, task } of all) assert.equal(seen.count, 1, `${task.id} ${task.state}`);
        const { tasks, queue } = sim.pool.stats();
        assert.ok(tasks.hedged > 20, `${tasks.hedged} hedged`);
        assert.equal(tasks.completed + tasks.failed + tasks.cancelled + tasks.rejected, 300);
        assert.deepEqual([tasks.inFlight, queue.depth], [0, 0]);
        await sim.pool.idle();
      });
    });
  }
});
