/** What test environments and polyfills put in the place of the globals, and values that come from another realm. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import vm from 'node:vm';
import { createPool } from 'millrace';
import { ALL, errorOf, tasksUrl, withPool } from './kinds.js';
import type { Tasks } from './kinds.js';

/** An `AbortSignal` that is none of this realm's. */
class ForeignSignal extends EventTarget {
  aborted = false;
  reason: unknown;

  abort(reason: unknown): void {
    this.aborted = true;
    this.reason = reason;
    this.dispatchEvent(new Event('abort'));
  }
}

/** Runs `body` while a global is another one. */
async function replaced(name: string, value: unknown, body: () => Promise<void>): Promise<void> {
  const own = Object.getOwnPropertyDescriptor(globalThis, name) as PropertyDescriptor;
  Object.defineProperty(globalThis, name, { configurable: true, enumerable: own.enumerable === true, value, writable: true });
  try {
    await body();
  } finally {
    Object.defineProperty(globalThis, name, own);
  }
}

for (const worker of ALL) {
  describe(`another realm (${worker})`, { timeout: 60_000 }, () => {
    test('a signal that is none of ours cancels', () =>
      withPool(worker, { size: 1 }, async (pool) => {
        const signal = new ForeignSignal();
        const task = pool.submit('untilAborted', [], { signal: signal as unknown as AbortSignal });
        const over = errorOf(task.result);
        setImmediate(() => signal.abort(new Error('enough')));
        const error = await over;
        assert.deepEqual([error.code, (error.cause as Error).message], ['ERR_TASK_CANCELLED', 'enough']);
      }));

    test('a signal cancels where the global class is another one', () =>
      withPool(worker, { size: 1 }, (pool) =>
        replaced('AbortSignal', ForeignSignal, async () => {
          const controller = new AbortController();
          const over = errorOf(pool.submit('untilAborted', [], { signal: controller.signal }).result);
          setImmediate(() => controller.abort());
          assert.equal((await over).code, 'ERR_TASK_CANCELLED');
        }),
      ));

    test('the URL of the task module is that of another class', async () => {
      const { href, protocol } = tasksUrl;
      const foreign = { href, protocol, toString: () => href } as unknown as URL;
      const pool = createPool<Tasks>(foreign, { worker, size: 1 });
      assert.equal(await pool.run('add', 1, 2), 3);
      await pool.close();
      await replaced('URL', undefined, async () => {
        const other = createPool<Tasks>(tasksUrl.href, { worker, size: 1 });
        assert.equal(await other.run('add', 1, 2), 3);
        await other.close();
      });
    });

    test('shared memory of another realm is shared', () =>
      withPool(worker, { size: 1 }, async (pool) => {
        if (worker === 'process') return;
        const words = new Int32Array(vm.runInNewContext('new SharedArrayBuffer(8)') as SharedArrayBuffer);
        const back = (await pool.run('echo', words)) as Int32Array;
        words[1] = 7;
        assert.equal(back[1], 7);
      }));
  });
}
