/** Workers that come and go: added, removed, resized, recycled, sick; and the work that goes on meanwhile. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { createPool } from 'millrace';
import type { Pool, PoolEvents, ScalingPolicy } from 'millrace';
import type { HookedData } from './fixtures/hooked.js';
import { freshPath, gateFile, journal, turn, until, whileExecuting } from './gates.js';
import { ALL, errorOf, makePool, nextEvent, REMOTE, withPool } from './kinds.js';
import type { Tasks } from './kinds.js';

const timeout = 180_000;
const hookedUrl = new URL('./fixtures/hooked.js', import.meta.url);

/** Grows with the queue, and lets go of workers idle for `idleMs`. */
function eager(idleMs: number): ScalingPolicy {
  return {
    name: 'eager',
    intervalMs: 5,
    initial: () => undefined,
    decide: ({ workers, queueDepth, idleMs: idle }) => ({
      decision:
        queueDepth > 0
          ? { target: workers + queueDepth, reason: 'tasks wait' }
          : { target: workers - idle.filter((ms) => ms >= idleMs).length, reason: 'some idle' },
      memory: undefined,
    }),
  };
}

function ready(pool: Pool<Tasks>): string[] {
  return pool.workers.filter((worker) => worker.state === 'ready').map((worker) => worker.id);
}

