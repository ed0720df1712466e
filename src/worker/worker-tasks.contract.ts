/** Part of the contract suite of workers. Tasks: order, concurrency, values and errors across the border. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ValueError } from '../errors.js';
import { FLAG_NOTIFY_START, FLAG_URGENT } from '../transport/protocol.js';
import type { Bench } from './fixtures/bench.js';
import { fixture } from './fixtures/harness.js';

export function tasksContract(bench: Bench): void {
  describe('tasks', () => {
    it('return values, promised or not', async () => {
      const rig = await bench.ready();
      assert.equal(await rig.run('add', 1, 2), 3);
      assert.equal(await rig.run('addLater', 1, 2), 3);
      assert.equal(await rig.run('default'), 'default');
      assert.equal(await rig.run('nothing'), undefined);
      assert.equal(await rig.run('urgentByDefault', 'a'), 'A');
    });

    it('need nothing of millrace in their module', async () => {
      const rig = await bench.ready({ moduleUrl: fixture('plain') });
      assert.equal(await rig.run('double', 21), 42);
    });

    it('are not reported from within dispatch', async () => {
      const rig = await bench.ready();
      const task = rig.dispatch('add', [1, 2], { flags: FLAG_NOTIFY_START });
      assert.deepEqual(rig.host.calls, ['ready']);
      rig.worker.flush();
      await task.result();
      assert.deepEqual(rig.host.calls, ['ready', 'started add', 'completed add']);
    });

    it('are executed in the order of their dispatch, one after another', async () => {
      const rig = await bench.ready();
      const tasks = Array.from({ length: 1_000 }, (_, index) => rig.dispatch('add', [index, index]));
      rig.worker.flush();
      const results = await Promise.all(tasks.map((task) => task.result()));
      assert.deepEqual(
        results,
        tasks.map((_, index) => index * 2),
      );
      assert.deepEqual([...rig.worker.inFlight()], []);
    });

    it('name what the module exports when their own name is unknown', async () => {
      const rig = await bench.ready();
      await assert.rejects(rig.run('addlater', 1), {
        code: 'ERR_UNKNOWN_FUNCTION',
        message: /no function "addlater"; it exports .*add.*Did you mean addLater\?/,
      });
      await assert.rejects(rig.run('toString'), { code: 'ERR_UNKNOWN_FUNCTION' });
      await assert.rejects(rig.run('__proto__'), { code: 'ERR_UNKNOWN_FUNCTION' });
    });

    it('interleave up to the concurrency', async () => {
      const rig = await bench.ready({ concurrency: 3 });
      const tasks = [rig.submit('gate', ['a']), rig.submit('gate', ['b'])];
      assert.equal(await rig.run('open', 'b'), true);
      assert.equal(await rig.run('open', 'a'), true);
      assert.deepEqual(await Promise.all(tasks.map((task) => task.result())), ['a', 'b']);
      assert.deepEqual(await rig.run('takeOrder'), ['wait a', 'wait b', 'pass b', 'pass a']);
    });

    it('pass the others when they are urgent', async () => {
      const rig = await bench.ready();
      const waiting = rig.submit('gate', ['held'], { flags: FLAG_NOTIFY_START });
      await waiting.started.promise;
      const urgent = rig.submit('open', ['held'], { flags: FLAG_URGENT });
      assert.equal(await urgent.result(), true);
      assert.equal(await waiting.result(), 'held');
    });

    bench.remoteIt('give back the object as it was when they returned it', async () => {
      const rig = await bench.ready();
      const tasks = [1, 2, 3].map((value) => rig.dispatch('reuse', [value]));
      rig.worker.flush();
      assert.deepEqual(await Promise.all(tasks.map((task) => task.result())), [{ value: 1 }, { value: 2 }, { value: 3 }]);
    });

    it('take and return bytes', async () => {
      const rig = await bench.ready();
      assert.deepEqual(await rig.run('reverse', new Uint8Array([1, 2, 3])), new Uint8Array([3, 2, 1]));
      assert.deepEqual(await rig.run('moved', 3), new Uint8Array([7, 7, 7]));
    });
  });

  describe('errors', () => {
    it('come back with class name, message, cause and properties', async () => {
      const rig = await bench.ready();
      for (const name of ['failSync', 'failAsync']) {
        const error = await rig.run(name).then(
          () => assert.fail('it completed'),
          (reason: unknown) => reason as Error & { quota: number },
        );
        assert.ok(error instanceof Error);
        assert.equal(error.constructor.name, 'QuotaError');
        assert.equal(error.message, 'over quota');
        assert.equal(error.quota, 7);
        assert.ok(error.cause instanceof TypeError);
        assert.match(error.stack ?? '', new RegExp(`at ${name}|at async ${name}`));
      }
    });

    it('may be any value', async () => {
      const rig = await bench.ready();
      for (const thrown of ['text', 42, null, undefined, { code: 1 }]) {
        const outcome = await rig.submit('throwValue', [thrown]).outcome.promise;
        assert.deepEqual(outcome, { how: 'failed', value: thrown });
      }
    });

    it('do not harm the worker, whatever they are', async () => {
      const rig = await bench.ready();
      assert.equal((await rig.submit('throwHostile').outcome.promise).how, 'failed');
      await assert.rejects(rig.run('hostileThen'), RangeError);
      assert.equal(await rig.run('add', 1, 2), 3);
    });

    bench.remoteIt('name the path of an argument that cannot cross, and only that task fails', async () => {
      const rig = await bench.ready();
      const [before, bad, behind] = [rig.dispatch('add', [1, 2]), rig.dispatch('add', [{ user: { greet: () => 1 } }]), rig.dispatch('add', [3, 4])];
      rig.worker.flush();
      const { how, value } = await bad.outcome.promise;
      assert.equal(how, 'unsent');
      assert.ok(value instanceof ValueError);
      assert.equal(value.path, 'args[0].user.greet');
      assert.deepEqual(await Promise.all([before.result(), behind.result()]), [3, 7]);
    });

    bench.remoteIt('name the path of a result that cannot cross, and the worker lives on', async () => {
      const rig = await bench.ready();
      const { how, value } = await rig.submit('returnFunction').outcome.promise;
      assert.equal(how, 'failed');
      assert.ok(value instanceof ValueError);
      assert.equal(value.path, 'result.rows[1].callback');
      assert.equal(await rig.run('add', 1, 2), 3);
    });
  });
}
