import assert from 'node:assert/strict';
import { tmpdir } from 'node:os';
import { describe, it } from 'node:test';
import type { MillraceError } from '../errors.js';
import { deferred } from '../runtime/deferred.js';
import { reviveError } from './error-codec.js';
import { Harness, taskFrame } from './fixtures/harness.js';
import { halves, sockets, subject } from './fixtures/streams.js';
import type { SocketStreams } from './fixtures/streams.js';
import { SharedFile } from './stream-file.js';
import { transportContract } from './transport.contract.js';

const idleProgram = `
  import { spawn } from 'node:child_process';
  const { createStreamPoolEnd } = await import(${JSON.stringify(new URL('./stream-pool-end.js', import.meta.url).href)});
  const { PoolControl } = await import(${JSON.stringify(new URL('./stream-control.js', import.meta.url).href)});
  const { SharedFile } = await import(${JSON.stringify(new URL('./stream-file.js', import.meta.url).href)});
  const other = 'new (require("node:net").Socket)({ fd: 3 }).resume().on("close", () => process.exit())';
  const child = spawn(process.execPath, ['-e', other], { stdio: ['ignore', 'ignore', 'inherit', 'pipe', 'pipe'] });
  child.unref();
  const nothing = () => {};
  const pool = createStreamPoolEnd({ incoming: child.stdio[4], outgoing: child.stdio[3] }, new PoolControl(SharedFile.create()), { onResult: nothing, onError: nothing, onFrame: nothing, onUnsent: nothing, onClose: nothing });
  pool.sendTask(${JSON.stringify({ ...taskFrame(0, [1]) })});
  pool.flush();
  console.log('sent');`;

transportContract('stream over sockets', { ...subject(sockets), idleProgram });
transportContract('stream without areas in its file', subject(sockets, { makeFile: () => SharedFile.createIn(tmpdir(), false) }));
transportContract(
  'stream over streams that cut frames anywhere',
  subject(() => halves(1_021)),
);

/** A pool's end whose other side is bare streams in the hands of the test. */
async function withBareWorker(run: (harness: Harness, worker: SocketStreams) => Promise<void>): Promise<void> {
  let far: SocketStreams | undefined;
  const pairs = subject(sockets, { see: (_, worker) => (far = worker) });
  const harness = await Harness.over(pairs);
  await run(harness, far as SocketStreams);
  await harness.dispose();
}

function frameBytes(type: number, payload: Uint8Array): Buffer {
  const header = Buffer.alloc(5);
  header.writeUInt32LE(payload.length + 1);
  header[4] = type;
  return Buffer.concat([header, payload]);
}

const RESULT = 4;

