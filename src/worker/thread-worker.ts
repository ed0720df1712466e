/**
 * A worker on a thread of this process. A start costs a few ms to some tens of ms and a few MB; see `remote-worker.ts` for the protocol.
 *
 * Threads share the fate of the process: a native crash or a heap that outgrows its limit in one step ends both.
 */
import { MessageChannel } from 'node:worker_threads';
import type { Worker as Thread } from 'node:worker_threads';
import { OptionError } from '../errors.js';
import { waitAsyncSupported } from '../runtime/atomics.js';
import type { Clock } from '../runtime/clock.js';
import { cpuLimit } from '../runtime/limits.js';
import { shareThreadTable, threadEnded } from '../shared/thread-table.js';
import { SharedControlBlock } from '../transport/control-block.js';
import { createPortPoolEnd } from '../transport/message-port.js';
import { RingMemory } from '../transport/shared-ring/layout.js';
import { createRingPoolEnd } from '../transport/shared-ring/pool-end.js';
import type { PoolEndHandler } from '../transport/transport.js';
import { uncloneableError } from '../transport/value-path.js';
import type { ThreadData } from './entry/thread-main.js';
import { workerInit } from './entry/worker-init.js';
import { inheritedExecArgv } from './inherited-exec-argv.js';
import type { CarrierExit } from './remote-exit.js';
import { RemoteWorker } from './remote-worker.js';
import type { Carrier } from './carrier.js';
import { newThread, takeSpareThread } from './spare-thread.js';
import { threadMemoryBytes } from './thread-memory.js';
import { ThreadSeat } from './thread-siblings.js';
import type { Worker, WorkerHost, WorkerOptions, WorkerTask } from './worker.js';

export function createThreadWorker<T extends WorkerTask>(options: WorkerOptions, host: WorkerHost<T>, clock?: Clock): Worker<T> {
  return new RemoteWorker('thread', options, host, launchThread, clock);
}

function launchThread(options: WorkerOptions, handler: PoolEndHandler, onExit: (exit: CarrierExit) => void): Carrier {
  shareThreadTable();
  const { port1, port2 } = new MessageChannel();
  const memory = waitAsyncSupported ? RingMemory.create() : undefined;
  const control = new SharedControlBlock();
  const cores = cpuLimit().cpus;
  const seat = memory === undefined ? undefined : ThreadSeat.take(options.forkSeats);
  const data = { init: workerInit(options), port: port2, control: control.buffer, ring: memory?.buffer, cores, forks: seat?.place };
  const spare = takeSpareThread(options);
  const thread = spare ?? startThread(options, data);
  seat?.occupy(() => void thread.terminate());
  const end = memory === undefined ? createPortPoolEnd(port1, control, handler) : createRingPoolEnd(memory, port1, handler, { cores });
  // A thread that waits for it begins at once: not before there is somebody to answer to.
  spare?.postMessage(data, [port2]);
  let error: Error | undefined;
  thread.on('error', (cause: Error) => {
    error = cause;
  });
  const { threadId } = thread;
  thread.on('exit', (exitCode) => {
    threadEnded(threadId);
    seat?.leave();
    onExit({ exitCode, exitSignal: null, error });
  });
  thread.unref();
  return {
    end,
    kill: () => void thread.terminate(),
    ref: () => thread.ref(),
    memoryBytes: () => threadMemoryBytes(thread),
    siblings: seat,
    dispose: () => thread.unref(),
  };
}

function startThread(options: WorkerOptions, data: ThreadData): Thread {
  const { runtime } = options;
  const given = { workerData: data, transferList: [data.port] };
  try {
    if (runtime.execArgv !== undefined) return newThread(options, given);
    return withInheritedFlags((execArgv) => newThread({ ...options, runtime: { ...runtime, execArgv } }, given));
  } catch (cause) {
    data.port.close();
    if (cause instanceof DOMException) throw uncloneableError(runtime.workerData, 'workerData', cause);
    if (isInvalidExecArgv(cause)) {
      const hint = 'start the program itself with it, since threads share the flags of their process, or use processes';
      throw new OptionError('execArgv', 'flags that a thread can have on its own', runtime.execArgv, `${cause.message}: ${hint}`);
    }
    throw cause;
  }
}

/**
 * A thread inherits the flags by itself (`undefined`), except that it cannot start under the one that says how to read `--eval`. Then it is given the
 * others, less those that hold for the whole process: they hold for the thread as it is, and the runtime, which alone knows them, names them.
 */
function withInheritedFlags(start: (execArgv: readonly string[] | undefined) => Thread): Thread {
  if (!process.execArgv.some((word) => word.startsWith('--input-type'))) return start(undefined);
  const inherited = inheritedExecArgv(process.execArgv);
  try {
    return start(inherited);
  } catch (error) {
    if (!isInvalidExecArgv(error)) throw error;
    return start(inherited.filter((word) => !error.message.includes(word)));
  }
}

function isInvalidExecArgv(error: unknown): error is Error {
  return error instanceof Error && (error as NodeJS.ErrnoException).code === 'ERR_WORKER_INVALID_EXEC_ARGV';
}
