import type { Member } from './member.js';
import type { PoolTask } from './pool-task.js';

/** Shorter tasks are not timed: it would cost a share of what they do. */
export const TIMED_MS_MIN = 1;

/** Who is told how attempts end, before the task has its outcome. Implemented by `Supervision`. */
export interface AttemptObserver {
  /** Told only while `core.observed` says so. */
  completed(task: PoolTask, member: Member): void;
  /** A function took `runMs`; told only of workers whose tasks take {@link TIMED_MS_MIN} or more. */
  timed(task: PoolTask, member: Member, runMs: number): void;
  /** The function threw, or ran into its timeout. */
  failed(task: PoolTask, member: Member, error: unknown): void;
  /** A worker died by itself; `blamed` are the tasks that may have caused it. */
  crashed(blamed: readonly PoolTask[], error: Error): void;
  /** Whether a task that was in a worker which died may be tried again. */
  mayTryAgain(): boolean;
  /** How long such a task, whose next attempt is due, must wait before it asks again, in ms; 0 when it may begin, `Infinity` when it has waited for too long. */
  holdMs(task: PoolTask): number;
}

/** Observes nothing. */
export const NO_OBSERVER: AttemptObserver = {
  completed: () => undefined,
  timed: () => undefined,
  failed: () => undefined,
  crashed: () => undefined,
  mayTryAgain: () => true,
  holdMs: () => 0,
};
