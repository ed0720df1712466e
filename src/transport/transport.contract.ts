/**
 * The contract suite of the transport seam: what every pair of ends must do, as `transport.ts` states it.
 * Run by `message-port.test.ts` and `stream.test.ts`.
 */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, it } from 'node:test';
import { CANCEL_BY_CALLER, CANCEL_BY_TIMEOUT, CANCEL_NONE, FLAG_NOTIFY_START, type PoolFrame, type WorkerFrame } from './protocol.js';
import { Harness, taskFrame, type TransportSubject } from './fixtures/harness.js';
import { type Claim, describeUnsendable, describeValues } from './transport-values.contract.js';

export { taskFrame, type TransportSubject } from './fixtures/harness.js';

export function transportContract(name: string, subject: TransportSubject): void {
  /** Declares a test with a harness of its own. */
  const claim: Claim = (text, run) => {
    void it(text, { timeout: 180_000 }, async () => {
      const harness = await Harness.over(subject);
      try {
        await run(harness);
      } finally {
        await harness.dispose();
      }
    });
  };

  void describe(`the contract of a transport: ${name}`, () => {
    describeTasks(claim, subject.inFlightMax ?? 10_000);
    describeValues(claim, subject);
    describeUnsendable(claim);
    describeClosing(claim);
    const { idleProgram } = subject;
    if (idleProgram === undefined) return;
    void it('an idle pool end does not keep the process alive', { timeout: 180_000 }, () => {
      const child = spawnSync(process.execPath, ['--input-type=module', '-e', idleProgram], { encoding: 'utf8', timeout: 120_000 });
      assert.equal(child.stdout.trim(), 'sent', child.stderr);
      assert.equal(child.signal, null, 'the process had to be killed');
      assert.equal(child.status, 0, child.stderr);
    });
  });
}

function describeTasks(claim: Claim, burst: number): void {
  claim(`a burst of ${burst} tasks arrives in order, each once, and so do the replies`, async ({ pool, worker, poolCalls, workerCalls }) => {
    const sent = Array.from({ length: burst }, (_, slot) => taskFrame(slot, [slot, 'text'], { sequence: slot + 1 }));
    for (const task of sent) pool.sendTask(task);
    pool.flush();
    await workerCalls.count('task', burst);
    const tasks = workerCalls.of('task').map(({ task }) => task);
    assert.deepEqual(tasks, sent);
    for (const { slot, args } of tasks) worker.sendResult(slot, args[0], undefined);
    worker.flush();
    await poolCalls.count('result', burst);
    const results = poolCalls.of('result').map(({ slot, value }) => [slot, value]);
    assert.deepEqual(
      results,
      sent.map(({ slot }) => [slot, slot]),
    );
    assert.equal(pool.bufferedBytes, 0);
  });

  claim('every field of a task crosses', async ({ pool, workerCalls }) => {
    const frames = [
      taskFrame(1, [], { name: 'résumé' }),
      taskFrame(4_095, [1], { attempt: 3, flags: FLAG_NOTIFY_START, deadlineEpochMs: 1_763_683_200_123.5, givenCorrelationId: 'req-42', sequence: 2 ** 40 }),
      taskFrame(2, [undefined, null], { givenCorrelationId: '' }),
      taskFrame(1, [2], { name: 'résumé' }),
    ];
    for (const frame of frames) pool.sendTask(frame);
    pool.flush();
    await workerCalls.count('task', frames.length);
    assert.deepEqual(
      workerCalls.of('task').map(({ task }) => task),
      frames,
    );
  });

  claim('any number of function names may be used', async ({ pool, workerCalls }) => {
    const names = Array.from({ length: 3_000 }, (_, i) => `fn${i % 1_500}`);
    for (const [slot, name] of names.entries()) pool.sendTask(taskFrame(slot, [], { name }));
    pool.flush();
    await workerCalls.count('task', names.length);
    assert.deepEqual(
      workerCalls.of('task').map(({ task }) => task.name),
      names,
    );
  });

  claim('rare frames cross both ways, in order with tasks and replies', async ({ pool, worker, poolCalls, workerCalls }) => {
    const toWorker: PoolFrame[] = [
      { type: 'cancel', slot: 3, code: CANCEL_BY_TIMEOUT },
      { type: 'credit', slot: 3, count: 16 },
      { type: 'return', slot: 3 },
      { type: 'health', check: 1 },
      { type: 'stop' },
    ];
    pool.sendTask(taskFrame(3, []));
    for (const frame of toWorker) pool.send(frame);
    pool.sendTask(taskFrame(4, []));
    pool.flush();
    await workerCalls.count('task', 2);
    assert.deepEqual(
      workerCalls.list.map((call) => (call.type === 'frame' ? call.frame : call.type)),
      ['task', ...toWorker, 'task'],
    );
    const toPool: WorkerFrame[] = [
      {
        type: 'ready',
        functions: [
          { name: 'work', options: { timeout: '5s' } },
          { name: 'f', options: undefined },
        ],
        pid: 1,
        threadId: 2,
        osThreadId: 77,
        hooks: { start: true, stop: false, healthCheck: false },
      },
      { type: 'started', slot: 3 },
      { type: 'progress', slot: 3, value: { done: [0.5, new Map([[1, 2]])] } },
      { type: 'stream', slot: 3 },
      { type: 'yield', slot: 3, value: undefined },
      { type: 'log', slot: -1, level: 'info', message: 'm', fields: { a: 1n } },
      { type: 'recycle', reason: 'heap', heapBytes: 2 ** 33 },
      { type: 'leak', leak: { heldBytes: 2 ** 33, baselineBytes: 2 ** 23, collections: 7, calls: { resize: 3, ['__proto__']: 1 } } },
    ];
    worker.sendResult(3, 'first', undefined);
    for (const frame of toPool) worker.send(frame);
    worker.sendResult(4, 'last', undefined);
    worker.flush();
    await poolCalls.count('result', 2);
    assert.deepEqual(
      poolCalls.list.map((call) => (call.type === 'frame' ? call.frame : call.type)),
      ['result', ...toPool, 'result'],
    );
  });

  claim('a cancellation is visible without any frame', async ({ pool, worker }) => {
    pool.setCancelled(5, CANCEL_BY_CALLER);
    const limitMs = performance.now() + 60_000;
    while (worker.cancelCode(5) !== CANCEL_BY_CALLER) assert.ok(performance.now() < limitMs, 'never seen');
    assert.equal(worker.cancelCode(6), CANCEL_NONE);
    pool.setCancelled(5, CANCEL_NONE);
    assert.equal(worker.cancelCode(5), CANCEL_NONE);
  });
}

