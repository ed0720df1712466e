/** What one worker may use: memory looked at from outside, the rest kept by the operating system. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { describe, test } from 'node:test';
import { createPool } from 'millrace';
import type { Pool, PoolEvents, PoolOptions, WorkerKind } from 'millrace';
import { moduleFile, until } from './gates.js';
import { errorOf, REMOTE, tasksUrl } from './kinds.js';

const timeout = 180_000;
const onLinux = { skip: process.platform !== 'linux' };
/** `prlimit` and `taskset`. */
const withTools = { skip: !existsSync('/usr/bin/prlimit') || !existsSync('/usr/bin/taskset') };
const MEGABYTE = 1_048_576;

/** Task functions that use what they are told to. */
const MODULE = `
  const kept = [];
  export const add = (a, b) => a + b;
  export const keep = (megabytes) => {
    for (let i = 0; i < megabytes; i += 1) kept.push(Array.from({ length: 131_072 }, (_, j) => j + 0.5));
    return kept.length;
  };
  export const use = (megabytes) => Array.from({ length: megabytes }, (_, i) => new Array(131_072).fill(i + 0.5)).length;
  export const grow = () => { for (;;) keep(1); };
  export const keepUntil = async (megabytes, gate) => {
    const { existsSync } = await import('node:fs');
    keep(megabytes);
    while (!existsSync(gate)) await new Promise((resolve) => setTimeout(resolve, 5));
    return 'finished';
  };
  export const spin = () => { for (;;); };
`;

type Tasks = {
  add(a: number, b: number): number;
  keep(megabytes: number): number;
  use(megabytes: number): number;
  keepUntil(megabytes: number, gate: string): Promise<string>;
  grow(): void;
  spin(): void;
};

async function withLimits(worker: WorkerKind, options: PoolOptions, body: (pool: Pool<Tasks>) => Promise<void>, module = MODULE): Promise<void> {
  const pool = createPool<Tasks>(moduleFile('limited.mjs', module), { worker, size: 1, ...options });
  const keepAlive = setInterval(() => undefined, 60_000);
  try {
    await body(pool);
  } finally {
    await pool.terminate();
    clearInterval(keepAlive);
  }
}

function next<E extends keyof PoolEvents>(pool: Pool<Tasks>, event: E): Promise<PoolEvents[E]> {
  return new Promise((resolve) => {
    pool.once(event, resolve);
  });
}

/** The memory a fresh worker of that kind has, so that the limits of a test mean the same everywhere. */
async function emptyWorkerBytes(kind: WorkerKind): Promise<number> {
  let bytes = 0;
  await withLimits(kind, { limits: { memory: { soft: 1 } } }, async (pool) => {
    const limit = next(pool, 'memoryLimit');
    await pool.ready();
    ({ bytes } = await limit);
  });
  return bytes;
}

