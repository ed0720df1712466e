/**
 * Entry of a worker process.
 *
 *   fd 3   socket to the pool: first the init message (length, bytes), then the stream transport
 *   fd 4   control block
 *
 * The process ends when the pool says so or when the socket closes, which is also how it notices that its parent died. Signals sent to the whole
 * process group (Ctrl-C, a service manager's stop) are the parent's to act upon: it drains, and must find its workers alive.
 */
import { Socket } from 'node:net';
import { FileControlBlock } from '../../transport/control-block.js';
import { createStreamWorkerEnd } from '../../transport/stream.js';
import { boot } from './boot.js';
import { flushOutput } from './flush-output.js';
import { readInit } from './process-init.js';

const SOCKET_FD = 3;
const CONTROL_FD = 4;

/** Longest wait for the pool to take the last words of a worker that ends, in ms (P). */
const GOODBYE_MS_MAX = 1_000;

process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => undefined);

const end = (): void => void flushOutput().then(() => process.exit(0));
const socket = new Socket({ fd: SOCKET_FD, readable: true, writable: true });
socket.once('close', end);
// What went wrong is the transport's to report; here it only must not be an uncaught error.
socket.on('error', () => undefined);

const init = await readInit(socket);
if (init !== undefined) {
  await boot(init, {
    kind: 'process',
    threadId: 0,
    readsAtFlush: false,
    connect: (handler) => createStreamWorkerEnd(socket, FileControlBlock.attach(CONTROL_FD), handler),
    // The transport is closed by now: the socket closes when all bytes have left.
    exit: () => void setTimeout(end, GOODBYE_MS_MAX),
  });
}
