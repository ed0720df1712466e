/** Workers that die at every step of a task's life, and pools that are changed while they do. Scenarios known from loky's and jest-worker's suites. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Pool, Task } from 'millrace';
import { ALL, errorOf, nextEvent, REMOTE, withPool } from './kinds.js';
import type { Tasks } from './kinds.js';

const timeout = 180_000;
const folder = mkdtempSync(join(tmpdir(), 'millrace-crash-'));
after(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;

/** A file that does not exist yet: tasks that wait for it end when the test opens the gate. */
function gateFile(): { path: string; open(): void } {
  const path = join(folder, `gate-${files++}`);
  return { path, open: () => writeFileSync(path, '') };
}

async function whileExecuting(...tasks: Pick<Task, 'state'>[]): Promise<void> {
  while (!tasks.every((task) => task.state === 'EXECUTING')) await new Promise(setImmediate);
}

/** The pool has as many ready workers as it wants to have. */
async function backToSize(pool: Pool<Tasks>, size: number): Promise<void> {
  while (pool.stats().workers.ready !== size) await nextEvent(pool, 'workerReady');
}

for (const kind of REMOTE) {
  describe(`crashes of ${kind} workers`, { timeout }, () => {
    test('while arguments are decoded', async () => {
      const options = kind === 'thread' ? { size: 1, resourceLimits: { maxOldGenerationSizeMb: 24 } } : { size: 1, execArgv: ['--max-old-space-size=24'] };
      await withPool(kind, options, async (pool) => {
        await pool.ready();
        const huge = Array.from({ length: 1_000 }, () => Array.from({ length: 1_000 }, (_, i) => ({ i })));
        const error = await errorOf(pool.run('echo', huge));
        assert.equal(error.code, 'ERR_WORKER_CRASHED');
        assert.equal(await pool.run('add', 1, 2), 3);
      });
    });

    test('in the task, by an exit, by a signal, by an error outside it', async () => {
      await withPool(kind, { size: 2 }, async (pool) => {
        const crashes = [
          pool.run('exit', 0),
          pool.run('exit', 5),
          pool.run('throwLater'),
          pool.run('rejectLater'),
          ...(kind === 'process' ? [pool.run('killSelf')] : []),
        ];
        for (const error of await Promise.all(crashes.map(errorOf))) assert.equal(error.code, 'ERR_WORKER_CRASHED');
        assert.equal(await pool.run('add', 1, 2), 3);
        await backToSize(pool, 2);
      });
    });

    test('an error outside the task is the cause of the crash', async () => {
      await withPool(kind, { size: 1 }, async (pool) => {
        const error = await errorOf(pool.run('throwLater'));
        assert.match(error.message, /thrown outside the task/);
        assert.equal((error.cause as Error).message, 'thrown outside the task');
      });
    });

    test("while the result is encoded: an exit is a crash, an error is the task's own", async () => {
      await withPool(kind, { size: 1 }, async (pool) => {
        const thrown = await errorOf(pool.run('badGetter'));
        assert.match(thrown.message, /getter/);
        assert.equal((await errorOf(pool.run('exitingGetter'))).code, 'ERR_WORKER_CRASHED');
        assert.equal(await pool.run('add', 1, 2), 3);
      });
    });

    test('a task that asks for it is tried again on another worker, and one that kills two workers is poison', async () => {
      await withPool(kind, { size: 1, retry: { attempts: 5, backoff: 0 }, deadLetters: 10 }, async (pool) => {
        const task = pool.submit('exit', [1]);
        assert.equal((await errorOf(task.result)).code, 'ERR_WORKER_CRASHED');
        assert.equal(task.attempts, 2);
        assert.deepEqual(
          pool.deadLetters.list().map((letter) => [letter.name, letter.reason]),
          [['exit', 'poison']],
        );
        assert.equal(await pool.run('add', 1, 2), 3);
      });
    });

    test('all workers at once while busy', async () => {
      await withPool(kind, { size: 3 }, async (pool) => {
        const gate = gateFile();
        const tasks = Array.from({ length: 3 }, () => pool.submit('untilFile', [gate.path]));
        const waiting = Array.from({ length: 20 }, (_, i) => pool.submit('add', [i, 1]));
        await whileExecuting(...tasks);
        if (kind === 'process') {
          for (const worker of pool.workers) process.kill(worker.pid as number, 'SIGKILL');
          for (const task of tasks) assert.equal((await errorOf(task.result)).code, 'ERR_WORKER_CRASHED');
        } else {
          // Nothing but its own code ends a thread: the broadcast is known to be guilty, so the others are run again.
          assert.equal((await errorOf(pool.broadcast('exit', 9))).code, 'ERR_WORKER_CRASHED');
          gate.open();
          for (const task of tasks) assert.equal(await task.result, gate.path);
          assert.equal(pool.stats().tasks.requeued, 3);
        }
        assert.deepEqual(
          await Promise.all(waiting.map((task) => task.result)),
          waiting.map((_, i) => i + 1),
        );
        await backToSize(pool, 3);
      });
    });

    test('one guilty task: the others in flight on its worker are run elsewhere', async () => {
      await withPool(kind, { size: 1, concurrency: 4 }, async (pool) => {
        await pool.ready();
        const gate = gateFile();
        const others = Array.from({ length: 3 }, () => pool.submit('untilFile', [gate.path]));
        await whileExecuting(...others);
        const guilty = pool.submit('spinForever', [], { timeout: 20 });
        assert.equal((await errorOf(guilty.result)).code, 'ERR_TASK_TIMEOUT');
        gate.open();
        assert.deepEqual(await Promise.all(others.map((task) => task.result)), [gate.path, gate.path, gate.path]);
        assert.equal(pool.stats().tasks.failed, 1);
      });
    });

    test('a kill right after a resize', async () => {
      await withPool(kind, { size: 1 }, async (pool) => {
        await pool.run('add', 0, 0);
        pool.resize(3);
        const crash = pool.run('exit', 1);
        const rest = Array.from({ length: 10 }, (_, i) => pool.run('echo', i));
        assert.equal((await errorOf(crash)).code, 'ERR_WORKER_CRASHED');
        assert.deepEqual(await Promise.all(rest), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
        await backToSize(pool, 3);
        pool.resize(1);
        assert.equal(await pool.run('add', 1, 2), 3);
      });
    });

    test('results and arguments are not retained', async () => {
      await withPool(kind, { size: 1 }, async (pool) => {
        const refs: WeakRef<object>[] = [];
        await (async () => {
          const argument = { payload: new Array(1_000).fill('x') };
          refs.push(new WeakRef(argument));
          const task = pool.submit('echo', [argument]);
          const result = (await task.result) as object;
          refs.push(new WeakRef(result));
          refs.push(new WeakRef(task));
          const failing = { toBeThrown: true };
          refs.push(new WeakRef(failing));
          await pool.run('throwValue', failing).catch((error: object) => void refs.push(new WeakRef(error)));
        })();
        await collected(refs);
        assert.deepEqual(
          refs.map((ref) => ref.deref()),
          refs.map(() => undefined),
        );
      });
    });
  });
}

for (const kind of ALL) {
  describe(`callbacks and changes around ${kind} workers`, { timeout }, () => {
    test('an error in a callback of the caller leaves the pool whole', async () => {
      await withPool(kind, { size: 1 }, async (pool) => {
        const uncaught = new Promise<Error>((resolve) => {
          process.prependOnceListener('uncaughtException', resolve);
        });
        const [listener] = process.listeners('uncaughtException').slice(1);
        if (listener !== undefined) process.off('uncaughtException', listener);
        try {
          pool.once('completed', () => {
            throw new Error('listener fails');
          });
          assert.equal(await pool.run('add', 1, 2), 3);
          assert.equal((await uncaught).message, 'listener fails');
          assert.equal(await pool.run('add', 2, 2), 4);
          await assert.rejects(
            pool.run('add', 1, 1).then(() => Promise.reject(new Error('caller fails'))),
            /caller fails/,
          );
          assert.equal(await pool.run('add', 3, 2), 5);
        } finally {
          if (listener !== undefined) process.on('uncaughtException', listener);
        }
      });
    });

    test('a submission inside a callback before the worker dies is run by another', async () => {
      await withPool(kind, { size: 1, concurrency: 1 }, async (pool) => {
        const inner = pool.run('add', 1, 2).then((sum) => {
          const next = pool.run('add', sum, 1);
          const crash = kind === 'async' ? pool.run('decline', 1) : pool.run('exit', 1);
          return Promise.all([next, errorOf(crash), pool.run('add', 5, 5)]);
        });
        const [next, , last] = await inner;
        assert.equal(next, 4);
        assert.equal(last, 10);
      });
    });

    test('many resizes while tasks run lose none and run none twice', async () => {
      await withPool(kind, { size: { min: 1, max: 4 }, concurrency: 2, queue: { max: Infinity } }, async (pool) => {
        const seen = new Map<number, number>();
        const tasks = Array.from({ length: 300 }, (_, i) =>
          pool.run('echo', i).then((value) => seen.set(value as number, (seen.get(value as number) ?? 0) + 1)),
        );
        for (let round = 0; round < 12; round += 1) {
          pool.resize({ min: 1 + (round % 3), max: 1 + (round % 3) + (round % 2) });
          await pool.run('later', 1);
        }
        await Promise.all(tasks);
        assert.equal(seen.size, 300);
        assert.ok([...seen.values()].every((times) => times === 1));
        assert.equal(pool.stats().tasks.completed, 312);
      });
    });

    test('a submission during shutdown is refused, and nothing accepted before is lost', async () => {
      await withPool(kind, { size: 1 }, async (pool) => {
        const accepted = Array.from({ length: 10 }, (_, i) => pool.run('echo', i));
        const closing = pool.close();
        const refused = await errorOf(pool.run('echo', 99));
        assert.equal(refused.code, 'ERR_POOL_CLOSED');
        assert.deepEqual(await Promise.all(accepted), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
        assert.deepEqual(await closing, { returned: [], terminated: 0 });
        assert.equal((await errorOf(pool.run('echo', 99))).code, 'ERR_POOL_CLOSED');
      });
    });
  });
}

/** Waits until what the references point to has been collected. */
async function collected(refs: readonly WeakRef<object>[]): Promise<void> {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc') as () => void;
  for (let round = 0; round < 50 && refs.some((ref) => ref.deref() !== undefined); round += 1) {
    // References that were just looked at live until the end of the turn.
    await new Promise(setImmediate);
    gc();
  }
}
