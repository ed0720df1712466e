/** What becomes of the tasks in the hands of a worker that is gone: blamed, or run elsewhere. */
import { WorkerCrashedError } from '../errors.js';
import { isInFlight } from '../task/lifecycle.js';
import type { WorkerExit } from '../worker/worker.js';
import { leaveBulkhead } from './bulkheads.js';
import type { PoolCore } from './core.js';
import type { Member } from './member.js';
import { DIRECT, STREAMING, TRANSFERRED } from './pool-task.js';
import type { PoolTask } from './pool-task.js';
import type { Settlement } from './settlement.js';

export class LostTasks {
  readonly #core: PoolCore;
  readonly #settlement: Settlement;

  constructor(core: PoolCore, settlement: Settlement) {
    this.#core = core;
    this.#settlement = settlement;
  }

  settle(lost: readonly PoolTask[], member: Member, exit: WorkerExit): void {
    const unexplained = this.#isUnexplained(lost, member, exit);
    for (const task of lost) if (isInFlight(task.stateCode)) leaveBulkhead(this.#core, task);
    const [innocent, blamed] = [[] as PoolTask[], [] as PoolTask[]];
    for (const task of lost) (this.#isInnocent(task, member, exit, unexplained) ? innocent : blamed).push(task);
    this.#report(blamed, member, exit);
    for (const task of innocent) this.#giveBack(task);
    for (const task of blamed) this.#blame(task, crashError(task, blamed.length, member, exit, member.worker.begun(task)));
  }

  /**
   * Whether the worker died with tasks that had not begun and none that had: one of them may have killed it while its arguments were decoded. They are
   * blamed when they are no more than a worker executes at once. More are run again, by a fresh worker that is sent nothing ahead: should it die as well,
   * it leaves few enough. Who said itself why it ended was not killed by arguments.
   */
  #isUnexplained(lost: readonly PoolTask[], member: Member, exit: WorkerExit): boolean {
    if (exit.reason !== 'crashed' || exit.guilty !== undefined || exit.lastWords === true || lost.length > this.#core.settings.concurrency) return false;
    return !lost.some((task) => isInFlight(task.stateCode) && member.worker.begun(task));
  }

  /** Tells of a death that nobody asked for, before its tasks are looked at: what kills workers may be shut off by then. */
  #report(blamed: readonly PoolTask[], member: Member, exit: WorkerExit): void {
    if ((exit.reason !== 'crashed' && member.endedFor === undefined) || this.#core.phase === 'closed') return;
    if (blamed.some((task) => (task.marks & DIRECT) !== 0)) return;
    this.#core.attempts.crashed(blamed, crashError(blamed[0], blamed.length, member, exit));
  }

  #giveBack(task: PoolTask): void {
    if (this.#core.phase !== 'closed') this.#settlement.requeue(task);
    else this.#settlement.cancel(task, undefined, 'the pool was terminated');
  }

  #blame(task: PoolTask, error: WorkerCrashedError): void {
    if (this.#core.phase === 'closed') this.#settlement.cancel(task, error, 'the pool was terminated');
    else if ((task.marks & DIRECT) !== 0) this.#settlement.fail(task, error, undefined);
    else this.#settlement.crashed(task, error);
  }

  /** Whether the end of the worker cannot be this task's doing and the task can be run again. */
  #isInnocent(task: PoolTask, member: Member, exit: WorkerExit, unexplained: boolean): boolean {
    if ((task.marks & (DIRECT | STREAMING | TRANSFERRED)) !== 0 || !isInFlight(task.stateCode)) return false;
    if (!member.worker.begun(task)) return !unexplained;
    if (member.endedFor !== undefined) return false;
    return exit.reason === 'terminated' || exit.reason === 'stopped' || (exit.guilty !== undefined && exit.guilty !== task);
  }
}

/** Says which task ended the worker, as far as that is known. */
function crashError(task: PoolTask | undefined, blamed: number, member: Member, exit: WorkerExit, hasBegun: boolean = true): WorkerCrashedError {
  const { exitCode, exitSignal, guilty } = exit;
  const { id, kind } = member.worker;
  const error = exit.error ?? member.endedFor;
  const how = exitSignal === null ? (exitCode === null ? '' : ` with exit code ${exitCode}`) : ` by ${exitSignal}`;
  const others = blamed > 1 && guilty === undefined ? ` and ${blamed - 1} more; which of them ended it is not known` : '';
  const what = task === undefined ? 'nothing' : `task ${task.name}${others}`;
  const cause = error === undefined ? '' : `: ${error.message}`;
  const when = hasBegun ? 'while it ran' : 'before it could begin';
  return new WorkerCrashedError(`worker ${id} (${kind}) died${how} ${when} ${what}${cause}`, { exitCode, exitSignal, workerId: id, cause: error });
}
