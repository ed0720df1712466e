/** Part of the contract suite of workers. What only workers with a thread or process of their own can do: crash, be killed, have surroundings. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { MillraceError } from '../errors.js';
import { FLAG_NOTIFY_START } from '../transport/protocol.js';
import type { Bench } from './fixtures/bench.js';

export function remoteContract(bench: Bench): void {
  describe('crashes', () => {
    it('by process.exit() tell the exit code and the guilty task', async () => {
      const rig = await bench.ready();
      assert.equal(await rig.run('add', 1, 2), 3);
      const [fine, guilty, behind] = [rig.dispatch('add', [3, 4]), rig.dispatch('exitWith', [7]), rig.dispatch('add', [5, 6])];
      rig.worker.flush();
      const exit = await rig.host.exit.promise;
      assert.equal(exit.reason, 'crashed');
      assert.equal(exit.exitCode, 7);
      assert.equal(exit.error, undefined);
      assert.equal(exit.guilty, guilty);
      // What was done before was told before.
      assert.equal(await fine.result(), 7);
      assert.deepEqual(rig.host.lost, [guilty, behind]);
    });

    it('by an uncaught error in a timer tell the error and the guilty task', async () => {
      const rig = await bench.ready();
      const guilty = rig.submit('throwLater');
      const exit = await rig.host.exit.promise;
      assert.equal(exit.reason, 'crashed');
      assert.equal(exit.exitCode, 1);
      assert.equal(exit.error?.name, 'QuotaError');
      assert.equal(exit.error?.message, 'uncaught');
      assert.equal(exit.guilty, guilty);
      assert.deepEqual(rig.host.lost, [guilty]);
    });

    it('by an uncaught error tell the guilty among several', async () => {
      const rig = await bench.ready({ concurrency: 3 });
      rig.submit('gate', ['a']);
      const guilty = rig.submit('throwLater');
      const exit = await rig.host.exit.promise;
      assert.equal(exit.guilty, guilty);
      assert.equal(rig.host.lost.length, 2);
    });

    it('by an unhandled rejection tell the reason', async () => {
      const rig = await bench.ready();
      rig.submit('rejectLater');
      const exit = await rig.host.exit.promise;
      assert.equal(exit.reason, 'crashed');
      assert.equal(exit.error?.message, 'unhandled');
    });
  });

  describe('termination', () => {
    it('ends an infinite loop within its bound', async () => {
      const rig = await bench.ready();
      const task = rig.submit('loopForever', [], { flags: FLAG_NOTIFY_START });
      await task.started.promise;
      const before = performance.now();
      await rig.worker.terminate();
      assert.ok(performance.now() - before < 15_000, 'it took as long as its limit');
      const exit = await rig.host.exit.promise;
      assert.equal(exit.reason, 'terminated');
      assert.equal(exit.abandoned, false);
      assert.deepEqual(rig.host.lost, [task]);
    });

    it('follows a stop whose grace an infinite loop outlasts', async () => {
      const rig = await bench.ready();
      const task = rig.submit('loopForever', [], { flags: FLAG_NOTIFY_START });
      await task.started.promise;
      await rig.worker.stop(10);
      assert.equal((await rig.host.exit.promise).reason, 'terminated');
    });
  });

  describe('surroundings', () => {
    it('have the environment, arguments and names of the worker', async () => {
      const rig = await bench.ready({ runtime: { env: { ...process.env, CUSTOM: 'set', GONE: undefined }, argv: ['--flag', 'value'] } });
      const seen = (await rig.run('whoAmI')) as { workerId: string; pool: string; custom: string; argv: string[] };
      assert.deepEqual([seen.workerId, seen.pool, seen.custom, seen.argv], ['test-1', 'test', 'set', ['--flag', 'value']]);
      assert.equal(process.env['MILLRACE_WORKER_ID'], undefined);
    });

    it('must be able to take the workerData', async () => {
      const error = await bench.ready({ runtime: { workerData: { callback: () => 1 } } }).then(
        () => assert.fail('it started'),
        (reason: unknown) => reason as MillraceError,
      );
      assert.equal(error.code, 'ERR_WORKER_START');
      assert.match(error.message, /workerData\.callback is/);
    });

    it('are given up for fresh ones when the heap is over its limit', async () => {
      const rig = await bench.ready({ heapBytesMax: 1 });
      assert.equal(await rig.run('add', 1, 2), 3);
      assert.ok((await rig.host.recycle.promise) > 1);
    });
  });
}
