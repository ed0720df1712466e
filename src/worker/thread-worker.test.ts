import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { describe, it } from 'node:test';
import { startHost } from './fixtures/host-process.js';
import { createThreadWorker } from './thread-worker.js';
import { Rig, workerOptions } from './fixtures/harness.js';
import { workerContract } from './worker.contract.js';

workerContract('thread', createThreadWorker);

describe('thread worker', { timeout: 180_000 }, () => {
  it('does not keep an idle process alive', async () => {
    const host = await startHost('thread', 'idle');
    assert.deepEqual(await host.gone, { code: 0, output: 'ready 3\n' });
  });

  it('is left behind when native code outlasts the limit of its termination', async () => {
    const rig = new Rig(createThreadWorker, workerOptions({ terminateTimeoutMs: 20 }));
    const keepAlive = setInterval(() => undefined, 1_000_000);
    rig.worker.start();
    await rig.host.ready.promise;
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const task = rig.submit('blockNatively', [(server.address() as AddressInfo).port]);
    const [blocking] = (await once(server, 'connection')) as [Socket];
    await rig.worker.terminate();
    const exit = await rig.host.exit.promise;
    assert.deepEqual([exit.reason, exit.abandoned, exit.exitCode], ['terminated', true, null]);
    assert.deepEqual(rig.host.lost, [task]);
    blocking.destroy();
    server.close();
    clearInterval(keepAlive);
  });

  it('tells why a heap limit ended it', async () => {
    const rig = new Rig(createThreadWorker, workerOptions({ runtime: { resourceLimits: { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2 } } }));
    const keepAlive = setInterval(() => undefined, 1_000_000);
    rig.worker.start();
    await rig.host.ready.promise;
    rig.submit('growHeap');
    const exit = await rig.host.exit.promise;
    assert.equal(exit.reason, 'crashed');
    assert.equal((exit.error as { code?: string } | undefined)?.code, 'ERR_WORKER_OUT_OF_MEMORY');
    clearInterval(keepAlive);
  });

  it('transfers what is marked or listed', async () => {
    const rig = new Rig(createThreadWorker, workerOptions());
    const keepAlive = setInterval(() => undefined, 1_000_000);
    rig.worker.start();
    await rig.host.ready.promise;
    const bytes = new Uint8Array([1, 2, 3]);
    const task = rig.submit('reverse', [bytes], { transfer: [bytes.buffer] });
    assert.deepEqual(await task.result(), new Uint8Array([3, 2, 1]));
    assert.equal(bytes.length, 0);
    await rig.worker.stop(60_000);
    clearInterval(keepAlive);
  });
});
