import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { deferred } from '../runtime/deferred.js';
import { Harness, taskFrame } from './fixtures/harness.js';
import { sockets, subject } from './fixtures/streams.js';
import { SharedFile } from './stream-file.js';

describe('a task sent ahead', { timeout: 180_000 }, () => {
  it('that is taken back as it begins is left in doubt until the pool says that it came too late, and then begins', async () => {
    let file: SharedFile | undefined;
    const harness = await Harness.over(subject(sockets, { makeFile: () => (file = SharedFile.create()) }));
    harness.pool.sendTask(taskFrame(3, ['first']));
    harness.pool.flush();
    await harness.workerCalls.count('task', 1);
    const { task } = harness.workerCalls.first('task');
    const real = (file as SharedFile).read;
    // Between the pool's writing and its reading, the worker makes its whole attempt.
    (file as SharedFile).read = (bytes, position) => {
      (file as SharedFile).read = real;
      assert.equal(harness.worker.begin(task), false, 'the worker sees the pool');
      harness.worker.sendResult(3, 'not allowed', undefined);
      return real.call(file, bytes, position);
    };
    assert.equal(harness.pool.revoke(3), false, 'the pool sees the worker');
    await harness.workerCalls.count('task', 2);
    assert.equal(harness.workerCalls.of('task')[1]?.task, task);
    assert.equal(harness.worker.begin(task), true);
    harness.worker.sendResult(3, 'done', undefined);
    harness.worker.flush();
    await harness.poolCalls.count('result', 1);
    assert.deepEqual(harness.poolCalls.list, [{ type: 'result', slot: 3, value: 'done' }]);
    await harness.dispose();
  });

  it('that is taken back is neither begun nor answered', async () => {
    const harness = await Harness.over(subject(sockets));
    harness.pool.sendTask(taskFrame(3, ['first']));
    harness.pool.flush();
    await harness.workerCalls.count('task', 1);
    assert.equal(harness.pool.revoke(3), true);
    const first = harness.workerCalls.first('task').task;
    assert.equal(harness.worker.begin(first), false);
    harness.pool.sendTask(taskFrame(3, ['second']));
    harness.pool.flush();
    await harness.workerCalls.count('task', 2);
    assert.equal(harness.worker.begin(first), false, 'its frame may have waited longer than it took to use its slot again');
    harness.worker.sendResult(3, 'of the second', undefined);
    harness.worker.flush();
    await harness.poolCalls.count('result', 1);
    assert.equal(harness.pool.begun(3), true, 'an answer without a beginning is a beginning');
    await harness.dispose();
  });

  it('is not taken back when it could not leave', async () => {
    const harness = await Harness.over(subject(sockets));
    harness.pool.sendTask(taskFrame(3, [() => 1]));
    assert.equal(harness.pool.revoke(3), false);
    harness.pool.flush();
    assert.equal(harness.poolCalls.of('unsent').length, 1);
    await harness.dispose();
  });

  it('tells the pool what its tasks take the worker', async () => {
    const harness = await Harness.over(subject(sockets));
    assert.ok(Number.isNaN(harness.pool.serviceMs()));
    for (let slot = 0; slot < 10; slot += 1) harness.pool.sendTask(taskFrame(slot, []));
    harness.pool.flush();
    await harness.workerCalls.count('task', 10);
    for (let slot = 0; slot < 10; slot += 1) harness.worker.sendResult(slot, slot, undefined);
    harness.worker.flush();
    await harness.poolCalls.count('result', 10);
    const done = deferred();
    harness.atPool = () => done.resolve();
    harness.worker.send({ type: 'pong' });
    harness.worker.flush();
    await done.promise;
    const serviceMs = harness.pool.serviceMs();
    assert.ok(serviceMs > 0 && serviceMs < 1_000, String(serviceMs));
    assert.ok(Number.isNaN(harness.pool.serviceMs()), 'asked for once');
    await harness.dispose();
  });
});
