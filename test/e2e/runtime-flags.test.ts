/** Flags of the runtime that a program is started with, and what becomes of them in its workers. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, test } from 'node:test';
import { folder, moduleFile } from './gates.js';
import { ALL, REMOTE, tasksUrl } from './kinds.js';

const timeout = 180_000;
const library = import.meta.resolve('millrace');

/** The permission model, under the name it has here, with the right to read what any program of these tests reads. */
const permission = [
  process.allowedNodeEnvironmentFlags.has('--permission') ? '--permission' : '--experimental-permission',
  `--allow-fs-read=${fileURLToPath(new URL('../../../../', import.meta.url))}*`,
  `--allow-fs-read=${folder}/*`,
];

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the words under this runtime, to the end. */
async function node(...words: readonly string[]): Promise<Ended> {
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'pipe'], cwd: folder });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

/** A program that makes a pool and prints what the expression, which may use it, comes to. */
function program(kind: string, expression: string, options: object = {}, module: string = fileURLToPath(tasksUrl)): string {
  return `
    import { createPool } from ${JSON.stringify(library)};
    const pool = createPool(${JSON.stringify(module)}, ${JSON.stringify({ worker: kind, size: 1, ...options })});
    try {
      console.log(await (${expression}));
    } finally {
      await pool.close();
    }`;
}

/** What a test environment such as jsdom has put in the place of the globals before the library is loaded. */
const browser = `data:text/javascript,${encodeURIComponent(`
  const [set, clear] = [setTimeout, clearTimeout];
  const timers = [];
  globalThis.setTimeout = globalThis.setInterval = (fn, ms) => timers.push(set(fn, ms));
  globalThis.clearTimeout = globalThis.clearInterval = (number) => clear(timers[number - 1]);
  delete globalThis.setImmediate;
  Object.defineProperty(globalThis, 'performance', { value: { now: () => 0 } });
  globalThis.AbortSignal = globalThis.DOMException = class {};`)}`;

test('a pool serves a program that has the globals of a browser', { timeout }, async () => {
  for (const kind of ALL) {
    const limit = `pool.submit('untilAborted', [], { timeout: 50 }).result.catch((error) => error.code)`;
    const script = moduleFile(`browser-${kind}.mjs`, program(kind, `Promise.all([pool.run('add', 1, 2), ${limit}])`));
    const { code, stdout, stderr } = await node('--import', browser, script);
    assert.deepEqual([code, stdout], [0, "[ 3, 'ERR_TASK_TIMEOUT' ]\n"], stderr);
  }
});

test('a pool serves a program whose intrinsics are frozen', { timeout }, async () => {
  for (const kind of ALL) {
    const limit = `pool.submit('untilAborted', [], { timeout: 50 }).result.catch((error) => error.code)`;
    const script = moduleFile(
      `frozen-${kind}.mjs`,
      program(kind, `Promise.all([pool.run('echo', [{ a: 1 }]), pool.run('throwValue', 5).catch((thrown) => thrown), ${limit}]).then(JSON.stringify)`, {
        submitStack: true,
      }),
    );
    const { code, stdout, stderr } = await node('--frozen-intrinsics', script);
    assert.deepEqual([code, stdout], [0, '[[{"a":1}],5,"ERR_TASK_TIMEOUT"]\n'], stderr);
  }
});

for (const kind of REMOTE) {
  describe(`a pool of ${kind} workers`, { timeout }, () => {
    test('serves a program that is being profiled, and its workers leave no profile they were not asked for', async () => {
      const script = moduleFile('profiled.mjs', program(kind, "pool.run('add', 1, 2)"));
      const flags = ['--cpu-prof', `--cpu-prof-dir=${folder}`, '--cpu-prof-name', 'main.cpuprofile', '--heap-prof', `--heap-prof-dir=${folder}`];
      const { code, stdout, stderr } = await node(...flags, `--diagnostic-dir=${folder}`, script);
      assert.deepEqual([code, stdout], [0, '3\n'], stderr);
    });

    test('serves a program that is given on the command line, with flags that hold for the whole process', async () => {
      const { code, stdout, stderr } = await node(
        '--input-type=module',
        '--max-old-space-size=200',
        '--stack-trace-limit=4',
        '-e',
        program(kind, "pool.run('add', 1, 2)"),
      );
      assert.deepEqual([code, stdout], [0, '3\n'], stderr);
    });

    test('works under the permission model, which binds its workers as well', async () => {
      const read = `
        import { readFileSync } from 'node:fs';
        export const add = (a, b) => a + b;
        export const length = (bytes) => bytes.length;
        export const peek = () => { try { return readFileSync('/etc/hostname', 'utf8'); } catch (error) { return error.code; } };
      `;
      const module = moduleFile('tasks.mjs', read);
      const expression = "Promise.all([pool.run('add', 1, 2), pool.run('length', new Uint8Array(300_000)), pool.run('peek')])";
      const script = moduleFile('permitted.mjs', program(kind, expression, {}, module));
      const needed = kind === 'thread' ? ['--allow-worker'] : ['--allow-child-process', '--allow-fs-read=/dev/shm/*', '--allow-fs-write=/dev/shm/*'];
      const { code, stdout, stderr } = await node('--no-warnings', ...permission, ...needed, script);
      assert.deepEqual([code, stdout], [0, "[ 3, 300000, 'ERR_ACCESS_DENIED' ]\n"], stderr);
    });

    test('says which flags of the permission model it needs', async () => {
      const script = moduleFile('refused.mjs', program(kind, "pool.run('add', 1, 2)"));
      const { code, stderr } = await node('--no-warnings', ...permission, script);
      assert.equal(code, 1);
      assert.match(
        stderr,
        kind === 'thread' ? /start the program with --allow-worker/ : /start the program with --allow-child-process --allow-fs-read=\/dev\/shm\/\*/,
      );
      const unreadable = await node('--no-warnings', ...permission, moduleFile('unreadable.mjs', program(kind, "'never'", {}, '/etc/hostname')));
      assert.match(unreadable.stderr, /ModuleLoadError: .*start the program with --allow-fs-read=\/etc\/hostname/);
    });

    test('generates no code from strings where the program may not', async () => {
      const module = moduleFile(
        'tasks.mjs',
        "export const generate = () => { try { return new Function('return 1')(); } catch (error) { return error.name; } };",
      );
      const script = moduleFile('generating.mjs', program(kind, "pool.run('generate')", {}, module));
      const { code, stdout, stderr } = await node('--disallow-code-generation-from-strings', script);
      assert.deepEqual([code, stdout], [0, 'EvalError\n'], stderr);
    });

    test('tells of a flag its workers cannot have', async () => {
      const execArgv = [kind === 'thread' ? '--disallow-code-generation-from-strings' : '--no-such-flag'];
      const { code, stderr } = await node(moduleFile('flags.mjs', program(kind, 'pool.ready()', { execArgv })));
      assert.equal(code, 1);
      assert.match(stderr, kind === 'thread' ? /execArgv: expected flags that a thread can have on its own/ : /bad option: --no-such-flag/);
    });
  });
}
