import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { askStack } from './questions.js';
import { inspectThread } from './thread-inspector.js';

const LIMIT_MS = 20_000;

async function withThread(code: string, body: (thread: Worker) => Promise<void>): Promise<void> {
  const thread = new Worker(`require('node:worker_threads').parentPort.postMessage('up'); ${code}`, { eval: true });
  try {
    await new Promise((resolve) => {
      thread.once('message', resolve);
    });
    await body(thread);
  } finally {
    await thread.terminate();
  }
}

describe('the inspector of a thread', { timeout: 180_000 }, () => {
  test('answers two at once, each about its own thread', async () => {
    await withThread('(function one() { for (;;); })()', async (one) => {
      await withThread('(function two() { for (;;); })()', async (two) => {
        const connections = await Promise.all([one, two, one].map(({ threadId }) => inspectThread(threadId)));
        const stacks = await Promise.all(connections.map((connection) => askStack(connection, LIMIT_MS)));
        assert.deepEqual(
          stacks.map((stack) => /^at (\w+) /.exec(stack?.frames[0] ?? '')?.[1]),
          ['one', 'two', 'one'],
        );
        for (const connection of connections) connection.close();
      });
    });
  });

  test('leaves an idle thread as it was: it terminates at once after having been asked', async () => {
    await withThread('setInterval(() => undefined, 60_000)', async (thread) => {
      const connection = await inspectThread(thread.threadId);
      let stack = await askStack(connection, LIMIT_MS);
      // It may not have come to rest yet.
      while (stack?.frames.length !== 0) stack = await askStack(connection, LIMIT_MS);
      connection.close();
      assert.ok(stack.resources.includes('Timeout'), stack.resources.join());
      assert.equal(await thread.terminate(), 1);
    });
  });

  test('says that there is no such thread', async () => {
    await assert.rejects(inspectThread(123_456), { code: 'ERR_INSPECTOR', message: /no thread 123456/ });
  });
});