function describeClosing(claim: Claim): void {
  claim('closing is told to both sides, once, later, and after what was flushed before', async ({ pool, worker, poolCalls, workerCalls }) => {
    pool.sendTask(taskFrame(0, ['last']));
    pool.flush();
    pool.close();
    assert.deepEqual(poolCalls.list, [], 'close() calls nothing synchronously');
    pool.close();
    pool.sendTask(taskFrame(1, ['too late']));
    pool.send({ type: 'stop' });
    pool.flush();
    await poolCalls.count('close', 1);
    await workerCalls.count('close', 1);
    worker.sendResult(0, 'too late', undefined);
    worker.flush();
    worker.close();
    assert.deepEqual(
      workerCalls.list.map((call) => (call.type === 'task' ? call.task.args : call)),
      [['last'], { type: 'close', error: undefined }],
    );
    assert.deepEqual(poolCalls.list, [{ type: 'close', error: undefined }]);
  });

  claim("the worker's side may close as well", async ({ worker, poolCalls, workerCalls }) => {
    worker.send({ type: 'stopped', error: undefined });
    worker.flush();
    worker.close();
    await poolCalls.count('close', 1);
    await workerCalls.count('close', 1);
    assert.deepEqual(poolCalls.list, [
      { type: 'frame', frame: { type: 'stopped', error: undefined } },
      { type: 'close', error: undefined },
    ]);
  });

  claim('nothing follows a close that a handler calls in the middle of a batch', async (harness) => {
    harness.atWorker = (call) => {
      if (call.type === 'task') harness.worker.close();
    };
    for (let slot = 0; slot < 10; slot += 1) harness.pool.sendTask(taskFrame(slot, [slot]));
    harness.pool.flush();
    await harness.workerCalls.count('close', 1);
    await harness.poolCalls.count('close', 1);
    assert.deepEqual(
      harness.workerCalls.list.map(({ type }) => type),
      ['task', 'close'],
    );
  });

  claim('a large burst at a side that closes ends in a close on both sides', async ({ pool, worker, poolCalls, workerCalls }) => {
    for (let slot = 0; slot < 50; slot += 1) pool.sendTask(taskFrame(slot, [new Uint8Array(200_000)]));
    pool.flush();
    worker.close();
    await workerCalls.count('close', 1);
    await poolCalls.count('close', 1);
    assert.equal(poolCalls.list.filter(({ type }) => type === 'close').length, 1);
  });
}
