/** `whenFull: 'caller-runs'`: a task that finds the queue full runs on this process's event loop, with copies of its arguments as a worker would get. */
import { createAsyncWorker } from '../worker/async-worker.js';
import { uncloneableError } from '../transport/value-path.js';
import type { PoolCore } from './core.js';
import type { Dispatcher } from './dispatcher.js';
import { workerOptions } from './fleet.js';
import { Member } from './member.js';
import { DIRECT } from './pool-task.js';
import type { PoolTask } from './pool-task.js';
import type { Settlement } from './settlement.js';
import type { PoolWorkerHost } from './worker-replies.js';

export class CallerRunner {
  readonly #core: PoolCore;
  readonly #settlement: Settlement;
  readonly #dispatcher: Dispatcher;
  readonly #replies: PoolWorkerHost;
  #member: Member | undefined;

  constructor(core: PoolCore, settlement: Settlement, dispatcher: Dispatcher, replies: PoolWorkerHost) {
    this.#core = core;
    this.#settlement = settlement;
    this.#dispatcher = dispatcher;
    this.#replies = replies;
  }

  run(task: PoolTask, moduleUrl: string): void {
    task.flags |= DIRECT;
    try {
      task.args = structuredClone(task.args) as readonly unknown[];
    } catch (error) {
      this.#settlement.fail(task, uncloneableError(task.args, 'args', error), undefined);
      return;
    }
    const member = (this.#member ??= this.#start(moduleUrl));
    if (member.state === 'ready') this.#dispatcher.sendDirect(task, member);
    else member.pending.push(task);
  }

  async end(): Promise<void> {
    await this.#member?.worker.stop(this.#core.settings.stopTimeoutMs);
  }

  #start(moduleUrl: string): Member {
    const { core, replies } = { core: this.#core, replies: this.#replies };
    const worker = createAsyncWorker<PoolTask>(workerOptions(core.settings, core.idPrefix, moduleUrl, `${core.settings.name}-caller`), {
      onReady: () => {
        member.state = 'ready';
        for (const task of member.pending.splice(0)) this.#dispatcher.sendDirect(task, member);
      },
      onExit: (_worker, exit) => {
        for (const task of [...worker.inFlight(), ...member.pending.splice(0)]) this.#settlement.fail(task, exit.error, undefined);
        this.#member = undefined;
      },
      onStarted: (each, task) => replies.onStarted(each, task),
      onCompleted: (each, task, value) => replies.onCompleted(each, task, value),
      onFailed: (each, task, error) => replies.onFailed(each, task, error),
      onUnsent: (each, task, error) => replies.onUnsent(each, task, error),
      onProgress: (each, task, value) => replies.onProgress(each, task, value),
      onStream: (each, task) => replies.onStream(each, task),
      onYield: (each, task, value) => replies.onYield(each, task, value),
      onLog: (each, task, level, message, fields) => replies.onLog(each, task, level, message, fields),
      onVacated: () => undefined,
      onPong: () => undefined,
      onHealth: () => undefined,
      onRecycle: () => undefined,
    });
    const member = new Member(worker, 0, core.now());
    worker.start();
    return member;
  }
}
