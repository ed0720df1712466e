/** From a module to ready workers: hooks, modules that do not load, TypeScript, and pools that recover. */
import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, test } from 'node:test';
import { createPool } from 'millrace';
import type { Pool, PoolEvents, PoolOptions } from 'millrace';
import type { HookedData } from './fixtures/hooked.js';
import { freshPath, gateFile, journal, moduleFile, until } from './gates.js';
import { ALL, errorOf, REMOTE, tasksUrl, withPool } from './kinds.js';

const timeout = 180_000;
const hookedUrl = new URL('./fixtures/hooked.js', import.meta.url);
type Hooked = typeof import('./fixtures/hooked.js');

async function withModule<M>(module: URL | string, options: PoolOptions, body: (pool: Pool<M>) => Promise<void>): Promise<void> {
  const pool = createPool<M>(module, options);
  const keepAlive = setInterval(() => undefined, 60_000);
  try {
    await body(pool);
  } finally {
    await pool.terminate();
    clearInterval(keepAlive);
  }
}

const failing = [
  { why: 'a syntax error', name: 'syntax.mjs', text: 'export function f( {', message: /syntax\.mjs cannot be loaded: SyntaxError/ },
  { why: 'an import that is missing', name: 'missing.mjs', text: "import './nowhere.js'; export function f() {}", message: /cannot be loaded: .*nowhere\.js/ },
  {
    why: 'an error at its top',
    name: 'throws.mjs',
    text: "throw new RangeError('no licence'); export function f() {}",
    message: /cannot be loaded: RangeError: no licence/,
  },
];

