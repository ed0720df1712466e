/** The part of the contract suite (`transport.contract.ts`) that is about values: those that cross and those that cannot. */
import assert from 'node:assert/strict';
import type { MillraceError } from '../errors.js';
import { encodeError, reviveError } from './error-codec.js';
import { type Harness, taskFrame, type TransportSubject } from './fixtures/harness.js';

/** Declares a test with a harness of its own. */
export type Claim = (text: string, run: (harness: Harness) => Promise<void>) => void;

export function describeValues(claim: Claim, subject: TransportSubject): void {
  const values: readonly unknown[] = [
    undefined,
    null,
    -0,
    NaN,
    2n ** 70n,
    '€\ud800',
    Object.assign([1], { 2: 3 }),
    { b: 1, a: [{}] },
    new Date(7),
    /x/g,
    new Map([[{ k: 1 }, new Set([1])]]),
    new RangeError('e'),
    new Uint8Array([1, 2, 3]),
    [undefined],
  ];

  claim('values cross both ways as their structured clones', async ({ pool, worker, poolCalls, workerCalls }) => {
    pool.sendTask(taskFrame(0, values));
    pool.flush();
    await workerCalls.count('task', 1);
    assert.deepStrictEqual(workerCalls.first('task').task.args, structuredClone(values));
    for (const [slot, value] of values.entries()) worker.sendResult(slot, value, undefined);
    worker.flush();
    await poolCalls.count('result', values.length);
    assert.deepStrictEqual(
      poolCalls.of('result').map(({ value }) => value),
      values.map((value) => structuredClone(value)),
    );
  });

  claim('errors cross whole', async ({ worker, poolCalls }) => {
    const error: Error & { self?: unknown; status?: number } = new TypeError('broken', { cause: new RangeError('why') });
    error.self = error;
    error.status = 503;
    worker.sendError(1, encodeError(error));
    worker.sendError(2, encodeError('just text'));
    worker.flush();
    await poolCalls.count('error', 2);
    const [first, second] = poolCalls.of('error').map((call) => reviveError(call.error, [])) as [typeof error, unknown];
    assert.ok(first instanceof TypeError && first.cause instanceof RangeError);
    assert.equal(first.self, first);
    assert.deepEqual([first.status, first.message, first.stack], [503, 'broken', error.stack]);
    assert.equal(second, 'just text');
  });

  claim('tasks and results that were given one object do not share its copy', async ({ pool, worker, poolCalls, workerCalls }) => {
    const config = { n: [1] };
    for (let slot = 0; slot < 3; slot += 1) pool.sendTask(taskFrame(slot, [{ config }, config]));
    pool.flush();
    await workerCalls.count('task', 3);
    const copies = workerCalls.of('task').map(({ task }) => task.args[1]);
    assert.equal(new Set(copies).size, 3);
    assert.equal((workerCalls.first('task').task.args[0] as { config: unknown }).config, copies[0], 'within one task identity is kept');
    const record = encodeError(new Error('x'));
    for (let slot = 0; slot < 3; slot += 1) {
      worker.sendResult(slot, config, undefined);
      worker.sendError(slot, record);
      worker.send({ type: 'progress', slot, value: config });
    }
    worker.flush();
    await poolCalls.count('frame', 3);
    assert.equal(new Set(poolCalls.of('result').map(({ value }) => (value as typeof config).n)).size, 3);
    assert.equal(new Set(poolCalls.of('error').map(({ error }) => error.nodes)).size, 3);
    assert.equal(new Set(poolCalls.of('frame').map(({ frame }) => 'value' in frame && frame.value)).size, 3);
  });

  for (const bytes of [64 * 1024, 16 * 1024 * 1024]) {
    claim(`a buffer of ${bytes / 1024} KB crosses both ways, and is a snapshot`, async ({ pool, worker, poolCalls, workerCalls }) => {
      const data = new Uint32Array(bytes / 4).map((_, i) => i * 2_654_435_761);
      const expected = data.slice();
      pool.sendTask(taskFrame(0, ['before']));
      pool.sendTask(taskFrame(1, [{ data }, 'tail']));
      pool.sendTask(taskFrame(2, ['after']));
      pool.flush();
      data.fill(0);
      await workerCalls.count('task', 3);
      assert.deepEqual(
        workerCalls.of('task').map(({ task }) => task.slot),
        [0, 1, 2],
      );
      const [, second] = workerCalls.of('task');
      assert.ok(second !== undefined);
      const arrived = (second.task.args[0] as { data: Uint32Array }).data;
      assert.ok(arrived instanceof Uint32Array);
      assert.equal(Buffer.compare(Buffer.from(arrived.buffer), Buffer.from(expected.buffer)), 0);
      worker.sendResult(1, arrived.buffer, undefined);
      worker.flush();
      arrived.fill(0);
      await poolCalls.count('result', 1);
      assert.equal(Buffer.compare(Buffer.from(poolCalls.first('result').value as ArrayBuffer), Buffer.from(expected.buffer)), 0);
      assert.equal(pool.bufferedBytes, 0);
    });
  }

  claim('what is named in a transfer list is handed over where the medium can, and arrives in any case', async ({ pool, worker, poolCalls, workerCalls }) => {
    const data = new Uint8Array([1, 2, 3]);
    pool.sendTask(taskFrame(0, ['before']));
    pool.sendTask(taskFrame(1, [data], { transfer: [data.buffer] }));
    pool.sendTask(taskFrame(2, ['after']));
    pool.flush();
    assert.equal(data.byteLength, subject.transfers ? 0 : 3);
    await workerCalls.count('task', 3);
    assert.deepEqual(
      workerCalls.of('task').map(({ task }) => [task.slot, task.transfer]),
      [
        [0, undefined],
        [1, undefined],
        [2, undefined],
      ],
    );
    assert.deepEqual(workerCalls.of('task').at(1)?.task.args, [new Uint8Array([1, 2, 3])]);
    const result = new Uint8Array([4]);
    worker.sendResult(1, result, [result.buffer]);
    worker.flush();
    assert.equal(result.byteLength, subject.transfers ? 0 : 1);
    await poolCalls.count('result', 1);
    assert.deepEqual(poolCalls.first('result').value, new Uint8Array([4]));
  });
}

