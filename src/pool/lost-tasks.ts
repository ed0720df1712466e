/** What becomes of the tasks in the hands of a worker that is gone: blamed, or run elsewhere. */
import { WorkerCrashedError } from '../errors.js';
import { isInFlight } from '../task/lifecycle.js';
import type { WorkerExit } from '../worker/worker.js';
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
    for (const task of lost) this.#settle(task, member, exit, unexplained);
  }

  /**
   * Whether the worker died with tasks that had not begun and none that had: one of them may have killed it while its arguments were decoded. They are
   * blamed when they are no more than a worker executes at once. More are run again, by a fresh worker that is sent nothing ahead: should it die as well,
   * it leaves few enough.
   */
  #isUnexplained(lost: readonly PoolTask[], member: Member, exit: WorkerExit): boolean {
    if (exit.reason !== 'crashed' || exit.guilty !== undefined || lost.length > this.#core.settings.concurrency) return false;
    return !lost.some((task) => isInFlight(task.stateCode) && member.worker.begun(task));
  }

  /** A task was in the hands of a worker that is gone. */
  #settle(task: PoolTask, member: Member, exit: WorkerExit, unexplained: boolean): void {
    const core = this.#core;
    if ((task.marks & DIRECT) === 0 && isInFlight(task.stateCode) && this.#isInnocent(task, member, exit, unexplained)) {
      if (core.phase !== 'closed') this.#settlement.requeue(task);
      else this.#settlement.cancel(task, undefined, 'the pool was terminated');
      return;
    }
    const error = crashError(task, member, exit);
    if (core.phase === 'closed') this.#settlement.cancel(task, error, 'the pool was terminated');
    else if ((task.marks & DIRECT) !== 0) this.#settlement.fail(task, error, undefined);
    else {
      core.attempts.crashed(task, member, exit);
      this.#settlement.crashed(task, error);
    }
  }

  /** Whether the end of the worker cannot be this task's doing and the task can be run again. */
  #isInnocent(task: PoolTask, member: Member, exit: WorkerExit, unexplained: boolean): boolean {
    if ((task.marks & (STREAMING | TRANSFERRED)) !== 0) return false;
    if (!member.worker.begun(task)) return !unexplained;
    if (member.endedFor !== undefined) return false;
    return exit.reason === 'terminated' || exit.reason === 'stopped' || (exit.guilty !== undefined && exit.guilty !== task);
  }
}

function crashError(task: PoolTask, member: Member, exit: WorkerExit): WorkerCrashedError {
  const how = exit.exitSignal === null ? (exit.exitCode === null ? '' : ` with exit code ${exit.exitCode}`) : ` by ${exit.exitSignal}`;
  const error = exit.error ?? member.endedFor;
  const cause = error === undefined ? '' : `: ${error.message}`;
  return new WorkerCrashedError(`worker ${member.worker.id} (${member.worker.kind}) died${how} while it ran task ${task.name}${cause}`, {
    exitCode: exit.exitCode,
    exitSignal: exit.exitSignal,
    workerId: member.worker.id,
    cause: error,
  });
}
