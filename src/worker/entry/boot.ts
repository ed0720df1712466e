/**
 * How a thread or process becomes a worker: connect, load the module, run its `start` hook, check its health, serve.
 * A step that fails is told to the pool (`start-failed`) and ends the worker.
 */
import { performanceNow } from '../../runtime/host-timers.js';
import { osThreadId } from '../../runtime/os-thread.js';
import { contextImported } from '../../task/context.js';
import type { WorkerEnd, WorkerEndHandler } from '../../transport/transport.js';
import { onUnexpectedExit } from './last-words.js';
import { loadModule } from './load-module.js';
import type { TaskModule } from './load-module.js';
import { startModule } from './module-hooks.js';
import { ServeLoop } from './serve.js';
import type { JoinSiblings } from './fork-join/siblings.js';
import type { WorkerInit } from './worker-init.js';

export interface Bootstrap {
  readonly kind: 'thread' | 'process';
  readonly threadId: number;
  readonly readsAtFlush: boolean;
  readonly connect: (handler: WorkerEndHandler) => WorkerEnd;
  /** Loads what joins the worker to those that run each other's forked children; left out where it is alone. */
  readonly loadSiblings?: () => Promise<JoinSiblings>;
  /** Ends the thread or process once what was sent has left. */
  readonly exit: () => void;
}

export async function boot(init: WorkerInit, { kind, threadId, readsAtFlush, connect, loadSiblings, exit }: Bootstrap): Promise<void> {
  const { workerId, taskIdPrefix, concurrency, streamCredit, heapBytesMax, heapGrowthBytesMax, workerData } = init;
  const loop = new ServeLoop(
    {
      workerId,
      taskIdPrefix,
      concurrency,
      streamCredit,
      heapBytesMax,
      heapGrowthBytesMax,
      readsAtFlush,
      pid: process.pid,
      threadId,
      osThreadId: kind === 'thread' ? osThreadId() : undefined,
      onEnd: exit,
      now: performanceNow,
    },
    connect,
  );
  onUnexpectedExit((fatal) => loop.crash(fatal));
  let module: TaskModule;
  try {
    module = await loadModule(init.moduleUrl);
  } catch (error) {
    return loop.refuse('load', error);
  }
  const failure = await startModule(module, { workerId, kind, workerData });
  if (failure !== undefined) return loop.refuse(failure.phase, failure.error);
  // A module that cannot fork starts without it.
  const joinSiblings = contextImported() ? await loadSiblings?.() : undefined;
  loop.begin(module, joinSiblings);
  // Its first use loads it: now, while the pool has yet to hear of this worker, not when the first task is waiting.
  performanceNow();
}
