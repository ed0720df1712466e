/** Whether a failed attempt is followed by another. How long that waits: `backoff.ts`. How many in all: `retry-budget.ts`. */
import { OptionError, type ErrorCode } from '../errors.js';
import { ownOptions } from '../runtime/own-options.js';
import { parseDuration } from '../runtime/units.js';
import type { Backoff, RetryOptions } from '../task/types.js';

/** {@link RetryOptions} with every default filled in and every duration in ms. */
export interface RetryPlan {
  /** Executions in all, the first included: a whole number >= 1. */
  readonly attempts: number;
  readonly backoff: Backoff;
  /** Base of the computed backoffs. */
  readonly minDelayMs: number;
  /** Upper limit of the computed backoffs, >= `minDelayMs`. */
  readonly maxDelayMs: number;
  readonly retryIf: ((error: unknown, attempt: number) => boolean) | undefined;
}

const MIN_DELAY_MS = 100;
const MAX_DELAY_MS = 30_000;

/** One attempt. */
export const NO_RETRY: RetryPlan = { attempts: 1, backoff: 'exponential', minDelayMs: MIN_DELAY_MS, maxDelayMs: MAX_DELAY_MS, retryIf: undefined };

/** Errors that another attempt cannot mend: the task was not wanted any more, or would fail in the same way again. */
const NEVER_RETRIED: ReadonlySet<unknown> = new Set<ErrorCode>([
  'ERR_TASK_CANCELLED',
  'ERR_DEADLINE_EXCEEDED',
  'ERR_VALUE_NOT_CLONEABLE',
  'ERR_UNKNOWN_FUNCTION',
  'ERR_OPTION',
  'ERR_MODULE_LOAD',
  'ERR_TYPESCRIPT',
]);

const KEYS: readonly string[] = ['attempts', 'backoff', 'minDelay', 'maxDelay', 'retryIf'] satisfies (keyof RetryOptions)[];

/**
 * Checks a `retry` option and fills in its defaults. A number stands for `{ attempts }`, `undefined` for no retry. Only own properties
 * count. Given one of `minDelay` and `maxDelay`, the default of the other gives way to it.
 *
 * @param option name for errors, for example `retry`
 * @throws OptionError when a key is unknown or a value has the wrong type or range
 */
export function normaliseRetry(option: string, value: RetryOptions | number | undefined): RetryPlan {
  if (value === undefined) return NO_RETRY;
  if (typeof value === 'number') return { ...NO_RETRY, attempts: parseAttempts(option, value) };
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new OptionError(option, 'a number of attempts or an object such as { attempts: 3 }', value);
  }
  const given = ownOptions<RetryOptions>(option, value, KEYS);
  return {
    attempts: given.attempts === undefined ? NO_RETRY.attempts : parseAttempts(`${option}.attempts`, given.attempts),
    backoff: given.backoff === undefined ? NO_RETRY.backoff : parseBackoff(`${option}.backoff`, given.backoff),
    ...parseDelays(option, given),
    retryIf: parseRetryIf(`${option}.retryIf`, given.retryIf),
  };
}

/**
 * Whether a task that has made `attemptsMade` attempts, the last of which ended with `error`, is given another. Errors no attempt can mend
 * and errors with an own property `retryable: false` are not retried; of the others `plan.retryIf` decides. If that throws, the answer is no
 * and the task keeps its own error.
 */
export function shouldRetry(plan: RetryPlan, attemptsMade: number, error: unknown): boolean {
  if (attemptsMade >= plan.attempts) return false;
  try {
    if (NEVER_RETRIED.has(ownValue(error, 'code')) || ownValue(error, 'retryable') === false) return false;
    return plan.retryIf === undefined || Boolean(plan.retryIf(error, attemptsMade));
  } catch {
    return false;
  }
}

function parseAttempts(option: string, value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 1) return value;
  throw new OptionError(option, 'a whole number of executions >= 1, the first included', value);
}

function parseBackoff(option: string, value: unknown): Backoff {
  if (value === 'exponential' || value === 'decorrelated' || typeof value === 'function') return value as Backoff;
  if (typeof value === 'number' && value >= 0 && value < Infinity) return value;
  throw new OptionError(option, "a number of ms >= 0, 'exponential', 'decorrelated' or a function (attempt, error) => ms", value);
}

function parseDelays(option: string, given: RetryOptions): { minDelayMs: number; maxDelayMs: number } {
  const min = given.minDelay === undefined ? undefined : parseDuration(`${option}.minDelay`, given.minDelay);
  const max = given.maxDelay === undefined ? undefined : parseDuration(`${option}.maxDelay`, given.maxDelay);
  if (min !== undefined && max !== undefined && max < min) {
    throw new OptionError(`${option}.maxDelay`, `at least minDelay (${min} ms)`, given.maxDelay);
  }
  return { minDelayMs: min ?? Math.min(MIN_DELAY_MS, max ?? Infinity), maxDelayMs: max ?? Math.max(MAX_DELAY_MS, min ?? 0) };
}

function parseRetryIf(option: string, value: unknown): RetryPlan['retryIf'] {
  if (value === undefined || typeof value === 'function') return value as RetryPlan['retryIf'];
  throw new OptionError(option, 'a function (error, attempt) => boolean', value);
}

function ownValue(error: unknown, key: string): unknown {
  return typeof error === 'object' && error !== null && Object.hasOwn(error, key) ? (error as Record<string, unknown>)[key] : undefined;
}
