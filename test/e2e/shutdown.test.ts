/** The end of a pool: in two phases, at once, twice, in the middle of things; and that nothing is left of it. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { describe, test } from 'node:test';
import type { WorkerKind } from 'millrace';
import { gateFile, moduleFile, turn, until, whileExecuting } from './gates.js';
import { ALL, errorOf, makePool, REMOTE, tasksUrl, withPool } from './kinds.js';

const timeout = 180_000;

for (const kind of ALL) {
  describe(`the end of a pool of ${kind} workers`, { timeout }, () => {
    test('close finishes what was accepted, and takes nothing more', async () => {
      await withPool(kind, { size: 2, concurrency: 1, retry: { attempts: 2, backoff: 5 } }, async (pool) => {
        const events: string[] = [];
        pool.on('closing', () => events.push('closing'));
        pool.on('closed', ({ cancelled, terminated }) => events.push(`closed ${cancelled} ${terminated}`));
        const work = [pool.run('later', 20, 'a'), pool.run('failTimes', 1), pool.run('echo', 'b'), pool.submit('echo', ['c'], { delay: 20 }).result];
        const closing = pool.close();
        assert.equal(await errorOf(pool.run('echo', 1)).then(({ code }) => code), 'ERR_POOL_CLOSED');
        for (const refused of [() => pool.addWorker(), () => pool.removeWorker(), () => pool.broadcast('echo', 1), () => pool.recycleWorkers()]) {
          assert.equal((await errorOf(refused())).code, 'ERR_POOL_CLOSED');
        }
        assert.throws(() => pool.resize(3), { code: 'ERR_POOL_CLOSED' });
        assert.deepEqual(await Promise.all(work), ['a', 2, 'b', 'c']);
        assert.deepEqual(await closing, { returned: [], terminated: 0 });
        assert.deepEqual(events, ['closing', 'closed 0 0']);
        assert.deepEqual([pool.workers, pool.stats().tasks.inFlight], [[], 0]);
      });
    });

    test('at the limit what never started comes back with its arguments, and what runs is told to stop', async () => {
      await withPool(kind, { size: 1, concurrency: 1 }, async (pool) => {
        const running = pool.submit('untilAborted', []);
        await whileExecuting(running);
        const queued = pool.submit('echo', [{ n: 1 }], { priority: 'high', correlationId: 'c-9' });
        const delayed = pool.submit('echo', ['later'], { delay: '1h' });
        const closing = pool.close({ timeout: 30 });
        const early = await errorOf(delayed.result);
        assert.deepEqual(
          [early.code, early.started, running.state],
          ['ERR_TASK_CANCELLED', false, 'EXECUTING'],
          'what cannot be due in time comes back at once',
        );
        const { returned, terminated } = await closing;
        assert.equal(terminated, 1);
        assert.deepEqual(
          returned.map(({ id, name, args, priority, correlationId }) => [id, name, args, priority, correlationId]),
          [
            [queued.id, 'echo', [{ n: 1 }], 'high', 'c-9'],
            [delayed.id, 'echo', ['later'], 'normal', delayed.id],
          ],
          'in the order of their submission',
        );
        for (const [task, started] of [
          [running, true],
          [queued, false],
        ] as const) {
          const error = await errorOf(task.result);
          assert.deepEqual([error.code, error.started, task.state], ['ERR_TASK_CANCELLED', started, 'CANCELLED']);
        }
        assert.deepEqual((queued.getError() as { args: unknown }).args, [{ n: 1 }]);
      });
    });

    test('functions that ignore being told to stop are waited for no longer than cancelGrace', async () => {
      await withPool(kind, { size: 1, concurrency: 1, cancelGrace: 20, stopTimeout: '1h' }, async (pool) => {
        const gate = gateFile();
        const running = pool.submit('untilFile', [gate.path]);
        await whileExecuting(running);
        const outcome = errorOf(running.result);
        assert.deepEqual(await pool.close({ timeout: 0 }), { returned: [], terminated: 1 });
        assert.equal((await outcome).code, 'ERR_TASK_CANCELLED');
        gate.open();
      });
    });

    test('tasks that were sent ahead and have not begun come back as well', async () => {
      // On a busy machine the pool may try to take the first back just as it begins: until the worker knows, others pass it. Then it is done once more.
      while ((await sentAheadComeBack(kind)) < 20);
    });

    test('a paused pool gives back what it holds', async () => {
      await withPool(kind, { size: 1, queue: { max: 2, whenFull: 'wait' } }, async (pool) => {
        await pool.ready();
        pool.pause();
        const tasks = [pool.submit('echo', [1]), pool.submit('echo', [2], { delay: 1 }), pool.submit('echo', [3])];
        const { returned } = await pool.close();
        assert.deepEqual(returned.map(({ id }) => id).sort(), tasks.map(({ id }) => id).sort());
        for (const task of tasks) assert.equal((await errorOf(task.result)).code, 'ERR_TASK_CANCELLED');
      });
    });

    test('terminate ends at once, during a close too, and every call gets the one report', async () => {
      await withPool(kind, { size: 1, concurrency: 1 }, async (pool) => {
        const running = pool.submit('untilAborted', []);
        await whileExecuting(running);
        const queued = pool.submit('echo', [1]);
        const closing = [pool.close({ timeout: '1h' }), pool.close({ timeout: 1 })];
        await turn();
        assert.equal(running.state, 'EXECUTING', 'the first close decides the limit');
        const report = await pool.terminate();
        assert.deepEqual([report.returned.map(({ id }) => id), report.terminated], [[queued.id], 1]);
        for (const each of await Promise.all([...closing, pool.close(), pool.terminate()])) assert.equal(each, report);
        assert.deepEqual([running.state, queued.state], ['CANCELLED', 'CANCELLED']);
      });
    });

    test('await using closes it', async () => {
      let work: Promise<unknown>;
      const seen = await (async () => {
        await using pool = makePool(kind, { size: 1 });
        work = pool.run('later', 10, 'done');
        return pool;
      })();
      assert.equal(await work!, 'done');
      assert.equal(seen.workers.length, 0);
      assert.equal((await errorOf(seen.run('add', 1, 2))).code, 'ERR_POOL_CLOSED');
    });

    test('everything that waits for the pool is told', async () => {
      const pool = makePool(kind, { size: 1, concurrency: 1, queue: { max: 2, whenFull: 'wait' } });
      const gate = gateFile();
      const running = pool.submit('untilFile', [gate.path]);
      const waiting = Array.from({ length: 4 }, () => pool.submit('echo', [1]));
      const map = pool.map('echo', [1, 2, 3]);
      const read = errorOf(
        (async () => {
          for await (const value of map) void value;
        })(),
      );
      const told = [pool.idle(), pool.drained(), pool.ready().catch(() => undefined)];
      await turn();
      gate.open();
      await pool.terminate();
      await Promise.all(told);
      assert.equal((await read).code, 'ERR_TASK_CANCELLED');
      for (const task of [running, ...waiting]) assert.ok(task.isComplete());
      await pool.idle();
      await pool.drained();
    });

    test('leaves no handle, no listener and no worker', async () => {
      const before = new Map(count(process.getActiveResourcesInfo()));
      const listeners = process.eventNames().map((name) => [name, process.listenerCount(name)]);
      for (let round = 0; round < 3; round += 1) {
        const pool = makePool(kind, { size: 2, timeout: '1h', deadline: '1h', recycle: { afterAge: '1h' } });
        await Promise.all([pool.run('add', 1, 2), pool.run('count', 3).then((stream) => stream.return()), pool.run('later', 5)]);
        await pool.close();
      }
      await until(() => count(process.getActiveResourcesInfo()).every(([kind, number]) => kind === 'Immediate' || number <= (before.get(kind) ?? 0)));
      assert.deepEqual(
        process.eventNames().map((name) => [name, process.listenerCount(name)]),
        listeners,
      );
    });
  });

  describe(`a process with a pool of ${kind} workers`, { timeout }, () => {
    test('lives while there is work, ends when there is none, and needs no close for it', async () => {
      const program = `import { createPool } from ${JSON.stringify(import.meta.resolve('millrace'))};
        const pool = createPool(new URL(${JSON.stringify(tasksUrl.href)}), { worker: ${JSON.stringify(kind)}, size: 2, healthInterval: 50 });
        await pool.ready();
        pool.run('later', 300, 'worked').then(console.log);
        pool.submit('echo', ['delayed'], { delay: 200 }).result.then(console.log);`;
      const { code, output, ms } = await runProgram(program);
      assert.deepEqual([code, output.trim().split('\n').sort()], [0, ['delayed', 'worked']]);
      assert.ok(ms < 20_000);
    });

    test('ends with a pool that nobody used', async () => {
      const { code } = await runProgram(`import { createPool } from ${JSON.stringify(import.meta.resolve('millrace'))};
        createPool(new URL(${JSON.stringify(tasksUrl.href)}), { worker: ${JSON.stringify(kind)}, size: 2 });`);
      assert.equal(code, 0);
    });
  });
}

for (const kind of REMOTE) {
  describe(`the end of a pool of ${kind} workers that are stuck`, { timeout }, () => {
    test('close ends a function that does not stop after the grace, not after the time of a stop hook', async () => {
      for (const end of ['close', 'terminate'] as const) {
        await withPool(kind, { size: 1, cancelGrace: 50, stopTimeout: '1h' }, async (pool) => {
          const stuck = pool.submit('spinForever', []);
          await whileExecuting(stuck);
          const report = await (end === 'close' ? pool.close({ timeout: 0 }) : pool.terminate());
          assert.deepEqual(report, { returned: [], terminated: 1 });
          assert.equal((await errorOf(stuck.result)).code, 'ERR_TASK_CANCELLED');
        });
      }
    });

    test('a worker that leaves with a task sent ahead, which is cancelled, has left', async () => {
      for (let round = 0; round < 5; round += 1) {
        await withPool(kind, { size: 1 }, async (pool) => {
          await pool.ready();
          const task = pool.submit('echo', [1]);
          await Promise.resolve();
          const removed = pool.removeWorker(1);
          task.cancel();
          await removed;
          assert.equal(await pool.run('add', 1, 2), 3);
        });
      }
    });
  });
}

/** Closes a pool that holds one task and has 20 behind it; returns how many of them came back. */
async function sentAheadComeBack(kind: WorkerKind): Promise<number> {
  let cameBack = 0;
  await withPool(kind, { size: 1, concurrency: 1 }, async (pool) => {
    await Promise.all(Array.from({ length: 200 }, () => pool.run('echo', 1)));
    const gate = gateFile();
    const tasks = [pool.submit('untilFile', [gate.path]), ...Array.from({ length: 20 }, (_, i) => pool.submit('echo', [i]))];
    await whileExecuting(tasks[0] as (typeof tasks)[0]);
    const closing = pool.close({ timeout: 0 });
    gate.open();
    const { returned, terminated } = await closing;
    const ends = await Promise.all(
      tasks.map((task) =>
        task.result.then(
          () => 'done',
          ({ started }: { started: boolean }) => (started ? 'told' : 'back'),
        ),
      ),
    );
    assert.deepEqual(
      returned.map(({ id }) => id),
      tasks.filter((_, index) => ends[index] === 'back').map(({ id }) => id),
      'in their order',
    );
    assert.equal(terminated, ends.filter((end) => end === 'told').length);
    cameBack = returned.length;
  });
  return cameBack;
}

function count(resources: readonly string[]): [string, number][] {
  const counts = new Map<string, number>();
  for (const resource of resources) counts.set(resource, (counts.get(resource) ?? 0) + 1);
  return [...counts];
}

async function runProgram(text: string): Promise<{ code: number | null; output: string; ms: number }> {
  const start = performance.now();
  const child = spawn(process.execPath, [moduleFile('program.mjs', text)], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => (output += chunk));
  const code = await new Promise<number | null>((resolve) => {
    child.once('close', resolve);
  });
  return { code, output, ms: performance.now() - start };
}
