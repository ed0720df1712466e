import { describeValue, MillraceError } from '../errors.js';

const WHAT = { start: 'its start hook failed', health: 'its health check failed' } as const;

/** The error of a worker that cannot serve: which hook said so and why; `cause` is what the hook threw. */
export function hookError(workerId: string, phase: 'start' | 'health', cause: unknown): MillraceError {
  return startError(workerId, `${WHAT[phase]}: ${messageOf(cause)}`, cause);
}

/** The error of a worker that never became ready. */
export function startError(workerId: string, why: string, cause?: unknown): MillraceError {
  return new MillraceError('ERR_WORKER_START', `worker ${workerId} did not start: ${why}`, cause === undefined ? undefined : { cause });
}

/** A thrown value as an Error: itself, or one that describes it. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(`${describeValue(thrown)} was thrown`, { cause: thrown });
}

function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : describeValue(cause);
}
