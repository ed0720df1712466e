/** `whenFull: 'caller-runs'`: a task that finds the queue full runs on this process's event loop, with copies of its arguments as a worker would get. */
import { MillraceError } from '../errors.js';
import { createAsyncWorker } from '../worker/async-worker.js';
import { uncloneableError } from '../transport/value-path.js';
import type { PoolCore } from './core.js';
import type { Dispatcher } from './dispatcher.js';
import { Member } from './member.js';
import { DIRECT } from './pool-task.js';
import type { PoolTask } from './pool-task.js';
import type { Settlement } from './settlement.js';
import { workerOptions } from './worker-options.js';
import type { PoolWorkerHost } from './worker-replies.js';

export class CallerRunner {
  readonly #core: PoolCore;
  readonly #settlement: Settlement;
  readonly #dispatcher: Dispatcher;
  readonly #replies: PoolWorkerHost;
  readonly #moduleUrl: string | Promise<string>;
  /** Tasks that wait for the module to be loaded, or for the end of the turn. */
  readonly #waiting = new Set<PoolTask>();
  #member: Member | undefined;
  #starting: Promise<Member> | undefined;

  constructor(core: PoolCore, settlement: Settlement, dispatcher: Dispatcher, replies: PoolWorkerHost, moduleUrl: string | Promise<string>) {
    this.#core = core;
    this.#settlement = settlement;
    this.#dispatcher = dispatcher;
    this.#replies = replies;
    this.#moduleUrl = moduleUrl;
  }

  /** Runs the task soon: not within this call. */
  run(task: PoolTask): void {
    task.marks |= DIRECT;
    try {
      task.payload = structuredClone(task.args);
    } catch (error) {
      this.#settlement.fail(task, uncloneableError(task.args, 'args', error), undefined);
      return;
    }
    this.#waiting.add(task);
    this.#starting ??= Promise.resolve(this.#moduleUrl).then((url) => this.#start(url));
    this.#starting.then(
      (member) => this.#handOut(member),
      (error: Error) => this.#failWaiting(error),
    );
  }

  /** Tasks that have no outcome. */
  tasks(): PoolTask[] {
    return [...this.#waiting, ...(this.#member?.worker.inFlight() ?? [])];
  }

  /** Ends it: by its `stop` hook within `graceMs`, at once with 0. */
  async end(graceMs: number): Promise<void> {
    const worker = this.#member?.worker;
    await (graceMs === 0 ? worker?.terminate() : worker?.stop(graceMs));
  }

  #handOut(member: Member): void {
    if (member.state !== 'ready') return;
    const core = this.#core;
    const nowMs = core.readClock();
    for (const task of this.#waiting) {
      if (task.isComplete()) continue;
      core.wait.record(Math.max(0, nowMs - task.submittedAt));
      this.#dispatcher.sendDirect(task, member);
    }
    this.#waiting.clear();
  }

  #failWaiting(error: Error): void {
    for (const task of this.#waiting) if (!task.isComplete()) this.#settlement.fail(task, error, undefined);
    this.#waiting.clear();
  }

  #start(moduleUrl: string): Member {
    const { core, replies } = { core: this.#core, replies: this.#replies };
    const worker = createAsyncWorker<PoolTask>(workerOptions(core.settings, core.idPrefix, moduleUrl, `${core.settings.name}-caller`), {
      onReady: () => {
        member.state = 'ready';
        this.#handOut(member);
      },
      onExit: (_worker, exit) => {
        core.inFlight -= member.inFlight;
        this.#failWaiting(exit.error ?? new MillraceError('ERR_WORKER_START', 'the module ended before the caller could run the task'));
        this.#member = undefined;
        this.#starting = undefined;
      },
      onStarted: (each, task) => replies.onStarted(each, task),
      onCompleted: (each, task, value) => replies.onCompleted(each, task, value),
      onFailed: (each, task, error) => replies.onFailed(each, task, error),
      onUnsent: (each, task, error) => replies.onUnsent(each, task, error),
      onProgress: (each, task, value) => replies.onProgress(each, task, value),
      onStream: (each, task) => replies.onStream(each, task),
      onYield: (each, task, value) => replies.onYield(each, task, value),
      onLog: (each, task, level, message, fields) => replies.onLog(each, task, level, message, fields),
      onBlocking: () => undefined,
      onVacated: (each, token) => replies.onVacated(each, token),
      onPong: () => undefined,
      onHealth: () => undefined,
      onRecycle: () => undefined,
    });
    const member = new Member(worker, 0, core.now());
    this.#member = member;
    worker.start();
    return member;
  }
}