describe('a stream that goes wrong', { timeout: 180_000 }, () => {
  for (const [claim, bytes] of [
    ['a length that makes no sense', Buffer.from([255, 255, 255, 255, 1])],
    ['an unknown frame type', frameBytes(77, Buffer.from([0, 0, 0, 0]))],
    ['a frame too short for its head', frameBytes(RESULT, Buffer.from([0]))],
    ['a rare frame that cannot be decoded', frameBytes(3, Buffer.from([200]))],
  ] as const) {
    it(`closes with a protocol error: ${claim}`, async () => {
      await withBareWorker(async (harness, worker) => {
        worker.outgoing.write(bytes);
        await harness.poolCalls.count('close', 1);
        assert.equal((harness.poolCalls.first('close').error as MillraceError).code, 'ERR_PROTOCOL');
        assert.equal(harness.poolCalls.list.length, 1);
      });
    });
  }

  it('fails only the task whose result cannot be decoded', async () => {
    await withBareWorker(async (harness, worker) => {
      worker.outgoing.write(frameBytes(RESULT, Buffer.from([7, 0, 0, 0, 200])));
      worker.outgoing.write(frameBytes(RESULT, Buffer.from([8, 0, 0, 0, 2])));
      await harness.poolCalls.count('result', 1);
      assert.deepEqual(harness.poolCalls.of('result'), [{ type: 'result', slot: 8, value: true }]);
      const failed = harness.poolCalls.of('error').map(({ slot, error }) => [slot, (reviveError(error, []) as MillraceError).code]);
      assert.deepEqual(failed, [[7, 'ERR_VALUE_NOT_CLONEABLE']]);
    });
  });

  it('reports only the task whose arguments cannot be decoded', async () => {
    let near: SocketStreams | undefined;
    const harness = await Harness.over(subject(sockets, { see: (pool) => (near = pool) }));
    harness.pool.sendTask(taskFrame(1, ['sound']));
    harness.pool.flush();
    const head = Buffer.alloc(4 + 1 + 4 + 8 + 4 + 4 + 8 + 4);
    head.writeUInt32LE(2);
    near?.outgoing.write(frameBytes(2, Buffer.concat([head, Buffer.from([0, 200])])));
    harness.pool.sendTask(taskFrame(3, ['sound']));
    harness.pool.flush();
    await harness.workerCalls.count('task', 2);
    assert.deepEqual(
      harness.workerCalls.list.map((call) => [call.type, call.type === 'task' ? call.task.slot : 'slot' in call && call.slot]),
      [
        ['task', 1],
        ['undecodable', 2],
        ['task', 3],
      ],
    );
    await harness.dispose();
  });

  it('closes with an error when the other side ends in the middle of a frame', async () => {
    await withBareWorker(async (harness, worker) => {
      worker.outgoing.end(frameBytes(RESULT, Buffer.alloc(100)).subarray(0, 50));
      await harness.poolCalls.count('close', 1);
      assert.match(String(harness.poolCalls.first('close').error), /an end in the middle of a frame/);
    });
  });

  it('closes without an error when the other side ends between frames', async () => {
    await withBareWorker(async (harness, worker) => {
      worker.outgoing.end(frameBytes(RESULT, Buffer.from([8, 0, 0, 0, 2])));
      await harness.poolCalls.count('close', 1);
      assert.deepEqual(harness.poolCalls.list, [
        { type: 'result', slot: 8, value: true },
        { type: 'close', error: undefined },
      ]);
    });
  });

  it('closes once when the other side is reset while much is on its way', async () => {
    await withBareWorker(async (harness, worker) => {
      for (let slot = 0; slot < 50; slot += 1) harness.pool.sendTask(taskFrame(slot, [new Uint8Array(500_000)]));
      harness.pool.flush();
      worker.incoming.resetAndDestroy();
      worker.outgoing.resetAndDestroy();
      await harness.poolCalls.count('close', 1);
      for (let slot = 0; slot < 50; slot += 1) harness.pool.sendTask(taskFrame(slot, [1]));
      harness.pool.flush();
      assert.equal(harness.pool.bufferedBytes, 0);
      assert.deepEqual(
        harness.poolCalls.list.map(({ type }) => type),
        ['close'],
      );
    });
  });
});

describe('a stream whose other side reads slowly', { timeout: 180_000 }, () => {
  it('holds what is not taken, says how much, and loses nothing', async () => {
    let far: SocketStreams | undefined;
    const harness = await Harness.over(subject(sockets, { see: (_, worker) => (far = worker) }));
    far?.incoming.pause();
    const started = performance.now();
    for (let turn = 0; turn < 40; turn += 1) {
      harness.pool.sendTask(taskFrame(turn, [turn, Buffer.alloc(500_000, turn)]));
      harness.pool.flush();
    }
    assert.ok(performance.now() - started < 10_000, 'a burst must not wait for the reader');
    assert.ok(harness.pool.bufferedBytes > 5_000_000, `${harness.pool.bufferedBytes} bytes are held`);
    far?.incoming.resume();
    await harness.workerCalls.count('task', 40);
    for (const [turn, { task }] of harness.workerCalls.of('task').entries()) {
      assert.equal(task.args[0], turn);
      assert.ok((task.args[1] as Uint8Array).every((byte) => byte === turn));
    }
    const drained = deferred();
    harness.atWorker = () => drained.resolve();
    harness.pool.send({ type: 'health', check: 1 });
    harness.pool.flush();
    await drained.promise;
    assert.equal(harness.pool.bufferedBytes, 0);
    await harness.dispose();
  });

  it('delivers all that was flushed before it is closed', async () => {
    let far: SocketStreams | undefined;
    const harness = await Harness.over(subject(sockets, { see: (_, worker) => (far = worker) }));
    far?.incoming.pause();
    for (let turn = 0; turn < 20; turn += 1) {
      harness.pool.sendTask(taskFrame(turn, [Buffer.alloc(300_000, turn)]));
      harness.pool.flush();
    }
    harness.pool.close();
    await harness.poolCalls.count('close', 1);
    far?.incoming.resume();
    await harness.workerCalls.count('close', 1);
    assert.equal(harness.workerCalls.of('task').length, 20);
    assert.equal(harness.workerCalls.first('close').error, undefined);
    await harness.dispose();
  });
});

