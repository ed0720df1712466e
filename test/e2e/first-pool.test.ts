/** The pool is loaded by the first `createPool`, which may come long after the import: what it takes of the host is what there was at the import. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { moduleFile } from './gates.js';

const millrace = import.meta.resolve('millrace');

/** What a program of its own prints, line by line. */
async function linesOf(name: string, text: string): Promise<string[]> {
  const { stdout } = await promisify(execFile)(process.execPath, [moduleFile(name, text)], { timeout: 30_000 });
  return stdout.trim().split('\n');
}

describe('the first pool', { timeout: 60_000 }, () => {
  test('goes by the timers of the host, though there are fakes before it is made', async () => {
    const tasks = moduleFile('tasks.mjs', 'export const add = (a, b) => a + b; export const never = () => new Promise(() => undefined);');
    const lines = await linesOf(
      'fakes.mjs',
      `
        import { mock } from 'node:test';
        import { createPool } from ${JSON.stringify(millrace)};
        mock.timers.enable({ apis: ['setTimeout', 'setInterval', 'setImmediate'] });
        for (const worker of ['async', 'thread']) {
          const pool = createPool(${JSON.stringify(tasks)}, { worker, size: 1, cancelGrace: 50 });
          console.log(await pool.submit('add', [1, 2], { delay: 20 }).result);
          console.log(await pool.submit('never', [], { timeout: 50 }).result.catch(({ code }) => code));
          await pool.close();
        }
      `,
    );
    assert.deepEqual(lines, ['3', 'ERR_TASK_TIMEOUT', '3', 'ERR_TASK_TIMEOUT']);
  });

  test('gives the stores of the request that made it to no task of another', async () => {
    const tasks = moduleFile('stores.mjs', 'export const store = () => globalThis.storage.getStore() ?? "none";');
    const lines = await linesOf(
      'request.cjs',
      `
        const { AsyncLocalStorage } = require('node:async_hooks');
        const { createPool } = require(${JSON.stringify(fileURLToPath(millrace))});
        const storage = (globalThis.storage = new AsyncLocalStorage());
        const pool = storage.run('first', () => createPool(${JSON.stringify(tasks)}, { worker: 'async', concurrency: 1 }));
        const tasks = [pool.run('store'), storage.run('second', () => pool.run('store')), pool.run('store')];
        Promise.all(tasks).then((stores) => console.log(stores.join('\\n'))).then(() => pool.close());
      `,
    );
    assert.deepEqual(lines, ['none', 'second', 'none']);
  });
});