for (const kind of ALL) {
  describe(`a pool of ${kind} workers`, { timeout }, () => {
    test('grows under load up to its maximum, and shrinks to its minimum when workers are idle', async () => {
      await withPool(kind, { size: { min: 1, max: 3 }, concurrency: 1, policy: eager(20) }, async (pool) => {
        const scaled: PoolEvents['scaled'][] = [];
        pool.on('scaled', (event) => scaled.push(event));
        const gate = gateFile();
        const tasks = Array.from({ length: 6 }, () => pool.submit('untilFile', [gate.path]));
        await whileExecuting(...tasks.slice(0, 3));
        assert.deepEqual([pool.workers.length, pool.stats().queue.depth], [3, 3]);
        gate.open();
        await Promise.all(tasks.map((task) => task.result));
        await until(() => pool.workers.length === 1);
        assert.ok(scaled.some(({ from, to, cause, policy }) => from === 1 && to === 3 && cause === 'policy' && policy === 'eager'));
        assert.equal(scaled.at(-1)?.to, 1);
        assert.match(pool.explain(), /1 workers \(min 1, max 3, wanted 1\).*eager.*some idle/);
      });
    });

    test('with the default policy grows at once and keeps nothing waiting that a worker could take', async () => {
      await withPool(kind, { size: { min: 0, max: 2 }, concurrency: 1 }, async (pool) => {
        assert.equal(pool.workers.length, 0);
        const gate = gateFile();
        const tasks = [pool.submit('untilFile', [gate.path]), pool.submit('untilFile', [gate.path])];
        await whileExecuting(...tasks);
        assert.equal(pool.workers.length, 2);
        gate.open();
        await pool.idle();
      });
    });

    test('of no workers starts one for a task, whatever its policy', async () => {
      await withPool(kind, { size: { min: 0, max: 2 }, policy: 'fixed' }, async (pool) => {
        assert.equal(await pool.run('add', 1, 2), 3);
      });
      await withPool(kind, { size: 2 }, async (pool) => {
        await pool.ready();
        await pool.removeWorker(2);
        assert.equal(pool.workers.length, 0);
        assert.equal(await pool.run('add', 1, 2), 3);
      });
    });

    test('of no workers starts one when asked to be ready', async () => {
      await withPool(kind, { size: { min: 0, max: 2 } }, async (pool) => {
        await pool.ready();
        assert.equal(ready(pool).length, 1);
      });
    });

    test('adds workers at once, and is ready with them when addWorker resolves', async () => {
      await withPool(kind, { size: 1 }, async (pool) => {
        await pool.ready();
        const scaled = nextEvent(pool, 'scaled');
        await pool.addWorker(2);
        assert.equal(ready(pool).length, 3);
        assert.deepEqual(await scaled, { from: 1, to: 3, cause: 'manual', policy: 'fixed', reason: 'addWorker(2)' });
        const { min, max } = pool.stats().workers;
        assert.deepEqual([min, max], [3, 3], 'a pool of fixed size is one of the new size');
      });
    });

    test('adds to the workers it was made with, asked before the first has started', async () => {
      await withPool(kind, { size: { min: 2, max: 8 }, policy: 'fixed' }, async (pool) => {
        await pool.addWorker(1);
        assert.equal(ready(pool).length, 3);
      });
      await withPool(kind, { size: 3 }, async (pool) => {
        await pool.removeWorker(1);
        await pool.ready();
        await until(() => pool.stats().workers.starting === 0);
        assert.equal(ready(pool).length, 2);
      });
    });

    test('removes workers without losing what they run', async () => {
      await withPool(kind, { size: 3, concurrency: 2 }, async (pool) => {
        await pool.ready();
        await until(() => ready(pool).length === 3);
        const gate = gateFile();
        const running = Array.from({ length: 6 }, () => pool.submit('untilFile', [gate.path]));
        await whileExecuting(...running);
        const waiting = Array.from({ length: 6 }, (_, i) => pool.run('echo', i));
        const removed = pool.removeWorker(2);
        await turn();
        assert.deepEqual(pool.workers.map((worker) => worker.state).sort(), ['draining', 'draining', 'ready']);
        gate.open();
        await removed;
        assert.equal(pool.workers.length, 1);
        assert.deepEqual(await Promise.all(waiting), [0, 1, 2, 3, 4, 5]);
        for (const task of running) assert.equal(await task.result, gate.path);
        assert.deepEqual(
          running.map((task) => task.attempts),
          [1, 1, 1, 1, 1, 1],
        );
      });
    });

    test('resizes at once in both directions', async () => {
      await withPool(kind, { size: { min: 1, max: 2 } }, async (pool) => {
        await pool.ready();
        pool.resize({ min: 3, max: 4 });
        await until(() => ready(pool).length === 3);
        pool.resize({ max: 3 });
        assert.deepEqual([pool.stats().workers.min, pool.stats().workers.max], [3, 3]);
        pool.resize(1);
        await until(() => pool.workers.length === 1);
        assert.throws(() => pool.resize({ min: 3, max: 2 }), { code: 'ERR_OPTION' });
        assert.equal(await pool.run('add', 1, 2), 3);
      });
    });

    test('replaces every worker on request, and loses nothing', async () => {
      await withPool(kind, { size: 2 }, async (pool) => {
        await until(() => ready(pool).length === 2);
        const before = ready(pool);
        const causes: string[] = [];
        pool.on('workerRecycled', ({ cause }) => causes.push(cause));
        const work = Array.from({ length: 50 }, (_, i) => pool.run('later', 2, i));
        await pool.recycleWorkers();
        assert.ok(before.every((id) => !pool.workers.some((worker) => worker.id === id)));
        assert.deepEqual(
          await Promise.all(work),
          Array.from({ length: 50 }, (_, i) => i),
        );
        assert.deepEqual(causes, ['manual', 'manual']);
      });
    });

    test('replaces every worker also when it is made smaller meanwhile', async () => {
      await withPool(kind, { size: 3 }, async (pool) => {
        await until(() => ready(pool).length === 3);
        const recycled = pool.recycleWorkers();
        pool.resize(1);
        await recycled;
        await until(() => ready(pool).length === 1 && pool.workers.length === 1);
        assert.equal(await pool.run('add', 1, 2), 3);
      });
    });

    test('replaces a worker after so many tasks, or at an age', async () => {
      await withPool(kind, { size: 1, concurrency: 1, recycle: { afterTasks: 3 } }, async (pool) => {
        const seen: string[] = [];
        for (let i = 0; i < 7; i += 1) seen.push((await pool.run('whoAmI')).workerId);
        assert.equal(new Set(seen).size, 3, seen.join(' '));
        assert.ok([...new Set(seen)].every((id) => seen.filter((each) => each === id).length <= 3));
      });
      await withPool(kind, { size: 1, recycle: { afterAge: 30 } }, async (pool) => {
        const [recycled, began] = [nextEvent(pool, 'workerRecycled'), nextEvent(pool, 'workerReady') as Promise<PoolEvents['workerReady']>];
        const { workerId: first } = await began;
        assert.deepEqual(await recycled, { workerId: first, kind, cause: 'age' });
        await until(() => ready(pool).length === 1 && ready(pool)[0] !== first);
      });
    });

    test('replaces a worker whose health check fails', async () => {
      const data: HookedData = { journal: journal().path, sick: freshPath('sick') };
      const pool = createPool<typeof import('./fixtures/hooked.js')>(hookedUrl, { worker: kind, size: 1, workerData: data, healthInterval: 10 });
      try {
        const first = await pool.run('name');
        const recycled = new Promise<PoolEvents['workerRecycled']>((resolve) => {
          pool.once('workerRecycled', resolve);
        });
        writeFileSync(`${data.sick}-${first}`, '');
        const holding = setInterval(() => undefined, 60_000);
        assert.deepEqual(await recycled, { workerId: first, kind, cause: 'health' });
        clearInterval(holding);
        assert.notEqual(await pool.run('name'), first);
      } finally {
        await pool.terminate();
      }
    });

    test('broadcasts to every worker once, to those that are starting too, in worker order', async () => {
      await withPool(kind, { size: 3 }, async (pool) => {
        const ids = (await pool.broadcast('whoAmI')).map(({ workerId }) => workerId);
        assert.deepEqual(ids, ['pool-1', 'pool-2', 'pool-3'], 'right after the pool was made');
        if (kind !== 'async') {
          await pool.broadcast('setState', 5);
          assert.deepEqual(await pool.broadcast('getState'), [5, 5, 5]);
        }
      });
    });

    test('broadcasts past a full worker, and fails with the error of a worker after all have answered', async () => {
      await withPool(kind, { size: 2, concurrency: 1, retry: { attempts: 3, backoff: 0 }, deadLetters: 10 }, async (pool) => {
        await until(() => ready(pool).length === 2);
        const gate = gateFile();
        const busy = [pool.submit('untilFile', [gate.path]), pool.submit('untilFile', [gate.path])];
        await whileExecuting(...busy);
        assert.equal((await pool.broadcast('whoAmI')).length, 2);
        const error = await errorOf(pool.broadcast('decline', 3));
        assert.equal(error.amount, 3);
        gate.open();
        await pool.idle();
        assert.equal(pool.stats().tasks.retried, 0, 'it is not run again on some other worker');
        assert.equal(pool.deadLetters.size, 0);
        await Promise.all(Array.from({ length: 6 }, (_, i) => pool.run('echo', i)));
        assert.equal((await errorOf(pool.broadcast('nothing' as 'echo', 1))).code, 'ERR_UNKNOWN_FUNCTION');
      });
    });

    test('places tasks round robin, and tasks of one key on one worker', async () => {
      await withPool(kind, { size: 3, placement: 'round-robin' }, async (pool) => {
        await until(() => ready(pool).length === 3);
        const seen: string[] = [];
        for (let i = 0; i < 9; i += 1) seen.push((await pool.run('whoAmI')).workerId);
        for (const id of ready(pool)) assert.equal(seen.filter((each) => each === id).length, 3);
      });
      await withPool(kind, { size: 3, placement: 'affinity' }, async (pool) => {
        await until(() => ready(pool).length === 3);
        const workersOf = async (affinityKey: string): Promise<Set<string>> =>
          new Set((await Promise.all(Array.from({ length: 12 }, () => pool.submit('whoAmI', [], { affinityKey }).result))).map(({ workerId }) => workerId));
        const [first] = await workersOf('user-1');
        assert.deepEqual(await workersOf('user-1'), new Set([first]));
        await workersOf('user-2');
        while (ready(pool).includes(first as string)) await pool.recycleWorkers();
        const again = await workersOf('user-1');
        assert.equal(again.size, 1, 'bound anew, to one worker');
        assert.ok(!again.has(first as string));
      });
    });

    test('places tasks at random and by two choices as well', async () => {
      for (const placement of ['random', 'two-choices'] as const) {
        await withPool(kind, { size: 2, placement }, async (pool) => {
          assert.deepEqual(
            await Promise.all(Array.from({ length: 40 }, (_, i) => pool.run('echo', i))),
            Array.from({ length: 40 }, (_, i) => i),
          );
        });
      }
    });

    test('is never in the way of a shutdown that comes while workers start', async () => {
      for (const end of ['close', 'terminate'] as const) {
        const pool = makePool(kind, { size: 3 });
        const adding = pool.addWorker(2).catch((error: Error) => error);
        const readying = pool.ready().catch((error: Error & { code?: string }) => error.code);
        await pool[end]();
        await adding;
        assert.ok([undefined, 'ERR_POOL_CLOSED'].includes((await readying) as string | undefined));
        assert.equal(pool.workers.length, 0);
        assert.equal((await errorOf(pool.ready())).code, 'ERR_POOL_CLOSED', 'a closed pool is never ready');
      }
    });
  });
}

