/** The contract of a transport, over rings whose two ends live in one thread. Across threads: `worker-end.test.ts`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MessageChannel } from 'node:worker_threads';
import { taskFrame, transportContract, type TransportSubject } from '../transport.contract.js';
import { RingMemory, type RingSizes } from './layout.js';
import { createRingPoolEnd } from './pool-end.js';
import { createRingWorkerEnd } from './worker-end.js';

/** Pairs within one thread; `cores` decides whether the ends look again before they sleep. */
function subject(cores: number, sizes: RingSizes): TransportSubject {
  return {
    transfers: true,
    inFlightMax: 4_096,
    makePair: async (poolHandler, workerHandler) => {
      const memory = RingMemory.create(sizes);
      const { port1, port2 } = new MessageChannel();
      const worker = createRingWorkerEnd(RingMemory.open(memory.buffer), port2, workerHandler, { cores });
      return { pool: createRingPoolEnd(memory, port1, poolHandler, { cores }), worker, dispose: () => {} };
    },
    idleProgram: `
      import { MessageChannel, Worker } from 'node:worker_threads';
      const { RingMemory } = await import(${JSON.stringify(new URL('./layout.js', import.meta.url).href)});
      const { createRingPoolEnd } = await import(${JSON.stringify(new URL('./pool-end.js', import.meta.url).href)});
      const { port1, port2 } = new MessageChannel();
      const worker = new Worker('require("node:worker_threads").workerData.on("message", () => {})', { eval: true, workerData: port2, transferList: [port2] });
      worker.unref();
      const nothing = () => {};
      const handler = { onResult: nothing, onError: nothing, onFrame: nothing, onUnsent: nothing, onClose: nothing };
      const pool = createRingPoolEnd(RingMemory.create(), port1, handler, { cores: ${cores} });
      pool.sendTask(${JSON.stringify({ ...taskFrame(0, [1]) })});
      pool.flush();
      console.log('sent');`,
  };
}

transportContract('shared ring, parking at once', subject(1, {}));
transportContract('shared ring, looking again', subject(2, {}));
transportContract('shared ring with little room for large buffers', subject(2, { areaBytes: 1 << 15 }));
transportContract('shared ring of a few records', subject(2, { requestBytes: 256, replyBytes: 256 }));

test('hears what the worker said before the end of the pool was there', { timeout: 10_000 }, async () => {
  for (const cores of [1, 2]) {
    const memory = RingMemory.create();
    const { port1, port2 } = new MessageChannel();
    const nothing = (): void => {};
    const worker = createRingWorkerEnd(
      RingMemory.open(memory.buffer),
      port2,
      { onTask: nothing, onUndecodable: nothing, onFrame: nothing, onUnsentResult: nothing, onUnsentFrame: nothing, onClose: nothing },
      { cores },
    );
    worker.send({ type: 'pong' });
    worker.flush();
    const heard = new Promise((resolve) => {
      const pool = createRingPoolEnd(
        memory,
        port1,
        {
          onResult: nothing,
          onError: nothing,
          onUnsent: nothing,
          onClose: nothing,
          onFrame: (frame) => {
            pool.close();
            resolve(frame);
          },
        },
        { cores },
      );
    });
    assert.deepEqual(await heard, { type: 'pong' });
  }
});
