/** Takes a task back that was sent ahead to a worker and has not begun there. */
import { leaveBulkhead } from './bulkheads.js';
import type { PoolCore } from './core.js';
import type { Member } from './member.js';
import { DIRECT } from './pool-task.js';
import type { PoolTask } from './pool-task.js';

/** Returns whether the worker gave it back: then it never began, its place is free, and the caller settles it or queues it again. */
export function takeBack(core: PoolCore, task: PoolTask): boolean {
  const member = task.holder as Member | undefined;
  if (member === undefined || (task.marks & DIRECT) !== 0 || !member.worker.revoke(task)) return false;
  leaveBulkhead(core, task);
  task.holder = undefined;
  task.attempt -= 1;
  member.dispatched -= 1;
  member.inFlight -= 1;
  core.inFlight -= 1;
  if (member.inFlight === 0) member.idleSince = core.stamp();
  if (member.state === 'ready' || member.state === 'suspect') core.scheduler.release(member, core.stamp());
  return true;
}
