/** What the end of a thread or process means: from what was asked of it, what it said and how it went. */
import { startError } from './start-error.js';
import type { WorkerExit } from './worker.js';

/** How a thread or process ended. */
export interface CarrierExit {
  readonly exitCode: number | null;
  readonly exitSignal: string | null;
  /** What the runtime says of it: an uncaught error, no memory, no such directory. */
  readonly error: Error | undefined;
}

/** It never was, or is still there. */
export const NO_EXIT: CarrierExit = { exitCode: null, exitSignal: null, error: undefined };

/** The life of a worker up to its end. */
export interface WorkerStory {
  readonly workerId: string;
  wasReady: boolean;
  /** It has been asked for a sign of life and has not given one. */
  silent: boolean;
  /** What the pool asked for last. */
  asked: 'stop' | 'terminate' | undefined;
  /** It has answered the `stop` frame. */
  stopped: boolean;
  /** What it said or its pool found. */
  error: Error | undefined;
  /** The error that broke the connection. */
  brokenBy: Error | undefined;
}

export function exitReason({ asked, stopped, wasReady }: WorkerStory): WorkerExit['reason'] {
  if (asked === 'terminate') return 'terminated';
  if (asked === 'stop' && (stopped || !wasReady)) return 'stopped';
  return wasReady ? 'crashed' : 'start-failed';
}

export function exitError(story: WorkerStory, exit: CarrierExit): Error | undefined {
  const reason = exitReason(story);
  if (reason === 'terminated') return undefined;
  // A death is the cause of a broken connection more often than its effect; only a peaceful exit was caused by it.
  const error = story.error ?? exit.error ?? (exit.exitCode === 0 ? story.brokenBy : undefined);
  return reason === 'start-failed' ? asStartError(story.workerId, error, exit) : error;
}

function asStartError(workerId: string, error: Error | undefined, { exitCode, exitSignal }: CarrierExit): Error {
  const code = (error as { code?: unknown } | undefined)?.code;
  if (error !== undefined && (code === 'ERR_WORKER_START' || code === 'ERR_MODULE_LOAD' || code === 'ERR_TYPESCRIPT')) return error;
  const how = exitSignal ?? (exitCode === null ? undefined : `exit code ${exitCode}`);
  return startError(workerId, `it ended before it was ready${how === undefined ? '' : ` (${how})`}${error === undefined ? '' : `: ${error.message}`}`, error);
}
