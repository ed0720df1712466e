import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { realpathSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import type { MillraceError } from '../errors.js';
import { FLAG_NOTIFY_START } from '../transport/protocol.js';
import { startHost } from './fixtures/host-process.js';
import { createProcessWorker } from './process-worker.js';
import { Rig, workerOptions } from './fixtures/harness.js';
import { workerContract } from './worker.contract.js';

workerContract('process', createProcessWorker);

/** Returns when the process has ended. Nothing else of this program runs meanwhile, so that nothing it sent is read. */
function untilDead(pid: number): void {
  const limitMs = performance.now() + 60_000;
  while (!/^(Z|$)/.test(spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).stdout.trim())) {
    assert.ok(performance.now() < limitMs, `process ${pid} never ended`);
  }
}

describe('process worker', { timeout: 180_000 }, () => {
  let keepAlive: NodeJS.Timeout;
  before(() => {
    keepAlive = setInterval(() => undefined, 1_000_000);
  });
  after(() => clearInterval(keepAlive));

  async function ready(changes?: Parameters<typeof workerOptions>[0]): Promise<{ rig: Rig; pid: number }> {
    const rig = new Rig(createProcessWorker, workerOptions(changes));
    rig.worker.start();
    return { rig, pid: (await rig.host.ready.promise).pid };
  }

  it('does not keep an idle process alive, and ends with it', async () => {
    const host = await startHost('process', 'idle');
    assert.deepEqual(await host.gone, { code: 0, output: 'ready 3\n' });
  });

  it('ends when its parent is killed', async () => {
    const host = await startHost('process', 'stay');
    host.child.kill('SIGKILL');
    assert.equal((await host.gone).code, null);
  });

  it('ends when its parent is killed while it is in a loop that never ends', { skip: process.platform === 'win32' }, async () => {
    const host = await startHost('process', 'stuck');
    host.child.kill('SIGKILL');
    // The loop holds the output of the program open for as long as it lives.
    assert.equal((await host.gone).code, null);
  });

  it('survives the signals that a terminal or service manager sends to all processes', async () => {
    const { rig, pid } = await ready();
    process.kill(pid, 'SIGINT');
    process.kill(pid, 'SIGTERM');
    assert.equal(await rig.run('add', 1, 2), 3);
    await rig.worker.stop(60_000);
    assert.equal((await rig.host.exit.promise).reason, 'stopped');
  });

  it('tells the signal that killed it, and what it had in hand', async () => {
    const { rig } = await ready();
    const task = rig.submit('killSelf');
    const exit = await rig.host.exit.promise;
    assert.deepEqual([exit.reason, exit.exitCode, exit.exitSignal, exit.error], ['crashed', null, 'SIGKILL', undefined]);
    assert.deepEqual(rig.host.lost, [task]);
  });

  it('is heard to its last word when tasks are on their way to it as it dies', { skip: process.platform === 'win32' }, async () => {
    const { rig, pid } = await ready();
    rig.dispatch('add', [3, 4]);
    const guilty = rig.dispatch('exitWith', [7]);
    rig.worker.flush();
    untilDead(pid);
    const behind = rig.submit('add', [5, 6]);
    const exit = await rig.host.exit.promise;
    assert.deepEqual(rig.host.calls, ['ready', 'completed add', 'exit crashed']);
    assert.deepEqual([exit.reason, exit.exitCode, exit.guilty], ['crashed', 7, guilty]);
    assert.deepEqual(rig.host.lost, [guilty, behind]);
  });

  it('delivers the answers that have come when it is asked to, without a turn of the event loop', { skip: process.platform === 'win32' }, async () => {
    const { rig, pid } = await ready();
    for (let index = 0; index < 100; index += 1) rig.dispatch('add', [index, 1]);
    rig.dispatch('exitWith', [7]);
    rig.worker.flush();
    untilDead(pid);
    rig.worker.collect();
    assert.equal(rig.host.calls.filter((call) => call === 'completed add').length, 100);
    await rig.host.exit.promise;
    assert.equal(rig.host.lost.length, 1);
  });

  it('is killed when it computes through the grace of its termination', async () => {
    const { rig } = await ready();
    const task = rig.submit('loopForever', [], { flags: FLAG_NOTIFY_START });
    await task.started.promise;
    await rig.worker.terminate();
    assert.deepEqual([(await rig.host.exit.promise).exitSignal, rig.host.lost], ['SIGKILL', [task]]);
  });

  it('is killed without a grace when its event loop has left a question unanswered', async (t) => {
    const { rig, pid } = await ready();
    await rig.submit('loopForever', [], { flags: FLAG_NOTIFY_START }).started.promise;
    rig.worker.ping();
    const kill = t.mock.method(process, 'kill');
    const ended = rig.worker.terminate();
    assert.deepEqual(
      kill.mock.calls.map((call) => call.arguments),
      [[pid, 'SIGKILL']],
    );
    await ended;
  });

  it('runs in the directory it is given', async () => {
    const cwd = realpathSync(tmpdir());
    const { rig } = await ready({ runtime: { cwd } });
    assert.equal(((await rig.run('whoAmI')) as { cwd: string }).cwd, cwd);
    await rig.worker.stop(60_000);
  });

  it('does not start in a directory that is not there', async () => {
    const rig = new Rig(createProcessWorker, workerOptions({ runtime: { cwd: '/no/such/directory' } }));
    rig.worker.start();
    const exit = await rig.host.exit.promise;
    assert.equal(exit.reason, 'start-failed');
    assert.equal((exit.error as MillraceError).code, 'ERR_WORKER_START');
    assert.match(exit.error?.message ?? '', /there is no folder \/no\/such\/directory, which the option cwd names/);
  });

  it('takes and returns large values', async () => {
    const { rig } = await ready();
    const bytes = new Uint8Array(4 * 1024 * 1024).fill(1);
    bytes[0] = 2;
    const reversed = (await rig.run('reverse', bytes)) as Uint8Array;
    assert.equal(reversed.length, bytes.length);
    assert.equal(reversed.at(-1), 2);
    await rig.worker.stop(60_000);
  });
});
