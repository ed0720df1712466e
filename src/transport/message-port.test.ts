import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { SharedControlBlock } from './control-block.js';
import { createPortPoolEnd, createPortWorkerEnd } from './message-port.js';
import { Harness, taskFrame, type TransportSubject } from './fixtures/harness.js';
import { transportContract } from './transport.contract.js';

/** Pairs over a channel, whose ports are seen by `ports`. */
function subject(ports: (pool: MessagePort, worker: MessagePort) => void = () => {}): TransportSubject {
  return {
    transfers: true,
    makePair: async (poolHandler, workerHandler) => {
      const { port1, port2 } = new MessageChannel();
      ports(port1, port2);
      const control = new SharedControlBlock();
      const worker = createPortWorkerEnd(port2, new SharedControlBlock(control.buffer), workerHandler);
      return { pool: createPortPoolEnd(port1, control, poolHandler), worker, dispose: () => {} };
    },
    idleProgram: `
      import { Worker, MessageChannel } from 'node:worker_threads';
      const { createPortPoolEnd } = await import(${JSON.stringify(new URL('./message-port.js', import.meta.url).href)});
      const { SharedControlBlock } = await import(${JSON.stringify(new URL('./control-block.js', import.meta.url).href)});
      const { port1, port2 } = new MessageChannel();
      const worker = new Worker('require("node:worker_threads").workerData.on("message", () => {})', { eval: true, workerData: port2, transferList: [port2] });
      worker.unref();
      const nothing = () => {};
      const pool = createPortPoolEnd(port1, new SharedControlBlock(), { onResult: nothing, onError: nothing, onFrame: nothing, onUnsent: nothing, onClose: nothing });
      pool.sendTask(${JSON.stringify({ ...taskFrame(0, [1]) })});
      pool.flush();
      console.log('sent');`,
  };
}

transportContract('message port', subject());

describe('a message port', () => {
  it('carries a burst in one message', async () => {
    const messages: unknown[][] = [];
    const harness = await Harness.over(subject((_, worker) => worker.on('message', (batch: unknown[]) => messages.push(batch))));
    for (let slot = 0; slot < 100; slot += 1) harness.pool.sendTask(taskFrame(slot, [slot]));
    harness.pool.flush();
    await harness.workerCalls.count('task', 100);
    assert.equal(messages.length, 1);
    await harness.dispose();
  });

  it('closes with an error when it delivers nonsense', async () => {
    for (const nonsense of ['text', [99, 1], [null]]) {
      let other: MessagePort | undefined;
      const harness = await Harness.over(subject((_, worker) => (other = worker)));
      (other as MessagePort).postMessage(nonsense, []);
      await harness.poolCalls.count('close', 1);
      assert.equal((harness.poolCalls.first('close').error as { code?: string }).code, 'ERR_PROTOCOL');
      await harness.workerCalls.count('close', 1);
      assert.equal(harness.poolCalls.list.length, 1);
      await harness.dispose();
    }
  });

  it('closes with an error when a message cannot be decoded', async () => {
    let port: MessagePort | undefined;
    const harness = await Harness.over(subject((pool) => (port = pool)));
    (port as MessagePort).emit('messageerror', new Error('cannot decode'));
    await harness.poolCalls.count('close', 1);
    assert.match(String(harness.poolCalls.first('close').error), /cannot be decoded/);
    await harness.dispose();
  });

  it('shares memory, and hands over ports', async () => {
    const harness = await Harness.over(subject());
    const { port1, port2 } = new MessageChannel();
    const memory = new SharedArrayBuffer(8);
    harness.pool.sendTask(taskFrame(0, [memory]));
    harness.pool.sendTask(taskFrame(1, [port1], { transfer: [port1] }));
    harness.pool.sendTask(taskFrame(2, [port2]));
    harness.pool.flush();
    await harness.workerCalls.count('task', 2);
    const [first, second] = harness.workerCalls.of('task').map(({ task }) => task.args[0]) as [SharedArrayBuffer, MessagePort];
    new Uint8Array(memory)[0] = 7;
    assert.equal(new Uint8Array(first)[0], 7);
    assert.equal(typeof second.postMessage, 'function');
    assert.match(String(harness.poolCalls.first('unsent').error), /args\[0\] is a MessagePort that is not in the list `transfer`/);
    second.close();
    port2.close();
    await harness.dispose();
  });
});
