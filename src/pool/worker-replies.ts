/** What the workers tell the pool, turned into outcomes: the implementation of the worker's host. */
import { EXECUTING, isTerminal } from '../task/lifecycle.js';
import type { LeakReport, LogLevel } from '../transport/protocol.js';
import type { RunElsewhere } from '../worker/remote-forks.js';
import type { Worker, WorkerExit, WorkerHost, WorkerReady } from '../worker/worker.js';
import { leaveBulkhead } from './bulkheads.js';
import type { Cancellation } from './cancellation.js';
import type { PoolCore } from './core.js';
import type { ForkedChildren } from './forked-children.js';
import type { HealthChecks } from './health-checks.js';
import type { Member } from './member.js';
import { DIRECT } from './pool-task.js';
import type { PoolTask } from './pool-task.js';
import type { Prefetch } from './prefetch.js';
import type { Settlement } from './settlement.js';
import { PoolStream } from './stream.js';
import type { Watchdog } from './watchdog.js';

export type PoolWorkerHost = WorkerHost<PoolTask>;

/** What the replies ask of the fleet. */
export interface FleetReplies {
  onReady(worker: Worker<PoolTask>, info: WorkerReady): void;
  onExit(worker: Worker<PoolTask>, exit: WorkerExit): void;
  memberOf(worker: Worker<PoolTask>): Member | undefined;
  finishDrain(member: Member): void;
  retire(member: Member, cause: 'heap' | 'leak'): void;
}

export class WorkerReplies implements PoolWorkerHost {
  readonly #core: PoolCore;
  readonly #settlement: Settlement;
  readonly #cancellation: Cancellation;
  readonly #prefetch: Prefetch;
  readonly #health: HealthChecks;
  readonly #fleet: FleetReplies;
  /** Runs children of processes elsewhere; set when the pool is put together. */
  children: ForkedChildren | undefined;
  readonly #watchdog: Pick<Watchdog, 'pong'>;
  /** Workers on this event loop: no tasks are sent ahead, and answers come one by one. */
  readonly #here: boolean;

  constructor(
    core: PoolCore,
    settlement: Settlement,
    cancellation: Cancellation,
    prefetch: Prefetch,
    health: HealthChecks,
    fleet: FleetReplies,
    watchdog: Pick<Watchdog, 'pong'>,
  ) {
    this.#core = core;
    this.#settlement = settlement;
    this.#cancellation = cancellation;
    this.#prefetch = prefetch;
    this.#health = health;
    this.#fleet = fleet;
    cancellation.onLetGo = (member, token) => this.onVacated(member.worker, token);
    this.#watchdog = watchdog;
    this.#here = core.settings.kind === 'async';
  }

  onReady(worker: Worker<PoolTask>, info: WorkerReady): void {
    this.#fleet.onReady(worker, info);
  }

  onStarted(_worker: Worker<PoolTask>, task: PoolTask): void {
    if (isTerminal(task.stateCode) || task.holder === undefined) return;
    task.move(EXECUTING);
    this.#cancellation.executionStarted(task);
  }