for (const kind of REMOTE) {
  describe(`memory of ${kind} workers`, { timeout, ...onLinux }, () => {
    test('above the soft limit the worker is replaced, and no task notices', async () => {
      const soft = (await emptyWorkerBytes(kind)) + 60 * MEGABYTE;
      const gate = moduleFile('gate', '');
      await withLimits(kind, { limits: { memory: { soft } } }, async (pool) => {
        await pool.ready();
        const [before] = pool.workers;
        const [limit, recycled] = [next(pool, 'memoryLimit'), next(pool, 'workerRecycled')];
        // The gate is open: the function ends once it has taken what it was to take.
        const results = [pool.run('keepUntil', 90, gate), pool.run('add', 1, 2), pool.run('add', 3, 4)];
        const { bytes, limitBytes, ...rest } = await limit;
        assert.deepEqual([rest, limitBytes], [{ workerId: before?.id, kind, limit: 'soft' }, soft]);
        assert.ok(bytes > soft);
        assert.deepEqual(await recycled, { workerId: before?.id, kind, cause: 'memory' });
        assert.deepEqual(await Promise.all(results), ['finished', 3, 7]);
        await until(() => pool.workers.every(({ id }) => id !== before?.id));
        assert.equal(await pool.run('keep', 1), 1, 'a worker that has kept nothing');
      });
    });

    test('above the hard limit the worker is ended in the middle of its loop; its task fails and nothing else', async () => {
      const hard = (await emptyWorkerBytes(kind)) + 100 * MEGABYTE;
      await withLimits(kind, { limits: { memory: { hard } } }, async (pool) => {
        await pool.ready();
        const exit = next(pool, 'workerExit');
        const [greedy, innocent] = [pool.run('grow'), pool.run('add', 1, 2)];
        const error = await errorOf(greedy);
        assert.equal(error.code, 'ERR_WORKER_CRASHED');
        assert.match(error.message, /died.* while it ran task grow: worker pool-1 used \d+ MB, more than its limit of \d+ MB/);
        assert.equal((error.cause as { code: string }).code, 'ERR_MEMORY_LIMIT');
        assert.equal(((await exit).error as { code?: string } | undefined)?.code, 'ERR_MEMORY_LIMIT');
        assert.equal(await innocent, 3);
      });
    });

    test('a function that outgrows two workers is given up, however many attempts it may have', async () => {
      const hard = (await emptyWorkerBytes(kind)) + 60 * MEGABYTE;
      await withLimits(kind, { limits: { memory: { hard } }, retry: { attempts: 5, backoff: 0 } }, async (pool) => {
        const task = pool.submit('grow', []);
        assert.equal((await errorOf(task.result)).code, 'ERR_WORKER_CRASHED');
        assert.deepEqual([task.attempts, pool.deadLetters.list().map(({ reason }) => reason)], [2, ['poison']]);
        assert.equal(await pool.run('add', 1, 2), 3);
      });
    });
  });
}

for (const kind of REMOTE) {
  test(`a ${kind} worker that keeps more and more is reported with what it ran, and replaced; one that lets go is not`, { timeout }, async () => {
    await withLimits(kind, { recycle: { afterGrowth: '24mb' } }, async (pool) => {
      await pool.ready();
      const [before] = pool.workers;
      const leaks: PoolEvents['leak'][] = [];
      pool.on('leak', (leak) => leaks.push(leak));
      for (let i = 0; i < 40; i += 1) await pool.run('use', 8);
      assert.equal(leaks.length, 0);
      const recycled = next(pool, 'workerRecycled');
      while (leaks.length === 0) {
        await pool.run('keep', 2);
        await pool.run('use', 8);
      }
      const leak = leaks.at(0) as unknown as PoolEvents['leak'];
      assert.deepEqual([leak.workerId, leak.kind, Object.keys(leak.calls).sort()], [before?.id, kind, ['keep', 'use']]);
      assert.ok(leak.heldBytes - leak.baselineBytes > 24 * MEGABYTE, JSON.stringify(leak));
      assert.equal((await recycled).cause, 'leak');
      await until(() => pool.workers.every(({ id }) => id !== before?.id));
    });
  });
}

function softLimitOf(pid: number, name: string): string | undefined {
  return new RegExp(`^${name}\\s+(\\S+)`, 'm').exec(readFileSync(`/proc/${pid}/limits`, 'latin1'))?.[1];
}

function cpusOf(path: string): string | undefined {
  return /^Cpus_allowed_list:\s*(\S+)$/m.exec(readFileSync(path, 'latin1'))?.[1];
}

