import { TaskCancelledError, TaskTimeoutError } from '../../errors.js';
import { CANCEL_BY_DEADLINE, CANCEL_BY_SHUTDOWN, CANCEL_BY_TIMEOUT } from '../../transport/protocol.js';
import type { CancelCode } from '../../transport/protocol.js';

/**
 * What a running task function sees as `signal.reason` and what `throwIfCancelled()` throws. Only the code crosses to the worker: the caller's own
 * reason stays with the caller, and so does the limit, which reads 0 here.
 */
export function cancelReason(code: CancelCode, taskName: string): Error {
  switch (code) {
    case CANCEL_BY_TIMEOUT:
      return new TaskTimeoutError('ERR_TASK_TIMEOUT', `task ${taskName} ran for longer than its timeout`, 0);
    case CANCEL_BY_DEADLINE:
      return new TaskTimeoutError('ERR_DEADLINE_EXCEEDED', `task ${taskName} was not finished by its deadline`, 0);
    case CANCEL_BY_SHUTDOWN:
      return new TaskCancelledError(`task ${taskName} was cancelled because its pool was closed`, { taskName, started: true });
    default:
      return new TaskCancelledError(`task ${taskName} was cancelled`, { taskName, started: true });
  }
}
