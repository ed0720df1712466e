/** How long a task waits before its next attempt. */
import { OptionError } from '../errors.js';
import type { Random } from '../runtime/random.js';
import type { RetryPlan } from './retry.js';

/**
 * The wait in ms after attempt number `attempt` (1 for the first) has failed with `error`.
 *
 * - a number: exactly that
 * - `'exponential'`: uniform in [0, min(max, base * 2^(attempt - 1))), that is, full jitter: tasks that failed together do not return together
 * - `'decorrelated'`: uniform in [base, 3 * previous), capped at max
 * - a function: what it returns
 *
 * @param previousDelayMs the wait before this attempt, 0 for the first; only `'decorrelated'` looks at it
 * @throws OptionError when a function returns anything but a finite number >= 0; and whatever the function throws
 */
export function backoffDelayMs(plan: RetryPlan, attempt: number, previousDelayMs: number, error: unknown, random: Random): number {
  const { backoff } = plan;
  if (typeof backoff === 'number') return backoff;
  if (typeof backoff === 'function') return checkedDelayMs(backoff(attempt, error));
  return backoff === 'exponential' ? exponentialMs(plan, attempt, random) : decorrelatedMs(plan, previousDelayMs, random);
}

/** 2^1023 is the largest power of two there is: beyond it a base of 0 would make NaN. */
const EXPONENT_MAX = 1_023;

function exponentialMs(plan: RetryPlan, attempt: number, random: Random): number {
  return random() * Math.min(plan.maxDelayMs, plan.minDelayMs * 2 ** Math.min(EXPONENT_MAX, attempt - 1));
}

function decorrelatedMs(plan: RetryPlan, previousDelayMs: number, random: Random): number {
  const base = plan.minDelayMs;
  const upper = 3 * Math.max(base, previousDelayMs);
  return Math.min(plan.maxDelayMs, base + random() * (upper - base));
}

function checkedDelayMs(value: unknown): number {
  if (typeof value === 'number' && value >= 0 && value < Infinity) return value;
  throw new OptionError('retry.backoff', 'a function that returns a finite number of ms >= 0', value, 'This is what it returned');
}
