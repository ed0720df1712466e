/**
 * What a worker on this event loop tells the pool. Most of its tasks are plain: nobody listens to anything, and nothing but the caller's promise hangs on
 * them. How they end is put down here in one go; for all others it is as for every worker.
 */
import type { Worker } from '../worker/worker.js';
import type { PoolCore } from './core.js';
import type { Member } from './member.js';
import type { PoolTask } from './pool-task.js';
import type { Settlement } from './settlement.js';
import { WorkerReplies } from './worker-replies.js';

class CallReplies extends WorkerReplies {
  readonly #core: PoolCore;
  readonly #settlement: Settlement;

  constructor(core: PoolCore, settlement: Settlement, ...others: OtherParts) {
    super(core, settlement, ...others);
    this.#core = core;
    this.#settlement = settlement;
  }

  override onCompleted(worker: Worker<PoolTask>, task: PoolTask, value: unknown): void {
    const core = this.#core;
    const member = task.holder as Member;
    // What has options, a recorded stack or a nested task has an extra. What else there is to a task is marked, or in its settings.
    if (
      task.extra !== undefined ||
      task.marks !== 0 ||
      task.settings.bulkhead !== undefined ||
      core.observed ||
      !core.events.isSilent ||
      member.state !== 'ready'
    ) {
      super.onCompleted(worker, task, value);
      return;
    }
    core.enter();
    member.answered += 1;
    this.#settlement.completePlain(task, value);
    core.inFlight -= 1;
    member.inFlight -= 1;
    if (member.inFlight === 0) member.idleSince = core.stamp();
    const { scheduler } = core;
    scheduler.release(member, member.idleSince);
    if (scheduler.depth > 0 || core.waiting.size > 0) core.wake();
    core.leave();
  }
}

type OtherParts = ConstructorParameters<typeof WorkerReplies> extends [PoolCore, Settlement, ...infer R] ? R : never;

/** What takes the replies of the workers of this pool. */
export function takeReplies(core: PoolCore, settlement: Settlement, ...others: OtherParts): WorkerReplies {
  return core.settings.kind === 'async' ? new CallReplies(core, settlement, ...others) : new WorkerReplies(core, settlement, ...others);
}
