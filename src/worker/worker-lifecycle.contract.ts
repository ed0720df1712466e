/** Part of the contract suite of workers. Lifecycle: start, stop, terminate, and starts that fail. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { MillraceError, ModuleLoadError } from '../errors.js';
import type { Bench, BenchOptions } from './fixtures/bench.js';
import { fixture } from './fixtures/harness.js';
import type { Rig } from './fixtures/harness.js';

export function lifecycleContract(bench: Bench): void {
  describe('lifecycle', () => {
    it('tells what the module exports when it is ready', async () => {
      const rig = await bench.ready();
      const info = await rig.host.ready.promise;
      const names = info.functions.map((each) => each.name);
      assert.ok(names.includes('add') && names.includes('default'));
      assert.ok(!names.includes('NotATask') && !names.includes('notAFunction'));
      assert.deepEqual(info.functions.find((each) => each.name === 'urgentByDefault')?.options, { priority: 'high', timeout: '5s' });
      assert.deepEqual(info.hooks, { start: false, stop: false, healthCheck: false });
      assert.equal(info.pid === process.pid, bench.kind !== 'process');
      assert.equal(info.threadId > 0, bench.kind === 'thread');
      assert.ok(info.bootMs > 0);
    });

    it('runs the start hook before the first task and the stop hook after the last', async () => {
      const file = join(bench.directory(), `hooks-${bench.kind}`);
      const rig = await bench.ready({ moduleUrl: fixture('hooks'), runtime: { workerData: file } });
      assert.deepEqual((await rig.host.ready.promise).hooks, { start: true, stop: true, healthCheck: true });
      assert.equal(readFileSync(file, 'utf8'), `start ${bench.kind} test-1\n`);
      await rig.worker.stop(60_000);
      assert.equal(readFileSync(file, 'utf8'), `start ${bench.kind} test-1\nstop\n`);
      assert.deepEqual(rig.host.calls, ['ready', 'exit stopped']);
      assert.equal((await rig.host.exit.promise).exitCode, bench.isRemote ? 0 : null);
    });

    it('stops once, however often it is told to', async () => {
      const rig = await bench.ready();
      await Promise.all([rig.worker.stop(60_000), rig.worker.stop(60_000)]);
      await rig.worker.stop(0);
      await rig.worker.terminate();
      assert.deepEqual(rig.host.calls, ['ready', 'exit stopped']);
    });

    it('can be stopped or terminated before it was started', async () => {
      const stopped = bench.rigFor();
      await stopped.worker.stop(60_000);
      stopped.worker.start();
      assert.deepEqual(stopped.host.calls, ['exit stopped']);
      const terminated = bench.rigFor();
      await terminated.worker.terminate();
      assert.deepEqual(terminated.host.calls, ['exit terminated']);
    });

    it('can be stopped or terminated while it starts', async () => {
      const stopped = bench.rigFor();
      stopped.worker.start();
      await stopped.worker.stop(60_000);
      assert.deepEqual(stopped.host.calls, ['exit stopped']);
      const terminated = bench.rigFor({ moduleUrl: fixture('start-hangs') });
      terminated.worker.start();
      await terminated.worker.terminate();
      assert.deepEqual(terminated.host.calls, ['exit terminated']);
    });

    it('stops after the tasks it holds have ended', async () => {
      const rig = await bench.ready({ concurrency: 2 });
      const task = rig.submit('gate', ['stop']);
      const stopped = rig.worker.stop(60_000);
      assert.equal(await rig.run('open', 'stop'), true);
      assert.equal(await task.result(), 'stop');
      await stopped;
      assert.deepEqual(rig.host.calls.at(-1), 'exit stopped');
    });

    it('is terminated when its stop hook takes longer than the grace', async () => {
      const rig = await bench.ready({ moduleUrl: fixture('stop-hangs') });
      await rig.worker.stop(20);
      assert.deepEqual(rig.host.calls, ['ready', 'exit terminated']);
    });

    it('reports the error of a stop hook', async () => {
      const rig = await bench.ready({ moduleUrl: fixture('stop-throws') });
      await rig.worker.stop(60_000);
      const exit = await rig.host.exit.promise;
      assert.equal(exit.reason, 'stopped');
      assert.equal(exit.error?.message, 'cannot let go');
    });

    it('lists what was in flight when it is terminated', async () => {
      const rig = await bench.ready({ concurrency: 2 });
      const tasks = [rig.submit('gate', ['a']), rig.submit('gate', ['b'])];
      await rig.worker.terminate();
      assert.deepEqual(rig.host.lost, tasks);
      assert.deepEqual(rig.host.calls, ['ready', 'exit terminated']);
    });
  });

  describe('a failed start', () => {
    it('names a module that does not exist', async () => {
      const { error } = await failsToStart(bench, { moduleUrl: fixture('missing') });
      assert.ok(error instanceof ModuleLoadError);
      assert.match(error.message, /fixtures.missing\.js cannot be loaded: .*Cannot find module/s);
      assert.equal((error.cause as { code: string }).code, 'ERR_MODULE_NOT_FOUND');
    });

    it('carries a syntax error', async () => {
      const { error } = await failsToStart(bench, { moduleUrl: 'data:text/javascript,export const = 1' });
      assert.ok(error instanceof ModuleLoadError);
      assert.match(error.message, /SyntaxError/);
      assert.ok(error.cause instanceof SyntaxError);
    });

    it('carries what the module throws', async () => {
      const { error } = await failsToStart(bench, { moduleUrl: fixture('throws-on-load') });
      assert.ok(error instanceof ModuleLoadError);
      assert.match(error.message, /throws-on-load\.js cannot be loaded: RangeError: no such configuration/);
      assert.ok(error.cause instanceof RangeError);
    });

    it('carries what the start hook throws', async () => {
      const { error } = await failsToStart(bench, { moduleUrl: fixture('start-throws') });
      assert.equal(error.code, 'ERR_WORKER_START');
      assert.match(error.message, /test-1 did not start: its start hook failed: the database is away/);
      assert.ok(error.cause instanceof RangeError);
    });

    it('carries what the health check rejects with', async () => {
      const { error } = await failsToStart(bench, { moduleUrl: fixture('health-fails') });
      assert.equal(error.code, 'ERR_WORKER_START');
      assert.match(error.message, /its health check failed: not well/);
      const unhealthy = await failsToStart(bench, { moduleUrl: fixture('health-false') });
      assert.match(unhealthy.error.message, /its health check failed: the health check returned false/);
    });

    it('is a start that takes longer than its limit', async () => {
      const { error } = await failsToStart(bench, { moduleUrl: fixture('start-hangs'), startTimeoutMs: 30 });
      assert.equal(error.code, 'ERR_WORKER_START');
      assert.match(error.message, /longer than 30 ms \(option startTimeout\)/);
    });

    bench.remoteIt('is an exit before it was ready', async () => {
      const { error, rig } = await failsToStart(bench, { moduleUrl: fixture('exits-on-load') });
      assert.equal(error.code, 'ERR_WORKER_START');
      assert.match(error.message, /ended before it was ready \(exit code 9\)/);
      assert.equal((await rig.host.exit.promise).exitCode, 9);
    });
  });
}

async function failsToStart(bench: Bench, changes: BenchOptions): Promise<{ error: MillraceError; rig: Rig }> {
  const rig = bench.rigFor(changes);
  rig.worker.start();
  const exit = await rig.host.exit.promise;
  assert.equal(exit.reason, 'start-failed');
  assert.deepEqual(rig.host.calls, ['exit start-failed']);
  assert.ok(exit.error instanceof MillraceError);
  return { error: exit.error, rig };
}
