/** Entry of a worker thread. Everything it needs comes in `workerData`, or as the first message to a thread that was started before that was known. */
import { parentPort, receiveMessageOnPort, threadId, workerData } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import { SharedControlBlock } from '../../transport/control-block.js';
import { createPortWorkerEnd } from '../../transport/message-port.js';
import { RingMemory } from '../../transport/shared-ring/layout.js';
import { createRingWorkerEnd } from '../../transport/shared-ring/worker-end.js';
import { boot } from './boot.js';
import { flushOutput } from './flush-output.js';
import type { WorkerInit } from './worker-init.js';

/** What a thread is told. */
export interface ThreadData {
  readonly init: WorkerInit;
  readonly port: MessagePort;
  readonly control: SharedArrayBuffer;
  /** Memory of the shared rings; `undefined` where the runtime cannot wait on shared memory: then the port carries everything. */
  readonly ring: SharedArrayBuffer | undefined;
  readonly cores: number;
  /** Where the thread sits among those that run each other's forked children; `undefined` where it is alone. */
  readonly forks: { readonly area: SharedArrayBuffer; readonly seat: number } | undefined;
}

const { init, port, control, ring, cores, forks } = (workerData ?? (await firstMessage())) as ThreadData;

await boot(init, {
  kind: 'thread',
  threadId,
  readsAtFlush: ring === undefined,
  connect: (handler) =>
    ring === undefined
      ? createPortWorkerEnd(port, new SharedControlBlock(control), handler)
      : createRingWorkerEnd(RingMemory.open(ring), port, handler, { cores }),
  ...(forks === undefined ? {} : { loadSiblings: async () => (await import('./fork-join/join-thread-siblings.js')).joinThreadSiblings(forks) }),
  // Not left to the event loop: a handle the module forgot would keep the thread for ever.
  exit: () => void flushOutput().then(() => process.exit(0)),
});

async function firstMessage(): Promise<unknown> {
  const here = parentPort as MessagePort;
  const received = receiveMessageOnPort(here);
  if (received !== undefined) return received.message;
  return new Promise((resolve) => here.once('message', resolve));
}
