/** How many tasks workers are sent ahead, over simulated workers: by the service times that they tell, and out of a long queue. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { cpuLimit } from '../runtime/limits.js';
import { ManualClock } from '../runtime/manual-clock.js';
import type { Task, TaskOptions } from '../task/types.js';
import { withSim, WORKERS } from './fixtures/overload-sim.js';
import type { OverloadSim } from './fixtures/overload-sim.js';
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

test('what a busy worker was sent ahead is taken back from the last to the first, so that it cannot go on with one that came later', async () => {
  const clock = new ManualClock(1_000);
  const random = (): number => 0.5;
  const taken: number[] = [];
  class Watched<T extends WorkerTask> extends SimWorker<T> {
    override serviceMs(): number {
      return 0.01;
    }
    override revoke(task: T): boolean {
      taken.push((task.args[0] as { readonly key: number }).key);
      return super.revoke(task);
    }
  }
  const simulation = makeSimulation(clock, random);
  const settings = normaliseOptions({ size: 1, clock, random });
  const pool = new WorkerPool(settings, 'data:text/javascript,', (options, host) => new Watched(options, host, simulation));
  await clock.advance(100);
  const submit = (key: number, ms: number): Promise<unknown> => pool.submit('play', [{ ms, outcome: 'ok', key }]).result;
  await Promise.all([submit(0, 1), clock.advance(5)]);
  // Slots are used again in the opposite order.
  await Promise.all([submit(1, 1), submit(2, 1), submit(3, 1), clock.advance(20)]);
  const tasks = Promise.all([submit(10, 30), ...[11, 12, 13, 14, 15].map((key) => submit(key, 1))]);
  await clock.advance(15);
  assert.deepEqual(taken, [15, 14, 13, 12, 11, 10]);
  await clock.advance(100);
  await tasks;
  await pool.terminate();
});

/** A pool in which workers want all cores, of workers that tell how quick they are, and have told it. */
async function withQuick(
  serviceMs: () => number,
  run: (pool: WorkerPool, clock: ManualClock, play: (options?: TaskOptions) => Task) => Promise<void>,
): Promise<void> {
  const clock = new ManualClock(1_000);
  const random = (): number => 0.5;
  class Quick<T extends WorkerTask> extends SimWorker<T> {
    override readonly prefetchMax: number = 1_024;
    override serviceMs(): number {
      return serviceMs();
    }
  }
  const simulation = makeSimulation(clock, random);
  const settings = normaliseOptions({ size: Math.max(2, cpuLimit().cpus), clock, random });
  const pool = new WorkerPool(settings, 'data:text/javascript,', (options, host) => new Quick(options, host, simulation));
  const play = (options: TaskOptions = {}): Task => pool.submit('play', [{ ms: 1, outcome: 'ok', key: (key += 1) }], options);
  await clock.advance(100);
  const first = Array.from({ length: 4 * settings.size.max }, () => play().result);
  await clock.advance(20);
  await Promise.all(first);
  await run(pool, clock, play);
  await pool.terminate();
}

test('one worker gets some ms of tasks of next to no work where another would take a core from it, and gives them back for one that is due before', async () => {
  await withQuick(
    () => 0.002,
    async (pool, clock, play) => {
      const tasks = Array.from({ length: 900 }, () => play());
      const each = Promise.allSettled(tasks.map((task) => task.result));
      await clock.advance(0.5);
      assert.ok(pool.stats().tasks.inFlight > 800, `${pool.stats().tasks.inFlight} in flight`);
      assert.equal(pool.stats().workers.busy, 1);
      await clock.advance(1);
      const urgent = play({ priority: 'critical' });
      await clock.advance(3);
      assert.equal(urgent.state, 'COMPLETED');
      assert.ok(tasks.filter((task) => task.state === 'COMPLETED').length < 20);
      await pool.terminate();
      await each;
    },
  );
});

test('tasks that turn out to be longer come back to those that are idle', async () => {
  let serviceMs = 0.002;
  await withQuick(
    () => serviceMs,
    async (pool, clock, play) => {
      const all = Promise.all(Array.from({ length: 900 }, () => play().result));
      await clock.advance(0.5);
      assert.equal(pool.stats().workers.busy, 1);
      serviceMs = 1;
      await clock.advance(10);
      assert.equal(pool.stats().workers.busy, Math.max(2, cpuLimit().cpus));
      assert.ok(pool.stats().tasks.inFlight < 900 - 10, `${pool.stats().tasks.inFlight} in flight`);
      await clock.advance(900);
      await all;
    },
  );
});