describe('limits that the operating system keeps', { timeout, ...withTools }, () => {
  /** One that this process may use. */
  const cpu = Number.parseInt(cpusOf('/proc/self/status') ?? '0', 10);

  test('are set on a process, whether the pool or its module asks for them; the pool goes first', async () => {
    const hooks = `
      import { defineWorker } from ${JSON.stringify(import.meta.resolve('millrace/worker'))};
      export const worker = defineWorker({ limits: { cpuTime: '90s', openFiles: 500, priority: 5 } });
    `;
    await withLimits(
      'process',
      { limits: { openFiles: 200, cpus: [cpu] } },
      async (pool) => {
        await pool.ready();
        const pid = pool.workers[0]?.pid as number;
        await until(() => softLimitOf(pid, 'Max open files') === '200' && softLimitOf(pid, 'Max cpu time') === '90');
        await until(() => cpusOf(`/proc/${pid}/status`) === String(cpu));
        assert.equal(getPriority(pid), Math.max(5, getPriority()));
        assert.equal(await pool.run('add', 1, 2), 3);
      },
      hooks + MODULE,
    );
  });

  test('a process that has used its CPU time is ended, and its task fails', async () => {
    await withLimits('process', { limits: { cpuTime: 1_000 } }, async (pool) => {
      const error = await errorOf(pool.run('spin'));
      assert.deepEqual([error.code, error.exitSignal], ['ERR_WORKER_CRASHED', 'SIGXCPU']);
      assert.equal(await pool.run('add', 1, 2), 3);
    });
  });

  test('a thread is pinned and given its priority, and the other threads of the process are left as they are', async () => {
    const all = cpusOf('/proc/self/status');
    const where = `
      import { readFileSync, readlinkSync } from 'node:fs';
      export const own = () => readFileSync('/proc/thread-self/status', 'latin1');
      export const tid = () => Number(readlinkSync('/proc/thread-self').split('/').pop());
    `;
    await withLimits(
      'thread',
      { limits: { cpus: 'spread', priority: 7 } },
      async (pool) => {
        const { run } = pool as unknown as { run(name: string): Promise<unknown> };
        const tid = (await run.call(pool, 'tid')) as number;
        await until(() => /^\d+$/.test(cpusOf(`/proc/self/task/${tid}/status`) ?? ''));
        assert.equal(getPriority(tid), Math.max(7, getPriority()));
        assert.equal(cpusOf('/proc/self/status'), all);
      },
      where,
    );
  });

  test('that cannot be set are told once, and the pool serves', async () => {
    const path = process.env['PATH'];
    process.env['PATH'] = '/no/such/folder';
    try {
      await withLimits('process', { size: 2, limits: { openFiles: 200, cpus: [0] } }, async (pool) => {
        const warnings: string[] = [];
        pool.on('warning', ({ message }) => warnings.push(message));
        await pool.addWorker();
        await until(() => warnings.length >= 2);
        assert.equal(await pool.run('add', 1, 2), 3);
        assert.deepEqual(warnings.sort(), [
          'pool pool: limits.cpus is not enforced: taskset was not found: install util-linux',
          'pool pool: limits.openFiles is not enforced: prlimit was not found: install util-linux',
        ]);
      });
    } finally {
      process.env['PATH'] = path;
    }
  });
});

describe('limits that a kind of worker cannot have', { timeout }, () => {
  test('are refused when the pool is made', () => {
    const wrong: [PoolOptions, string][] = [
      [{ worker: 'async', limits: { priority: 3 } }, 'limits'],
      [{ worker: 'thread', limits: { openFiles: 500 } }, 'limits.openFiles'],
      [{ worker: 'thread', limits: { cpuTime: '5s' } }, 'limits.cpuTime'],
      [{ limits: { memory: { soft: '2gb', hard: '1gb' } } }, 'limits.memory.soft'],
      [{ limits: { memory: 5 } as never }, 'limits.memory'],
      [{ limits: { memory: { max: 5 } } as never }, 'limits.memory.max'],
      [{ limits: { cpus: [] } }, 'limits.cpus'],
      [{ limits: { cpus: [-1] } }, 'limits.cpus[0]'],
      [{ limits: { cpus: 'all' as never } }, 'limits.cpus'],
      [{ limits: { priority: 20 } }, 'limits.priority'],
      [{ worker: 'process', limits: { openFiles: 10 } }, 'limits.openFiles'],
      [{ worker: 'process', limits: { cpuTime: 'long' as never } }, 'limits.cpuTime'],
    ];
    for (const [options, option] of wrong) assert.throws(() => createPool(tasksUrl, options), { code: 'ERR_OPTION', option }, option);
  });

  test('are refused in a module when it is loaded', async () => {
    const module = `
      import { defineWorker } from ${JSON.stringify(import.meta.resolve('millrace/worker'))};
      export const worker = defineWorker({ limits: { memori: 5 } });
    `;
    await withLimits(
      'thread',
      {},
      async (pool) => assert.match((await errorOf(pool.ready())).message, /defineWorker: limits\.memori.*did you mean memory\?/),
      module,
    );
  });
});
