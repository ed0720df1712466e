import type { IsolationCause } from './events.js';
import type { WorkerReady } from '../worker/worker.js';
import type { Member } from './member.js';
import type { PoolTask } from './pool-task.js';

/** Why a worker is replaced. */
export type RecycleCause = 'tasks' | 'age' | 'heap' | 'leak' | 'memory' | 'manual' | 'health' | IsolationCause;

/** What the fleet asks of the rest of the pool. */
export interface FleetHost {
  /** Hands a broadcast to a member that has become ready. */
  sendDirect(task: PoolTask, member: Member): void;
  /** Functions were learned for the first time. */
  functionsLearned(hasDefaults: boolean): void;
  /** No worker can be started: fail what waits. */
  failWaiting(error: Error): void;
  /** Another form of the module to try when this one does not load; `undefined` when there is none. */
  alternative(moduleUrl: string, error: Error): Promise<string> | undefined;
  memberReady(member: Member, info: WorkerReady): void;
  memberGone(member: Member): void;
  /** Puts what the member was sent ahead back into the queue. */
  recall(member: Member): void;
}
