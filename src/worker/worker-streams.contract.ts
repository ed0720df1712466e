/** Part of the contract suite of workers. Generator task functions: credit, leaving, cancelling. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ValueError } from '../errors.js';
import { CANCEL_BY_CALLER } from '../transport/protocol.js';
import type { Bench } from './fixtures/bench.js';

export function streamsContract(bench: Bench): void {
  describe('streams', () => {
    for (const name of ['count', 'countAsync', 'countPromised']) {
      it(`of ${name} run no further ahead than their credit`, async () => {
        const rig = await bench.ready({ concurrency: 2 });
        const task = rig.submit(name, [20]);
        assert.deepEqual(await task.valuesAre(4), [1, 2, 3, 4]);
        assert.deepEqual(await rig.run('streamCounters'), { produced: 4, finished: 0 });
        rig.worker.credit(task, 2);
        assert.deepEqual(await task.valuesAre(6), [1, 2, 3, 4, 5, 6]);
        assert.equal(((await rig.run('streamCounters')) as { produced: number }).produced, 6);
        rig.worker.credit(task, 100);
        assert.equal(await task.result(), 'counted');
        assert.equal(task.values.length, 20);
      });

      it(`of ${name} run their finally block when the reader leaves`, async () => {
        const rig = await bench.ready({ concurrency: 2 });
        const before = ((await rig.run('streamCounters')) as { finished: number }).finished;
        const task = rig.submit(name, [20]);
        await task.valuesAre(4);
        rig.worker.endStream(task);
        assert.equal(await task.result(), undefined);
        assert.deepEqual(await rig.run('streamCounters'), { produced: 4, finished: before + 1 });
        assert.equal(task.values.length, 4);
      });
    }

    it('fail with what their generator throws', async () => {
      const rig = await bench.ready({ concurrency: 2 });
      const task = rig.submit('throwAfter', [2]);
      await task.streaming.promise;
      await assert.rejects(task.result(), { name: 'QuotaError', quota: 2 });
      assert.deepEqual(task.values, [1, 2]);
    });

    it('end when they are cancelled while they wait for credit', async () => {
      const rig = await bench.ready({ concurrency: 2 });
      const task = rig.submit('count', [20]);
      await task.valuesAre(4);
      const token = rig.worker.abandon(task, CANCEL_BY_CALLER);
      await rig.host.whenVacated(token).promise;
      assert.equal(((await rig.run('streamCounters')) as { produced: number }).produced, 4);
    });

    it('end when they are cancelled while their generator waits', async () => {
      const rig = await bench.ready();
      const task = rig.submit('waitForAbort');
      await task.valuesAre(1);
      await rig.host.whenVacated(rig.worker.abandon(task, CANCEL_BY_CALLER)).promise;
      assert.deepEqual(task.values, [1]);
    });

    bench.remoteIt('fail with the path of a value that cannot cross', async () => {
      const rig = await bench.ready();
      const task = rig.submit('yieldUncloneable');
      const { how, value } = await task.outcome.promise;
      assert.equal(how, 'failed');
      assert.ok(value instanceof ValueError);
      assert.equal(value.path, 'yield.callback');
      assert.deepEqual(task.values, [1]);
      assert.equal(await rig.run('add', 1, 2), 3);
    });
  });
}
