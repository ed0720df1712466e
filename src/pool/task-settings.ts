/** What governs one task, after the pool's options, the function's and the call's have been merged. Shared by all tasks with the same options. */
import type { BreakerPlan } from '../policy/circuit-breaker.js';
import type { HedgePlan } from '../policy/hedge.js';
import type { RetryPlan } from '../policy/retry.js';
import type { Bulkhead } from '../queue/bulkhead.js';
import type { TaskOwner } from './task-owner.js';

export interface TaskSettings {
  /** The pool the task belongs to, as the task sees it. Here and not in each task, because a million of them may wait. */
  readonly owner: TaskOwner;
  /** Index of the level. */
  readonly level: number;
  /** `Infinity` for none. */
  readonly timeoutMs: number;
  /** `Infinity` for none. */
  readonly deadlineMs: number;
  readonly retry: RetryPlan;
  /** `undefined`: no second attempt beside a slow one. */
  readonly hedge: HedgePlan | undefined;
  /** `undefined`: the function is never shut off. */
  readonly breaker: BreakerPlan | undefined;
  /** `undefined`: the function may take all of the pool. */
  readonly bulkhead: Bulkhead | undefined;
}
