/** How tasks leave their bulkheads; they enter when the scheduler hands them out. */
import type { Bulkhead } from '../queue/bulkhead.js';
import type { PoolCore } from './core.js';
import { DIRECT } from './pool-task.js';
import type { PoolTask } from './pool-task.js';

/** The bulkhead that a task in flight takes a place in. */
export function bulkheadOf(task: PoolTask): Bulkhead | undefined {
  return (task.marks & DIRECT) === 0 ? task.settings.bulkhead : undefined;
}

/** A task in flight has left its worker, whatever became of it. */
export function leaveBulkhead(core: PoolCore, task: PoolTask): void {
  const bulkhead = bulkheadOf(task);
  if (bulkhead !== undefined) leave(core, bulkhead);
}

/** One task less is in flight. */
export function leave(core: PoolCore, bulkhead: Bulkhead): void {
  if (core.scheduler.leave(bulkhead)) core.wake();
}
