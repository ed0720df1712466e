/** What governs one task, after the pool's options, the function's and the call's have been merged. Shared by all tasks with the same options. */
import type { RetryPlan } from '../policy/retry.js';

export interface TaskSettings {
  /** Index of the level. */
  readonly level: number;
  /** `Infinity` for none. */
  readonly timeoutMs: number;
  /** `Infinity` for none. */
  readonly deadlineMs: number;
  readonly retry: RetryPlan;
}