  onCompleted(_worker: Worker<PoolTask>, task: PoolTask, value: unknown): void {
    if (this.#here) this.#core.enter();
    const member = this.#answered(task);
    if (this.#core.observed) this.#core.attempts.completed(task, member);
    this.#settlement.complete(task, member, value);
    this.#release(member, (task.marks & DIRECT) === 0);
    if (this.#here) this.#core.leave();
  }

  onFailed(_worker: Worker<PoolTask>, task: PoolTask, error: unknown): void {
    const member = this.#answered(task);
    const heldCredit = (task.marks & DIRECT) === 0;
    this.#core.attempts.failed(task, member, error);
    this.#settlement.attemptFailed(task, error);
    this.#release(member, heldCredit);
  }

  onUnsent(_worker: Worker<PoolTask>, task: PoolTask, error: Error): void {
    const member = this.#answered(task);
    this.#settlement.fail(task, error, undefined);
    this.#release(member, (task.marks & DIRECT) === 0);
  }

  onProgress(_worker: Worker<PoolTask>, task: PoolTask, value: unknown): void {
    task.progressBuffer().push(value);
  }

  onStream(worker: Worker<PoolTask>, task: PoolTask): void {
    this.#core.hedges.streams(task);
    const source = {
      credit: (count: number): void => {
        worker.credit(task, count);
        worker.flush();
      },
      leave: (): void => {
        worker.endStream(task);
        worker.flush();
      },
    };
    task.openStream(new PoolStream(source, this.#core.settings.streamCredit));
  }

  onYield(_worker: Worker<PoolTask>, task: PoolTask, value: unknown): void {
    task.extra?.stream?.push(value);
  }

  onLog(worker: Worker<PoolTask>, task: PoolTask | undefined, level: LogLevel, message: string, fields: Record<string, unknown> | undefined): void {
    const record = { level, message, fields, workerId: worker.id, taskId: task?.id, taskName: task?.name, correlationId: task?.correlationId };
    if (this.#core.events.has('log')) this.#core.events.emit('log', record);
    else process.stderr.write(logLine(this.#core.settings.name, record));
  }

  onVacated(_worker: Worker<PoolTask>, token: object): void {
    const vacated = this.#cancellation.vacated(token);
    if (vacated === undefined) return;
    vacated.member.answered += 1;
    this.#release(vacated.member, !vacated.direct);
  }

  onFork(_worker: Worker<PoolTask>, task: PoolTask, ...child: Parameters<RunElsewhere>): ReturnType<RunElsewhere> {
    return this.children?.run(task, ...child);
  }

  onBlocking(worker: Worker<PoolTask>, on: boolean): void {
    const member = this.#fleet.memberOf(worker);
    if (member === undefined) return;
    member.blocking += on ? 1 : -1;
    // Who waits may get another worker now.
    if (on) this.#core.wake();
  }

  onPong(worker: Worker<PoolTask>): void {
    const member = this.#fleet.memberOf(worker);
    if (member === undefined) return;
    this.#cancellation.pong(member);
    this.#health.pong(member);
    this.#watchdog.pong(member);
  }

  onHealth(worker: Worker<PoolTask>, error: Error | undefined): void {
    const member = this.#fleet.memberOf(worker);
    if (member !== undefined) this.#health.answered(member, error);
  }

  onRecycle(worker: Worker<PoolTask>): void {
    const member = this.#fleet.memberOf(worker);
    if (member !== undefined) this.#fleet.retire(member, 'heap');
  }

  onLeak(worker: Worker<PoolTask>, leak: LeakReport): void {
    const member = this.#fleet.memberOf(worker);
    if (member === undefined) return;
    if (this.#core.events.has('leak')) this.#core.events.emit('leak', { workerId: worker.id, kind: worker.kind, ...leak });
    this.#fleet.retire(member, 'leak');
  }

  onExit(worker: Worker<PoolTask>, exit: WorkerExit): void {
    this.#fleet.onExit(worker, exit);
  }

  #answered(task: PoolTask): Member {
    const member = task.holder as Member;
    member.answered += 1;
    if (member.batch === 0 && !this.#here) this.#prefetch.measure(member);
    if (task.settings.bulkhead !== undefined) leaveBulkhead(this.#core, task);
    if (task.extra?.timeoutAlarm !== undefined) this.#cancellation.executionEnded(task);
    return member;
  }

  /** A task has left its worker: there is room for another. */
  #release(member: Member, heldCredit: boolean): void {
    const core = this.#core;
    member.inFlight -= 1;
    core.inFlight -= 1;
    if (!this.#here) this.#prefetch.count(member);
    if (member.inFlight === 0) member.idleSince = core.stamp();
    if (member.state === 'draining') this.#fleet.finishDrain(member);
    else if (member.state === 'ready' || member.state === 'suspect') {
      if (heldCredit) core.scheduler.release(member, member.idleSince);
      // With nothing to hand out there is nothing to look at: what was sent ahead, which a look adjusts, is nothing here.
      if (!this.#here || core.scheduler.depth > 0 || core.waiting.size > 0) core.wake();
    }
  }
}

const LEVELS: Readonly<Record<LogLevel, number>> = { trace: 10, debug: 20, info: 30, warn: 40, error: 50 };

function logLine(
  pool: string,
  record: {
    level: LogLevel;
    message: string;
    fields: Record<string, unknown> | undefined;
    workerId: string;
    taskId: string | undefined;
    taskName: string | undefined;
    correlationId: string | undefined;
  },
): string {
  const { level, message, fields, ...ids } = record;
  const line = {
    level: LEVELS[level],
    time: Date.now(),
    name: 'millrace',
    msg: message,
    event: 'task.log',
    pool,
    ...ids,
    task: ids.taskName,
    taskName: undefined,
    ...fields,
  };
  return `${JSON.stringify(line, (_key, value: unknown) => (typeof value === 'bigint' ? `${value}n` : value))}\n`;
}
