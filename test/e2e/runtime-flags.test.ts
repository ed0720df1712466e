/** Flags of the runtime that a program is started with, and what becomes of them in its workers. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, test } from 'node:test';
import { folder, moduleFile } from './gates.js';
import { REMOTE, tasksUrl } from './kinds.js';

const timeout = 60_000;
const library = import.meta.resolve('millrace');

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
function program(kind: string, expression: string, options: object = {}): string {
  return `
    import { createPool } from ${JSON.stringify(library)};
    const pool = createPool(${JSON.stringify(fileURLToPath(tasksUrl))}, ${JSON.stringify({ worker: kind, size: 1, ...options })});
    try {
      console.log(await (${expression}));
    } finally {
      await pool.close();
    }`;
}

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

    test('tells of a flag its workers cannot have', async () => {
      const execArgv = [kind === 'thread' ? '--disallow-code-generation-from-strings' : '--no-such-flag'];
      const { code, stderr } = await node(moduleFile('flags.mjs', program(kind, 'pool.ready()', { execArgv })));
      assert.equal(code, 1);
      assert.match(stderr, kind === 'thread' ? /execArgv: expected flags that a thread can have on its own/ : /bad option: --no-such-flag/);
    });
  });
}