/** Of a simulated worker. */
const AHEAD_MAX = 5;

let key = 1e6;

function submit(sim: OverloadSim, ms: number, options: TaskOptions = {}): ReturnType<OverloadSim['pool']['submit']> {
  return sim.pool.submit('play', [{ key: (key += 1), ms, outcome: 'ok' }], options);
}

function inFlight(sim: OverloadSim): number {
  return sim.pool.stats().tasks.inFlight;
}

describe('a worker of short tasks', { timeout: 180_000 }, () => {
  test('holds a reserve out of a long queue, which shrinks with it', async () => {
    await withSim(1, {}, async (sim) => {
      for (let count = 0; count < 800; count += 1) submit(sim, 1);
      await sim.clock.advance(10);
      assert.equal(inFlight(sim), WORKERS * (1 + AHEAD_MAX));
      await sim.clock.advance(80);
      assert.ok(inFlight(sim) < WORKERS * 3, `${inFlight(sim)} in flight`);
      // All were busy to the end: nobody waited for what another had in reserve.
      await sim.clock.advance(15);
      assert.equal(sim.pool.stats().tasks.completed, 800);
    });
  });

  test('gives it back for a task that is due before it', async () => {
    await withSim(1, {}, async (sim) => {
      for (let count = 0; count < 800; count += 1) submit(sim, 1);
      await sim.clock.advance(10);
      const urgent = submit(sim, 1, { priority: 'critical' });
      await sim.clock.advance(2);
      assert.equal(urgent.state, 'COMPLETED');
      assert.equal(inFlight(sim), WORKERS, 'no reserve while priorities compete');
      await sim.clock.advance(120);
      assert.equal(sim.pool.stats().tasks.completed, 801);
    });
  });

  test('gives it back when the pool is paused, and gets it again', async () => {
    await withSim(1, {}, async (sim) => {
      for (let count = 0; count < 800; count += 1) submit(sim, 1);
      await sim.clock.advance(10);
      sim.pool.pause();
      assert.equal(inFlight(sim), WORKERS, 'what has begun');
      const begun = sim.pool.stats().tasks.completed + WORKERS;
      await sim.clock.advance(50);
      assert.deepEqual([inFlight(sim), sim.pool.stats().tasks.completed], [0, begun]);
      sim.pool.resume();
      await sim.clock.advance(100);
      assert.equal(sim.pool.stats().tasks.completed, 800);
    });
  });

  test('begins while a long run of tasks is still being submitted', async () => {
    await withSim(1, {}, async (sim) => {
      for (let count = 0; count < 32; count += 1) submit(sim, 1);
      assert.equal(inFlight(sim), 0);
      const last = submit(sim, 1);
      assert.deepEqual([inFlight(sim), last.state], [WORKERS, 'QUEUED']);
      await sim.clock.advance(20);
      assert.equal(sim.pool.stats().tasks.completed, 33);
    });
  });

  test('gives it back when a function takes long unexpectedly', async () => {
    await withSim(1, {}, async (sim) => {
      const tasks = Array.from({ length: 200 }, () => submit(sim, 1));
      await sim.clock.advance(5);
      const long = submit(sim, 300);
      for (let count = 0; count < 800; count += 1) tasks.push(submit(sim, 1));
      await sim.clock.advance(250);
      assert.equal(long.state, 'EXECUTING');
      assert.ok(tasks.every(({ state }) => state === 'COMPLETED'));
    });
  });

  for (const [reason, options] of [
    ['its tasks may get a second attempt', { hedge: { after: 50 } }],
    ['bulkheads count what it holds', { bulkheads: { other: 100 } }],
  ] as const) {
    test(`holds none where ${reason}`, async () => {
      await withSim(1, options, async (sim) => {
        for (let count = 0; count < 800; count += 1) submit(sim, 2);
        await sim.clock.advance(11);
        assert.equal(inFlight(sim), WORKERS);
      });
    });
  }
});

