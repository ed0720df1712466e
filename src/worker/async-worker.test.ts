import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { describe, it } from 'node:test';
import { createAsyncWorker } from './async-worker.js';
import { CANCEL_BY_SHUTDOWN } from '../transport/protocol.js';
import { fixture, Rig, TestTask, workerOptions } from './fixtures/harness.js';
import type { HostCalls } from './worker.js';
import { workerContract } from './worker.contract.js';

workerContract('async', createAsyncWorker);

describe('async worker', { timeout: 180_000 }, () => {
  async function ready(module: string): Promise<Rig> {
    const rig = new Rig(createAsyncWorker, workerOptions({ moduleUrl: module }));
    rig.worker.start();
    await rig.host.ready.promise;
    return rig;
  }

  it('passes arguments, results and errors by reference', async () => {
    const rig = await ready(fixture('tasks'));
    const thrown = { by: 'reference' };
    assert.equal((await rig.submit('throwValue', [thrown]).outcome.promise).value, thrown);
    const bytes = new Uint8Array([1, 2]);
    assert.equal(await rig.run('reverse', bytes), bytes);
    await rig.worker.terminate();
  });

  it('takes over calls that its host has made, as soon as it looks at what it holds', async () => {
    const rig = await ready(fixture('tasks'));
    const hostCalls = rig.worker.hostCalls as HostCalls<TestTask>;
    assert.equal(hostCalls.find('none'), undefined);
    assert.equal(typeof hostCalls.find('reverse'), 'function');
    const [returns, throws, stays] = [0, 1, 2].map((sequence) => new TestTask('reverse', [], sequence)) as [TestTask, TestTask, TestTask];
    hostCalls.takeOver(returns).fulfilled(Promise.resolve('value'));
    hostCalls.takeOver(throws).rejected('error');
    await assert.rejects(throws.result(), (error) => error === 'error');
    assert.equal(await returns.result(), 'value');
    let signal: AbortSignal | undefined;
    hostCalls.onLook = () => {
      hostCalls.onLook = () => undefined;
      signal = hostCalls.takeOver(stays).context.signal;
    };
    assert.deepEqual([...rig.worker.inFlight()], [stays]);
    await rig.worker.terminate();
    assert.deepEqual(rig.host.lost, [stays]);
    await Promise.resolve();
    assert.equal(signal?.aborted, true);
  });

  it('waits for a function that ignores its signal no longer than the grace, then runs its stop hook', async () => {
    const source = `
      export const worker = Object.defineProperty({ stop: () => { globalThis.millraceTestStopped = true; } }, Symbol.for('millrace.worker.definition'), { value: true });
      export const never = () => new Promise(() => undefined);`;
    const rig = new Rig(createAsyncWorker, workerOptions({ moduleUrl: `data:text/javascript,${encodeURIComponent(source)}`, cancelGraceMs: 5 }));
    rig.worker.start();
    await rig.host.ready.promise;
    const task = rig.submit('never');
    const keepAlive = setInterval(() => undefined, 1_000_000);
    const stopping = rig.worker.stop(1_000_000);
    rig.worker.abandon(task, CANCEL_BY_SHUTDOWN);
    await stopping;
    clearInterval(keepAlive);
    assert.deepEqual([(await rig.host.exit.promise).reason, (globalThis as { millraceTestStopped?: boolean }).millraceTestStopped], ['stopped', true]);
  });

  it('calls the function in the asynchronous context of its dispatch, and so each step of a generator', async () => {
    const storage = new AsyncLocalStorage<string>();
    (globalThis as { millraceTestStorage?: unknown }).millraceTestStorage = storage;
    const source = `
      const storage = globalThis.millraceTestStorage;
      export const direct = () => storage.getStore();
      export const later = async () => { await null; return storage.getStore(); };
      export function* steps() { for (;;) yield storage.getStore(); }`;
    const rig = await ready(`data:text/javascript,${encodeURIComponent(source)}`);
    const [direct, later, steps] = storage.run('caller', () => [rig.dispatch('direct'), rig.dispatch('later'), rig.dispatch('steps')] as const);
    rig.worker.flush();
    assert.deepEqual([await direct.result(), await later.result()], ['caller', 'caller']);
    await steps.valuesAre(4);
    storage.run('reader', () => rig.worker.credit(steps, 2));
    assert.deepEqual(
      await steps.valuesAre(6),
      Array.from({ length: 6 }, () => 'caller'),
    );
    delete (globalThis as { millraceTestStorage?: unknown }).millraceTestStorage;
    await rig.worker.terminate();
  });

  it('reports a synchronous result in the flush, without a tick', async () => {
    const rig = await ready(fixture('tasks'));
    rig.dispatch('add', [1, 2]);
    assert.deepEqual(rig.host.calls, ['ready']);
    rig.worker.flush();
    assert.deepEqual(rig.host.calls, ['ready', 'completed add']);
    await rig.worker.terminate();
  });

  it('keeps the order of a stream whose reader grants credit from within a report', async () => {
    const rig = await ready(fixture('tasks'));
    const { host, worker } = rig;
    host.onStream = (_worker, task) => worker.credit(task, 3);
    const task = rig.submit('count', [6]);
    assert.equal(await task.result(), 'counted');
    assert.deepEqual(task.values, [1, 2, 3, 4, 5, 6]);
    await worker.terminate();
  });

  it('raises the signals of what still runs when it is terminated, and reports nothing after its exit', async () => {
    const rig = await ready(`${fixture('tasks')}?terminated`);
    const task = rig.submit('untilAborted');
    await rig.worker.terminate();
    assert.deepEqual([rig.host.lost, rig.host.calls], [[task], ['ready', 'exit terminated']]);
    const exit = await rig.host.exit.promise;
    assert.equal(exit.abandoned, true);
    await Promise.resolve();
    assert.deepEqual(rig.host.calls, ['ready', 'exit terminated']);
  });
});