export function describeUnsendable(claim: Claim): void {
  claim('what was transferred before is named, and takes no other with it, even where it is to be transferred again', async (ends) => {
    const { pool, worker, poolCalls, workerCalls } = ends;
    const buffer = new ArrayBuffer(3);
    const view = new Uint8Array(3);
    structuredClone([buffer, view.buffer], { transfer: [buffer, view.buffer] });
    pool.sendTask(taskFrame(0, ['before']));
    pool.sendTask(taskFrame(1, [{ buffer }], { transfer: [buffer] }));
    pool.sendTask(taskFrame(2, [view], { transfer: [view.buffer] }));
    pool.sendTask(taskFrame(3, ['after']));
    pool.flush();
    await workerCalls.until((list) => list.some((call) => call.type === 'task' && call.task.slot === 3));
    assert.deepEqual(
      poolCalls.of('unsent').map(({ slot, error }) => [slot, error.code, error.message.split(';')[0]]),
      [
        [1, 'ERR_VALUE_NOT_CLONEABLE', 'args[0].buffer is a ArrayBuffer that is detached (it was transferred before)'],
        [2, 'ERR_VALUE_NOT_CLONEABLE', 'args[0] is a Uint8Array over a ArrayBuffer that is detached (it was transferred before)'],
      ],
    );
    worker.sendResult(0, buffer, [buffer]);
    worker.sendResult(3, view, [view.buffer]);
    worker.flush();
    assert.deepEqual(
      workerCalls.of('unsentResult').map(({ slot, error }) => [slot, error.code]),
      [
        [0, 'ERR_VALUE_NOT_CLONEABLE'],
        [3, 'ERR_VALUE_NOT_CLONEABLE'],
      ],
    );
  });

  const getterThrows = {
    get broken(): never {
      throw new Error('no');
    },
  };

  claim('a task that cannot be cloned is reported at the flush, by path, and takes no other with it', async ({ pool, poolCalls, workerCalls }) => {
    pool.sendTask(taskFrame(0, [0], { name: 'first' }));
    pool.sendTask(taskFrame(1, [{ user: { f: () => 1 } }], { name: 'second' }));
    pool.sendTask(taskFrame(2, [2], { name: 'third' }));
    pool.sendTask(taskFrame(3, [1, getterThrows]));
    pool.sendTask(taskFrame(4, [new Proxy({}, {})]));
    pool.sendTask(taskFrame(5, [5], { name: 'second' }));
    pool.sendTask(taskFrame(6, [1], { transfer: [{}] as never }));
    assert.deepEqual(poolCalls.list, []);
    pool.flush();
    await workerCalls.until((list) => list.some((call) => call.type === 'task' && call.task.slot === 5));
    const unsent = poolCalls.of('unsent').map(({ slot, error }) => [slot, error.code, (error as MillraceError & { path: string }).path]);
    assert.deepEqual(unsent.slice(0, 3), [
      [1, 'ERR_VALUE_NOT_CLONEABLE', 'args[0].user.f'],
      [3, 'ERR_VALUE_NOT_CLONEABLE', 'args[1].broken'],
      [4, 'ERR_VALUE_NOT_CLONEABLE', 'args[0]'],
    ]);
    assert.deepEqual(
      workerCalls
        .of('task')
        .filter(({ task }) => task.slot < 6)
        .map(({ task }) => [task.slot, task.name]),
      [
        [0, 'first'],
        [2, 'third'],
        [5, 'second'],
      ],
    );
  });

  claim('what the handler sends about an unsent task leaves with the same flush', async (harness) => {
    harness.atPool = (call) => {
      if (call.type === 'unsent') harness.pool.sendTask(taskFrame(call.slot, ['instead']));
    };
    harness.pool.sendTask(taskFrame(9, [Symbol()]));
    harness.pool.flush();
    await harness.workerCalls.count('task', 1);
    assert.deepEqual(harness.workerCalls.first('task').task.args, ['instead']);
  });

  claim('a result or frame that cannot be cloned is reported at the flush; the answer and all others leave', async (harness) => {
    const { worker, poolCalls, workerCalls } = harness;
    harness.atWorker = (call) => {
      if (call.type === 'unsentResult') worker.sendError(call.slot, encodeError(call.error));
    };
    worker.sendResult(0, 'zero', undefined);
    worker.sendResult(1, { rows: [1, () => 1] }, undefined);
    worker.send({ type: 'progress', slot: 2, value: { a: Symbol() } });
    worker.send({ type: 'log', slot: 2, level: 'info', message: 'm', fields: { a: new WeakMap() } });
    worker.send({ type: 'yield', slot: 2, value: () => 1 });
    worker.sendResult(3, 'three', undefined);
    assert.deepEqual(workerCalls.list, []);
    worker.flush();
    await poolCalls.until((list) => list.length === 3);
    assert.deepEqual(
      poolCalls.of('result').map(({ slot, value }) => [slot, value]),
      [
        [0, 'zero'],
        [3, 'three'],
      ],
    );
    assert.deepEqual(
      workerCalls.of('unsentFrame').map(({ frame, error }) => [frame.type, (error as MillraceError & { path: string }).path]),
      [
        ['progress', 'progress.a'],
        ['log', 'log.a'],
        ['yield', 'yield'],
      ],
    );
    const error = reviveError(poolCalls.first('error').error, []) as MillraceError & { path: string };
    assert.deepEqual([error.code, error.path], ['ERR_VALUE_NOT_CLONEABLE', 'result.rows[1]']);
  });
}
