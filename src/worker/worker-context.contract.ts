/** Part of the contract suite of workers. What a running function sees and hears, and what the pool asks. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { TaskCancelledError, TaskTimeoutError } from '../errors.js';
import { CANCEL_BY_CALLER, CANCEL_BY_TIMEOUT, FLAG_NOTIFY_START, FLAG_URGENT } from '../transport/protocol.js';
import type { Bench } from './fixtures/bench.js';
import { fixture } from './fixtures/harness.js';

export function contextContract(bench: Bench): void {
  describe('context', () => {
    it('tells who and what', async () => {
      const rig = await bench.ready();
      const deadlineEpochMs = Date.now() + 60_000;
      const task = rig.submit('describeContext', [], { attempt: 2, deadlineEpochMs, givenCorrelationId: 'request-7' });
      assert.deepEqual(await task.result(), {
        taskId: 'prefix-0000000',
        taskName: 'describeContext',
        attempt: 2,
        deadline: deadlineEpochMs,
        correlationId: 'request-7',
        workerId: 'test-1',
        aborted: false,
      });
      const plain = (await rig.run('describeContext')) as { correlationId: string; deadline: unknown };
      assert.equal(plain.correlationId, 'prefix-0000001');
      assert.equal(plain.deadline, undefined);
    });

    for (const concurrency of [1, 4]) {
      it(`stays with its task across await, ${concurrency} at a time`, async () => {
        const rig = await bench.ready({ concurrency });
        const tasks = Array.from({ length: 8 }, () => rig.dispatch('contextAfterAwait'));
        rig.worker.flush();
        const ids = (await Promise.all(tasks.map((task) => task.result()))) as [string, string][];
        assert.deepEqual(
          ids,
          tasks.map((_, index) => [`prefix-000000${index}`, `prefix-000000${index}`]),
        );
      });
    }

    bench.remoteIt('tells when a function blocks and when it is back, also when it throws', async () => {
      const rig = await bench.ready();
      assert.equal(await rig.run('block', 'sync'), 'sync');
      assert.equal(await rig.run('block', 'async'), 'async');
      await assert.rejects(rig.run('block', 'throws'), { message: 'throws' });
      const calls = rig.host.calls.filter((call) => call === 'blocking' || call === 'back');
      assert.deepEqual(calls, ['blocking', 'back', 'blocking', 'back', 'blocking', 'back']);
    });

    it('sends progress and logs before the outcome', async () => {
      const rig = await bench.ready();
      const task = rig.submit('report', [1, { half: 0.5 }, 'three']);
      assert.equal(await task.result(), 'done');
      assert.deepEqual(task.progress, [1, { half: 0.5 }, 'three']);
      assert.deepEqual(rig.host.logs, [{ task, level: 'info', message: 'reported', fields: { count: 3 } }]);
    });

    bench.remoteIt('drops a progress value that cannot cross, and says so', async () => {
      const rig = await bench.ready();
      const exotic = Object.assign(new Map(), {});
      assert.equal(await rig.submit('report', [exotic]).result(), 'done');
      const task = rig.submit('reportUncloneable');
      assert.equal(await task.result(), 'done');
      assert.deepEqual(task.progress, [1, 2]);
      const warning = rig.host.logs.find((log) => log.level === 'warn');
      assert.match(warning?.message ?? '', /a progress value was dropped: progress\.callback is/);
    });

    it('is deaf and dumb when its task is over', async () => {
      const rig = await bench.ready();
      await rig.run('keepContext');
      const task = rig.submit('speakLater');
      await task.result();
      assert.deepEqual(task.progress, []);
    });
  });

  describe('cancellation', () => {
    it('raises the signal with the reason and frees the place when the function has ended', async () => {
      const rig = await bench.ready();
      const task = rig.submit('untilAborted', [], { flags: FLAG_NOTIFY_START });
      await task.started.promise;
      const token = rig.worker.abandon(task, CANCEL_BY_CALLER);
      assert.deepEqual([...rig.worker.inFlight()], []);
      await rig.host.whenVacated(token).promise;
      assert.deepEqual(rig.host.calls, ['ready', 'started untilAborted', 'vacated']);
      assert.equal(await rig.run('add', 1, 2), 3);
    });

    it('names the reason inside the function', async () => {
      const rig = await bench.ready({ concurrency: 2 });
      for (const [code, type] of [
        [CANCEL_BY_CALLER, TaskCancelledError],
        [CANCEL_BY_TIMEOUT, TaskTimeoutError],
      ] as const) {
        const task = rig.submit('rememberAbort', [], { flags: FLAG_NOTIFY_START });
        await task.started.promise;
        await rig.host.whenVacated(rig.worker.abandon(task, code)).promise;
        const expected = code === CANCEL_BY_CALLER ? ['AbortError', 'ERR_TASK_CANCELLED'] : ['TimeoutError', 'ERR_TASK_TIMEOUT'];
        assert.deepEqual(await rig.run('lastAbort'), expected, type.name);
      }
    });

    bench.remoteIt('is seen by throwIfCancelled() in a busy loop', async () => {
      const rig = await bench.ready();
      const task = rig.submit('loopUntilCancelled', [], { flags: FLAG_NOTIFY_START });
      await task.started.promise;
      await rig.host.whenVacated(rig.worker.abandon(task, CANCEL_BY_TIMEOUT)).promise;
      assert.equal(await rig.run('add', 1, 2), 3);
    });

    bench.remoteIt('keeps a task that waits its turn from being called', async () => {
      const rig = await bench.ready();
      const first = rig.submit('gate', ['first'], { flags: FLAG_NOTIFY_START });
      await first.started.promise;
      const second = rig.submit('gate', ['second']);
      await rig.host.whenVacated(rig.worker.abandon(second, CANCEL_BY_CALLER)).promise;
      const opened = rig.submit('open', ['first'], { flags: FLAG_URGENT });
      assert.equal(await opened.result(), true);
      await first.result();
      assert.deepEqual(await rig.run('takeOrder'), ['wait first', 'pass first']);
    });

    it('lets the task object be dispatched again at once', async () => {
      const rig = await bench.ready({ concurrency: 2 });
      const task = rig.submit('untilAborted', [], { flags: FLAG_NOTIFY_START });
      await task.started.promise;
      const token = rig.worker.abandon(task, CANCEL_BY_CALLER);
      const [abandonedSlot] = [task.slot];
      Object.assign(task, { name: 'describeContext', attempt: 2 });
      rig.worker.dispatch(task);
      rig.worker.flush();
      assert.notEqual(task.slot, abandonedSlot);
      const seen = (await task.result()) as { attempt: number; aborted: boolean };
      assert.deepEqual([seen.attempt, seen.aborted], [2, false]);
      await rig.host.whenVacated(token).promise;
      // The slot of the cancelled attempt starts afresh.
      const next = (await rig.run('describeContext')) as { aborted: boolean };
      assert.equal(next.aborted, false);
    });
  });

  describe('questions', () => {
    it('are answered by the event loop', async () => {
      const rig = await bench.ready();
      rig.worker.ping();
      await rig.host.pong.promise;
    });

    it('of health are answered by the module', async () => {
      const rig = await bench.ready({ moduleUrl: fixture('hooks'), runtime: { workerData: join(bench.directory(), `health-${bench.kind}`) } });
      rig.worker.checkHealth();
      assert.equal(await rig.host.health.promise, undefined);
    });

    it('of health bring the error of the check', async () => {
      const rig = await bench.ready({ moduleUrl: `${fixture('hooks')}?sick`, runtime: { workerData: join(bench.directory(), `sick-${bench.kind}`) } });
      await rig.run('fallSick');
      rig.worker.checkHealth();
      assert.equal((await rig.host.health.promise)?.message, 'feeling sick');
    });
  });
}
