/**
 * Entry of a worker process.
 *
 *   fd 3   requests: first the init message (length, bytes), then the frames of the pool
 *   fd 4   replies
 *   fd 5   shared file
 *
 * The process ends when the pool says so or when its requests end, which is also how it notices that its parent died. Signals sent to the whole
 * process group (Ctrl-C, a service manager's stop) are the parent's to act upon: it drains, and must find its workers alive.
 */
import { Socket } from 'node:net';
import process from 'node:process';
import { createStreamWorkerEnd } from '../../transport/stream-worker-end.js';
import { WorkerControl } from '../../transport/stream-control.js';
import { SharedFile } from '../../transport/stream-file.js';
import { boot } from './boot.js';
import { flushOutput } from './flush-output.js';
import { readInit } from './process-init.js';
import { setTimeout } from '../../runtime/host-timers.js';

const REQUESTS_FD = 3;
const REPLIES_FD = 4;
const SHARED_FILE_FD = 5;

/** Longest wait for the pool to take the last words of a worker that ends, in ms (P). */
const GOODBYE_MS_MAX = 1_000;

process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);

const end = (): void => void flushOutput().then(() => process.exit(0));
const requests = new Socket({ fd: REQUESTS_FD, readable: true, writable: false });
const replies = new Socket({ fd: REPLIES_FD, readable: false, writable: true });
for (const socket of [requests, replies]) {
  socket.once('close', end);
  // What went wrong is the transport's to report; here it only must not be an uncaught error.
  socket.on('error', () => undefined);
}

const init = await readInit(requests);
if (init !== undefined) {
  await boot(init, {
    kind: 'process',
    threadId: 0,
    readsAtFlush: false,
    loadSiblings: async () => (await import('./fork-join/join-process-siblings.js')).joinProcessSiblings,
    connect: (handler) => createStreamWorkerEnd({ incoming: requests, outgoing: replies }, new WorkerControl(SharedFile.attach(SHARED_FILE_FD)), handler),
    // The transport is closed by now: the replies close when all bytes have left.
    exit: () => void setTimeout(end, GOODBYE_MS_MAX),
  });
}