/** Calls of `setTimer` with a delay of `ms` from now on. */
function countTimers(sim: OverloadSim, ms: number): () => number {
  const { clock } = sim;
  const setTimer = clock.setTimer.bind(clock);
  let count = 0;
  clock.setTimer = (delayMs, fn) => {
    if (delayMs === ms) count += 1;
    return setTimer(delayMs, fn);
  };
  return () => count;
}

describe('a worker of tasks that take tens of ms', { timeout: 180_000 }, () => {
  test('holds one ahead out of a long queue, and none at its end', async () => {
    await withSim(1, {}, async (sim) => {
      for (let count = 0; count < 160; count += 1) submit(sim, 20);
      await sim.clock.advance(30);
      const looks = countTimers(sim, 2);
      let turns = 0;
      const defer = sim.clock.defer.bind(sim.clock);
      sim.clock.defer = (fn) => {
        turns += 1;
        defer(fn);
      };
      for (let ms = 30; ms < 290; ms += 1) {
        assert.equal(inFlight(sim), WORKERS * 2, `after ${ms} ms`);
        await sim.clock.advance(1);
      }
      assert.equal(looks(), 0, 'nobody looks every 2 ms whether one of them is stuck');
      assert.ok(turns <= 13 * WORKERS * 2, `${turns} turns for ${13 * WORKERS} answers`);
      await sim.clock.advance(75);
      assert.equal(inFlight(sim), WORKERS);
      await sim.clock.advance(40);
      assert.equal(sim.pool.stats().tasks.completed, 160);
    });
  });

  test('holds none out of a short queue, nor of tasks that are longer still', async () => {
    await withSim(1, {}, async (sim) => {
      for (let count = 0; count < 4 * WORKERS; count += 1) submit(sim, 20);
      await sim.clock.advance(30);
      assert.equal(inFlight(sim), WORKERS);
      await sim.clock.advance(100);
      for (let count = 0; count < 1_000; count += 1) submit(sim, 2_000);
      await sim.clock.advance(60_000);
      assert.equal(inFlight(sim), WORKERS);
    });
  });

  for (const [reason, options] of [
    ['waits are bounded', { queue: { maxWait: 1_000 } }],
    ['those of a level are', { queue: { levels: { urgent: { headStart: 0, maxWait: 500 }, normal: 1_000 } } }],
    ['there is overload control', { overload: 'adaptive' }],
    ['waits decide how many workers there are', { size: { min: WORKERS, max: WORKERS + 1 }, policy: 'fixed' }],
  ] as const) {
    test(`holds none where ${reason}`, async () => {
      await withSim(1, options, async (sim) => {
        for (let count = 0; count < 160; count += 1) submit(sim, 20, { priority: 'normal' });
        await sim.clock.advance(30);
        assert.equal(inFlight(sim), WORKERS);
      });
    });
  }

  test('gives it back within some tasks when one takes long unexpectedly, though others have enough to do', async () => {
    await withSim(1, {}, async (sim) => {
      const tasks = Array.from({ length: 40 }, () => submit(sim, 20));
      const long = submit(sim, 3_000);
      for (let count = 0; count < 1_000; count += 1) tasks.push(submit(sim, 20));
      await sim.clock.advance(100 + 20 + 60 + 40);
      assert.equal(long.state, 'EXECUTING');
      const first = tasks.findIndex(({ state }) => state !== 'COMPLETED');
      assert.ok(
        tasks.slice(first + 2 * WORKERS).every(({ state }) => state === 'QUEUED'),
        'order holds but for what is under way',
      );
    });
  });

  test('gives it back at once when the queue is empty', async () => {
    await withSim(1, {}, async (sim) => {
      const tasks = Array.from({ length: 2 * WORKERS }, () => submit(sim, 40));
      const long = submit(sim, 3_000);
      for (let count = 1; count < 6 * WORKERS; count += 1) tasks.push(submit(sim, 5));
      await sim.clock.advance(42);
      assert.equal(inFlight(sim), 2 * WORKERS);
      await sim.clock.advance(83);
      assert.equal(long.state, 'EXECUTING');
      assert.ok(tasks.every(({ state }) => state === 'COMPLETED'));
    });
  });
});
