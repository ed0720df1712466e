/** What to do about a worker whose event loop does not turn. */
import type { WorkerActivity } from './activity.js';

export interface WatchLimits {
  /** Past this a worker that does not answer is ended, whatever it does; `Infinity` for never. */
  readonly stuckAfterMs: number;
  /** Past this one that does nothing either is reported. */
  readonly reportAfterMs: number;
  /** Whether a deadlock is broken by ending one of those in it, or only reported. */
  readonly breaksDeadlocks: boolean;
}

export interface Verdict {
  readonly action: 'none' | 'report' | 'end';
  readonly reason: StuckReason | undefined;
}

/** Why a worker is called stuck. */
export type StuckReason =
  /** A task was cancelled or timed out, or was kept from beginning, and the event loop did not answer. */
  | 'cancelled'
  /** It has not answered for longer than `stuckAfter`. */
  | 'limit'
  /** It has neither answered nor computed for longer than `reportAfter`. */
  | 'blocked'
  /** It will never answer: it waits for itself. */
  | 'deadlock';

const HEALTHY: Verdict = { action: 'none', reason: undefined };

/**
 * A worker that computes is healthy for ever unless a limit was set. A deadlock needs no limit: it never ends by itself.
 *
 * @param stillMs for how long the worker has shown no sign of life
 * @param isCertain a deadlock was there at the look before too
 */
export function judge(activity: WorkerActivity, stillMs: number, isCertain: boolean, limits: WatchLimits): Verdict {
  switch (activity) {
    case 'starting':
    case 'idle':
    case 'waiting':
    case 'dead':
      return HEALTHY;
    case 'deadlocked':
      return isCertain ? { action: limits.breaksDeadlocks ? 'end' : 'report', reason: 'deadlock' } : HEALTHY;
    case 'computing':
    case 'unknown':
      return stillMs >= limits.stuckAfterMs ? { action: 'end', reason: 'limit' } : HEALTHY;
    case 'blocked':
    case 'locked':
    case 'stopped':
      if (stillMs >= limits.stuckAfterMs) return { action: 'end', reason: 'limit' };
      return stillMs >= limits.reportAfterMs ? { action: 'report', reason: 'blocked' } : HEALTHY;
  }
}