for (const kind of REMOTE) {
  describe(`a pool of ${kind} workers, each with a heap of its own`, { timeout }, () => {
    test('replaces a worker whose heap has grown over its limit', async () => {
      await withPool(kind, { size: 1, recycle: { afterHeap: '64mb' } }, async (pool) => {
        const { workerId } = await pool.run('whoAmI');
        const recycled = nextEvent(pool, 'workerRecycled');
        for (let round = 0; ready(pool).includes(workerId) && round < 40; round += 1) await pool.run('leak', 4_000_000);
        assert.deepEqual(await recycled, { workerId, kind, cause: 'heap' });
        assert.notEqual((await pool.run('whoAmI')).workerId, workerId);
      });
    });

    test('starts a replacement at once for a worker that died idle', async () => {
      await withPool(kind, { size: 1 }, async (pool) => {
        const { pid } = await pool.run('whoAmI');
        const exited = nextEvent(pool, 'workerExit') as Promise<PoolEvents['workerExit']>;
        if (kind === 'process') process.kill(pid, 'SIGKILL');
        else await pool.run('exitSoon', 4);
        const { reason, exitCode, exitSignal, lostTasks } = await exited;
        assert.deepEqual([reason, exitCode, exitSignal, lostTasks], kind === 'process' ? ['crashed', null, 'SIGKILL', 0] : ['crashed', 4, null, 0]);
        await until(() => ready(pool).length === 1);
        assert.equal(await pool.run('add', 1, 2), 3);
      });
    });
  });
}

describe('a pool on the event loop whose function never ends', { timeout }, () => {
  const module = 'data:text/javascript,export const hang = () => new Promise(() => {}); export const add = (a, b) => a + b;';

  test('has the place back after the grace, and lets its worker go', async () => {
    const pool = createPool<{ hang(): Promise<void>; add(a: number, b: number): number }>(module, { worker: 'async', concurrency: 1, cancelGrace: 20 });
    for (const end of ['timeout', 'cancel'] as const) {
      const hanging = pool.submit('hang', [], end === 'timeout' ? { timeout: 20 } : {});
      await whileExecuting(hanging);
      if (end === 'cancel') hanging.cancel();
      await errorOf(hanging.result);
      assert.equal(await pool.run('add', 1, 2), 3);
    }
    await pool.recycleWorkers();
    assert.equal(await pool.run('add', 2, 2), 4);
    assert.deepEqual(await pool.close(), { returned: [], terminated: 0 });
  });
});
