import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { Worker as Thread } from 'node:worker_threads';
import { Rig, workerOptions } from './fixtures/harness.js';
import { startSpareThread } from './spare-thread.js';
import { createThreadWorker } from './thread-worker.js';

/** As in a pool that says nothing of its threads. */
const PLAIN = { execArgv: undefined };

describe('a spare thread', { timeout: 180_000 }, () => {
  let keepAlive: NodeJS.Timeout;
  let threads: Thread[] = [];
  const onThread = (thread: Thread): void => void threads.push(thread);
  before(() => {
    keepAlive = setInterval(() => undefined, 1_000_000);
    process.on('worker', onThread);
  });
  beforeEach(() => {
    threads = [];
  });
  after(() => {
    process.off('worker', onThread);
    clearInterval(keepAlive);
  });

  const plain = workerOptions({ runtime: PLAIN });

  it('becomes the worker that is made next', async () => {
    startSpareThread(plain.id, plain.poolName);
    const rig = new Rig(createThreadWorker, plain);
    rig.worker.start();
    const { threadId } = await rig.host.ready.promise;
    await rig.worker.stop(60_000);
    assert.equal(threads.length, 1);
    assert.ok(threadId > 0);
  });

  it('is heard when it answers at once, having waited for its work', async () => {
    startSpareThread(plain.id, plain.poolName);
    // Takes longer than the start of a thread, which goes on meanwhile.
    for (let i = 0; i < 3; i += 1) spawnSync(process.execPath, ['-e', '0']);
    const rig = new Rig(createThreadWorker, plain);
    rig.worker.start();
    assert.deepEqual(await rig.submit('add', [1, 2]).result(), 3);
    await rig.worker.stop(60_000);
    assert.equal(threads.length, 1);
  });

  it('is not taken when the environment has changed since', async () => {
    startSpareThread(plain.id, plain.poolName);
    process.env['MILLRACE_TEST_SPARE'] = 'set';
    const rig = new Rig(createThreadWorker, plain);
    rig.worker.start();
    delete process.env['MILLRACE_TEST_SPARE'];
    await rig.host.ready.promise;
    await rig.worker.stop(60_000);
    assert.equal(threads.length, 2);
  });

  it('may fail before anybody has taken it', async () => {
    const started = once(process, 'worker');
    startSpareThread(plain.id, plain.poolName);
    const [spare] = (await started) as [Thread];
    const ended = new Promise((resolve) => spare.once('exit', resolve));
    // A preload that does not load, for one, while the program is busy.
    spare.emit('error', new Error('not in threads'));
    await ended;
    assert.equal(threads.length, 1);
  });

  for (const [what, options] of [
    ['of another pool', workerOptions({ poolName: 'other', runtime: PLAIN })],
    ['with an environment of its own', workerOptions({ runtime: { ...PLAIN, env: {} } })],
    ['with data', workerOptions({ runtime: { ...PLAIN, workerData: 1 } })],
  ] as const) {
    it(`is not taken for a worker ${what}, and ends`, async () => {
      const started = once(process, 'worker');
      startSpareThread(plain.id, plain.poolName);
      const [spare] = (await started) as [Thread];
      const ended = once(spare, 'exit');
      const rig = new Rig(createThreadWorker, options);
      rig.worker.start();
      await Promise.all([ended, rig.host.ready.promise]);
      await rig.worker.stop(60_000);
      assert.equal(threads.length, 2);
    });
  }
});