describe('a stream and its limits', { timeout: 180_000 }, () => {
  it('refuses what is larger than a frame may be, without copying it', async () => {
    const harness = await Harness.over(subject(sockets));
    harness.pool.sendTask(taskFrame(0, [new Uint8Array(1024 ** 3 + 1)]));
    harness.pool.sendTask(taskFrame(1, []));
    harness.pool.flush();
    await harness.workerCalls.count('task', 1);
    assert.match(String(harness.poolCalls.first('unsent').error), /1073741825 bytes; at most 1073741824/);
    await harness.dispose();
  });

  it('keeps frames whole when a getter sends and flushes in the middle of one', async () => {
    const harness = await Harness.over(subject(sockets));
    const meddling = {
      get value(): string {
        harness.worker.send({ type: 'progress', slot: 0, value: 'meanwhile' });
        harness.worker.flush();
        return 'read';
      },
    };
    harness.worker.sendResult(0, meddling, undefined);
    harness.worker.flush();
    await harness.poolCalls.count('frame', 1);
    assert.deepEqual(harness.poolCalls.list, [
      { type: 'result', slot: 0, value: { value: 'read' } },
      { type: 'frame', frame: { type: 'progress', slot: 0, value: 'meanwhile' } },
    ]);
    await harness.dispose();
  });

  it('refuses shared memory by its path', async () => {
    const harness = await Harness.over(subject(sockets));
    harness.pool.sendTask(taskFrame(0, [{ memory: new SharedArrayBuffer(8) }]));
    harness.pool.flush();
    assert.match(String(harness.poolCalls.first('unsent').error), /args\[0\]\.memory is a SharedArrayBuffer, which only threads can share/);
    await harness.dispose();
  });

  it('keeps its place for large buffers when what they belong to cannot cross', async () => {
    let streamed = 0;
    const see = ({ outgoing }: SocketStreams): void => {
      const write = outgoing.write.bind(outgoing);
      outgoing.write = ((chunk: Buffer) => ((streamed += chunk.length), write(chunk))) as typeof outgoing.write;
    };
    const harness = await Harness.over(subject(sockets, { see, makeFile: () => SharedFile.createIn(tmpdir(), true) }));
    const large = new Uint8Array(4_000_000);
    for (let slot = 0; slot < 10; slot += 1) harness.pool.sendTask(taskFrame(slot, [large, () => 1]));
    harness.pool.flush();
    assert.equal(harness.poolCalls.of('unsent').length, 10);
    harness.pool.sendTask(taskFrame(0, [large, large.slice()]));
    harness.pool.flush();
    await harness.workerCalls.count('task', 1);
    assert.ok(streamed < 1_000, `${streamed} bytes went through the stream`);
    await harness.dispose();
  });

  it('writes a batch of small tasks at once', async () => {
    const chunks: number[] = [];
    const harness = await Harness.over(
      subject(sockets, {
        see: ({ outgoing }) => {
          const write = outgoing.write.bind(outgoing);
          outgoing.write = ((chunk: Buffer) => (chunks.push(chunk.length), write(chunk))) as typeof outgoing.write;
        },
      }),
    );
    for (let slot = 0; slot < 100; slot += 1) harness.pool.sendTask(taskFrame(slot, [slot]));
    harness.pool.flush();
    await harness.workerCalls.count('task', 100);
    assert.equal(chunks.length, 1);
    await harness.dispose();
  });
});
