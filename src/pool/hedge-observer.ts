/** Who watches over second attempts: what the parts that move tasks tell, without knowing more. */
import type { HedgePlan } from '../policy/hedge.js';
import type { Member } from './member.js';
import type { PoolTask } from './pool-task.js';

export interface HedgeObserver {
  /** A task with a plan was handed over. */
  begin(task: PoolTask, plan: HedgePlan): void;
  /** A task is no longer in the hands of its worker; `answered`: its time counts. */
  end(task: PoolTask, answered: boolean): void;
  /** A second attempt has completed. */
  won(shadow: PoolTask, member: Member, value: unknown): void;
  /** The function of a task returned a generator. */
  streams(task: PoolTask): void;
}

/** For a pool that is being put together. */
export const NO_HEDGES: HedgeObserver = { begin: () => undefined, end: () => undefined, won: () => undefined, streams: () => undefined };
