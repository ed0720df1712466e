/** Entry of a worker thread. Everything it needs comes in `workerData`. */
import { threadId, workerData } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import { SharedControlBlock } from '../../transport/control-block.js';
import { createPortWorkerEnd } from '../../transport/message-port.js';
import { boot } from './boot.js';
import { flushOutput } from './flush-output.js';
import type { WorkerInit } from './worker-init.js';

/** The `workerData` of a thread. */
export interface ThreadData {
  readonly init: WorkerInit;
  readonly port: MessagePort;
  readonly control: SharedArrayBuffer;
}

const { init, port, control } = workerData as ThreadData;

await boot(init, {
  kind: 'thread',
  threadId,
  readsAtFlush: true,
  connect: (handler) => createPortWorkerEnd(port, new SharedControlBlock(control), handler),
  // Not left to the event loop: a handle the module forgot would keep the thread for ever.
  exit: () => void flushOutput().then(() => process.exit(0)),
});
