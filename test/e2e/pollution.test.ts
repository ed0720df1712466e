/** What somebody has put into Object.prototype, and keys called `__proto__`, change nothing: not in options, not in what crosses, not in workers. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { createPool } from 'millrace';
import type { PoolOptions, TaskOptions } from 'millrace';
import { moduleFile } from './gates.js';
import { ALL, errorOf, REMOTE, tasksUrl, withPool } from './kinds.js';

const timeout = 180_000;

/** An object with an own key `__proto__`, as `JSON.parse` makes them of what comes from outside. */
function withProtoKey(json = '{"polluted":true}'): Record<string, unknown> {
  return JSON.parse(`{"__proto__":${json},"kept":1}`) as Record<string, unknown>;
}

function assertClean(): void {
  assert.equal(({} as { polluted?: unknown }).polluted, undefined, 'Object.prototype is polluted');
}

describe('a key __proto__ in options', { timeout }, () => {
  test('is an unknown option, on every level', () => {
    const nested = JSON.parse('{"__proto__":{"max":1}}') as object;
    const options: object[] = [
      JSON.parse('{"__proto__":{"size":3}}') as object,
      { size: nested },
      { queue: nested },
      { queue: { levels: { urgent: nested } } },
      { retry: nested },
      { recycle: nested },
      { resourceLimits: nested },
      { limits: nested },
      { limits: { memory: nested } },
    ];
    for (const each of options)
      assert.throws(() => createPool(tasksUrl, each as PoolOptions), { code: 'ERR_OPTION', message: /__proto__/ }, JSON.stringify(each));
    assertClean();
  });

  test('of a task or a call is an unknown option as well', async () => {
    await withPool('thread', { size: 1 }, async (pool) => {
      const options = JSON.parse('{"__proto__":{"timeout":1}}') as TaskOptions;
      assert.throws(() => pool.submit('add', [1, 2], options), { code: 'ERR_OPTION', message: /__proto__/ });
      assert.throws(() => pool.with(options), { code: 'ERR_OPTION', message: /__proto__/ });
      assert.equal((await errorOf(pool.close(options as never))).code, 'ERR_OPTION');
    });
    assertClean();
  });
});

for (const kind of ALL) {
  test(`a key __proto__ in values that cross to ${kind} workers and back is data`, { timeout }, async () => {
    await withPool(kind, { size: 1 }, async (pool) => {
      for (const value of [withProtoKey(), withProtoKey('[1,2]'), { deep: [withProtoKey()] }, new Map([['__proto__', withProtoKey()]])]) {
        const back = await pool.run('echo', value);
        assert.deepEqual(back, value);
        assert.deepEqual(Object.keys(back as object), Object.keys(value));
      }
      const names = pool as unknown as { run(name: string): Promise<unknown> };
      for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty'])
        assert.equal((await errorOf(names.run(name))).code, 'ERR_UNKNOWN_FUNCTION', name);
      assertClean();
    });
  });
}

/** The names that a pool, a task, a hook or the runtime's thread and child process are configured by, but for those that break the runtime itself. */
const POLLUTE = `
  const names = [
    'name', 'worker', 'size', 'min', 'max', 'concurrency', 'queue', 'maxBytes', 'whenFull', 'levels', 'placement', 'policy', 'timeout', 'deadline', 'retry',
    'attempts', 'backoff', 'retryIf', 'priority', 'cancelGrace', 'recycle', 'afterTasks', 'afterGrowth', 'deadLetters', 'streamCredit', 'errors', 'limits',
    'memory', 'soft', 'hard', 'openFiles', 'cpus', 'workerData', 'argv', 'execArgv', 'resourceLimits', 'clock', 'random', 'delay', 'transfer',
    'idempotencyKey', 'affinityKey', 'ordered', 'onError', 'chunk', 'reduce', 'start', 'stop', 'healthCheck', 'eval', 'shell', 'uid', 'detached',
  ];
  for (const name of names) Object.defineProperty(Object.prototype, name, { value: 'polluted', configurable: true, writable: true, enumerable: false });
`;

const MODULE = `export const add = (a, b) => a + b; export function* count() { yield 1; yield 2; }`;

async function run(text: string): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const child = spawn(process.execPath, [moduleFile('polluted.mjs', text)], { stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

for (const kind of ALL) {
  test(`a polluted Object.prototype changes nothing in a pool of ${kind} workers`, { timeout }, async () => {
    const { code, stdout, stderr } = await run(`
      import { createPool } from ${JSON.stringify(import.meta.resolve('millrace'))};
      ${POLLUTE}
      const pool = createPool(${JSON.stringify(moduleFile('tasks.mjs', MODULE))}, Object.assign(Object.create(null), { worker: '${kind}', size: 2 }));
      const values = [await pool.run('add', 1, 2), await pool.submit('add', [3, 4], {}).result, await pool.with({}).run('add', 5, 6)];
      for await (const value of pool.map('add', [1, 2], {})) values.push(Number.isNaN(value));
      for await (const value of await pool.run('count')) values.push(value);
      console.log(JSON.stringify([values, pool.name, pool.kind, await pool.close({})]));
    `);
    assert.equal(code, 0, stderr);
    assert.deepEqual(JSON.parse(stdout), [[3, 7, 11, true, true, 1, 2], 'pool', kind, { returned: [], terminated: 0 }]);
  });
}

for (const kind of REMOTE) {
  test(`a task module that pollutes Object.prototype in its ${kind} worker gets no hooks, defaults or limits of it`, { timeout }, async () => {
    const path = moduleFile('polluting.mjs', `${POLLUTE}\n${MODULE}`);
    const pool = createPool<{ add(a: number, b: number): number }>(path, { worker: kind, size: 1 });
    assert.equal(await pool.run('add', 1, 2), 3);
    assert.deepEqual(await pool.close(), { returned: [], terminated: 0 });
    assertClean();
  });
}