for (const kind of ALL) {
  describe(`starting ${kind} workers`, { timeout }, () => {
    for (const { why, name, text, message } of failing) {
      test(`${why} in the module rejects its tasks and says why`, async () => {
        await withModule<{ f: () => void }>(moduleFile(name, text), { worker: kind }, async (pool) => {
          const error = await errorOf(pool.run('f'));
          assert.equal(error.code, 'ERR_MODULE_LOAD');
          assert.match(error.message, message);
          assert.ok(error.cause instanceof Error);
          assert.equal((await errorOf(pool.ready())).code, 'ERR_MODULE_LOAD');
          assert.equal((await errorOf(pool.run('f'))).code, 'ERR_MODULE_LOAD', 'at once from now on');
          assert.equal(pool.stats().degraded, true);
        });
      });
    }

    test('a start hook that fails rejects the tasks with its error, and the pool recovers by itself', async () => {
      const data: HookedData = { journal: journal().path, startNeeds: freshPath('database') };
      await withModule<Hooked>(hookedUrl, { worker: kind, size: 1, workerData: data }, async (pool) => {
        const degraded: PoolEvents['degraded'][] = [];
        pool.on('degraded', (event) => degraded.push(event));
        const error = await errorOf(pool.run('name'));
        assert.equal(error.code, 'ERR_WORKER_START');
        assert.match(error.message, /the database is away/);
        assert.equal((error.cause as Error).name, 'RangeError');
        assert.deepEqual([degraded.length, degraded[0]?.on, pool.stats().degraded], [1, true, true]);
        writeFileSync(data.startNeeds as string, '');
        await until(() => degraded.length === 2);
        assert.equal(degraded[1]?.on, false);
        assert.match(await pool.run('name'), /^pool-\d+$/);
      });
    });

    test('a start hook that takes too long is a failed start', async () => {
      const data: HookedData = { journal: journal().path, startWaitsFor: gateFile().path };
      await withModule<Hooked>(hookedUrl, { worker: kind, size: 1, workerData: data, startTimeout: 400 }, async (pool) => {
        const error = await errorOf(pool.run('name'));
        assert.equal(error.code, 'ERR_WORKER_START');
        assert.match(error.message, /400 ms \(option startTimeout\)/);
      });
    });

    test('hooks run once a worker, before the first task and after the last, and are awaited', async () => {
      const log = journal();
      const gate = gateFile();
      const data: HookedData = { journal: log.path, stopWaitsFor: gate.path };
      const size = kind === 'async' ? 1 : 2;
      await withModule<Hooked>(hookedUrl, { worker: kind, size, workerData: data }, async (pool) => {
        await pool.broadcast('name');
        assert.deepEqual(log.lines().sort(), ['start pool-1', 'start pool-2'].slice(0, size));
        const closed = pool.close();
        await pool.idle();
        assert.equal(log.lines().length, size);
        gate.open();
        assert.deepEqual(await closed, { returned: [], terminated: 0 });
        assert.deepEqual(log.lines().slice(size).sort(), ['stop pool-1', 'stop pool-2'].slice(0, size));
      });
    });

    test('a broadcast to a worker that is still starting may pass its deadline, and harms nothing', async () => {
      const gate = gateFile();
      const data: HookedData = { journal: journal().path, startWaitsFor: gate.path };
      await withModule<Hooked>(hookedUrl, { worker: kind, size: 1, workerData: data, deadline: 2_000 }, async (pool) => {
        assert.equal((await errorOf(pool.broadcast('name'))).code, 'ERR_DEADLINE_EXCEEDED');
        gate.open();
        await pool.ready();
        assert.deepEqual(await pool.broadcast('name'), ['pool-1']);
        assert.equal(pool.stats().tasks.inFlight, 0);
      });
    });

    test('a stop hook that does not end is given its time, or none by terminate', async () => {
      const data: HookedData = { journal: journal().path, stopWaitsFor: gateFile().path };
      await withModule<Hooked>(hookedUrl, { worker: kind, size: 1, workerData: data, stopTimeout: 50 }, async (pool) => {
        await pool.run('name');
        await pool.close();
      });
      await withModule<Hooked>(hookedUrl, { worker: kind, size: 1, workerData: data, stopTimeout: '1h' }, async (pool) => {
        await pool.run('name');
        const closing = pool.close();
        await pool.idle();
        await pool.terminate();
        await closing;
      });
    });

    test('what the module declares for a function holds, for tasks submitted before the first worker is ready too', async () => {
      await withPool(kind, { size: 1 }, async (pool) => {
        for (const when of ['before', 'after']) {
          const stubborn = pool.submit('stubborn', [2]);
          assert.equal(await stubborn.result, 3, `retry, ${when}`);
          assert.equal(stubborn.attempts, 3);
          const error = await errorOf(pool.run('timed'));
          assert.deepEqual([error.code, error.limitMs], ['ERR_TASK_TIMEOUT', 50], when);
        }
        assert.equal((await errorOf(pool.submit('timed', [], { timeout: 20 }).result)).limitMs, 20, 'the call goes before the function');
      });
    });

    test('a declared deadline counts from the submission', async () => {
      const gate = gateFile();
      const module = moduleFile(
        'deadline.mjs',
        `import { defineTask, defineWorker } from ${JSON.stringify(import.meta.resolve('millrace/worker'))};
        import { existsSync } from 'node:fs';
        export const worker = defineWorker({ async start() { while (!existsSync(${JSON.stringify(gate.path)})) await new Promise((r) => setTimeout(r, 5)); } });
        export const hurried = defineTask({ deadline: 100 }, () => 'done');`,
      );
      await withModule<{ hurried: () => string }>(module, { worker: kind, size: 1 }, async (pool) => {
        const early = pool.submit('hurried', []);
        const start = performance.now();
        await until(() => performance.now() - start > 120);
        gate.open();
        assert.equal((await errorOf(early.result)).code, 'ERR_DEADLINE_EXCEEDED');
        assert.equal(early.attempts, 0);
        assert.equal(await pool.submit('hurried', [], { deadline: '1m' }).result, 'done');
      });
    });

    test('what the module declares wrongly is said, and starts no storm of workers', async () => {
      await withModule<Record<string, () => void>>(tasksUrl, { worker: kind, size: 1, queue: { levels: { only: 0 } } }, async (pool) => {
        let started = 0;
        pool.on('workerStarting', () => (started += 1));
        const error = await errorOf(pool.run('add'));
        assert.equal(error.code, 'ERR_OPTION');
        assert.match(error.message, /defineTask\(timed\)\.priority: expected one of 'only', got "high"/);
        const start = performance.now();
        await until(() => performance.now() - start > 200);
        assert.ok(started < 10, `${started} workers`);
      });
    });

    test('a TypeScript module with an enum and imports is run as it is', async () => {
      const { path } = typescriptProject();
      await withModule<{ paint: (name: string) => string }>(path, { worker: kind, size: 1 }, async (pool) => {
        assert.equal(await pool.run('paint', 'Green'), 'Green is 1, twice 2');
      });
    });

    test('a TypeScript module that does not compile says where', async () => {
      const { path } = typescriptProject('export function paint(name: string: number) {}');
      await withModule<{ paint: (name: string) => string }>(path, { worker: kind, size: 1, queue: { max: 0, whenFull: 'caller-runs' } }, async (pool) => {
        // One for the worker that is starting, one for the caller.
        for (const error of await Promise.all([errorOf(pool.run('paint', 'Green')), errorOf(pool.run('paint', 'Blue'))])) {
          assert.equal(error.code, 'ERR_TYPESCRIPT');
          assert.match(error.message, /paint\.ts/);
        }
      });
    });

    test('a data: URL is a module too', async () => {
      await withModule<{ twice: (n: number) => number }>(
        `data:text/javascript,${encodeURIComponent('export const twice = (n) => 2 * n')}`,
        { worker: kind },
        async (pool) => {
          assert.equal(await pool.run('twice', 21), 42);
        },
      );
    });
  });
}

for (const kind of REMOTE) {
  describe(`what ${kind} workers are started with`, { timeout }, () => {
    test('environment, arguments and worker data are theirs', async () => {
      const module = moduleFile(
        'surroundings.mjs',
        'export const look = () => ({ env: process.env.MILLRACE_E2E, path: process.env.PATH, argv: process.argv.slice(2) });',
      );
      await withModule<{ look: () => { env: string; path: string | undefined; argv: string[] } }>(
        module,
        { worker: kind, env: { MILLRACE_E2E: 'yes' }, argv: ['a', 'b'] },
        async (pool) => {
          const seen = await pool.run('look');
          assert.equal(seen.env, 'yes');
          assert.equal(seen.path, undefined, 'a given environment is the whole one');
          assert.deepEqual(seen.argv.slice(-2), ['a', 'b']);
        },
      );
    });

    test('worker data that cannot cross is an error that says so', async () => {
      await withModule<Hooked>(hookedUrl, { worker: kind, workerData: { fn: () => 1 } }, async (pool) => {
        const error = await errorOf(pool.run('name'));
        assert.match(`${String(error.code)} ${error.message}`, /ERR_WORKER_START|ERR_VALUE_NOT_CLONEABLE/);
        assert.match(error.message, /clone|workerData/);
      });
    });
  });
}

/** A small TypeScript project of its own. */
function typescriptProject(text?: string): { readonly path: string } {
  const project = freshPath('project');
  mkdirSync(join(project, 'node_modules'), { recursive: true });
  const path = join(project, 'paint.ts');
  writeFileSync(
    path,
    text ??
      "import { twice } from './twice.js';\nenum Colour { Red, Green }\nexport function paint(name: keyof typeof Colour): string {\n  return `${name} is ${Colour[name]}, twice ${twice(Colour[name])}`;\n}\n",
  );
  writeFileSync(join(project, 'twice.ts'), 'export const twice = (n: number): number => 2 * n;\n');
  return { path: pathToFileURL(path).href };
}
