/** What somebody waits for, and for how long. */
import { WaitTimeoutError } from '../errors.js';
import { ownOptions } from '../runtime/own-options.js';
import { parseDuration } from '../runtime/units.js';
import type { Duration } from '../runtime/units.js';

/** One attempt to get something, repeated until it works. Never blocks. */
export interface Claim {
  /** Named in errors: `Mutex.lock`. */
  readonly what: string;
  /** Whether it is ours now. Throws when it never will be. */
  attempt(): boolean;
  /** Token of the thread that stands in the way; 0 when it is none or not known. */
  owner(): number;
  /** We have stopped waiting: takes back what the attempts have left behind. */
  giveUp(): void;
}

/** Options of calls that block the thread. */
export interface BlockOptions {
  /** Longest wait. Default none. */
  readonly timeout?: Duration;
}

/** Options of calls that wait on the event loop. */
export interface WaitOptions extends BlockOptions {
  /** Ends the wait when it aborts: the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

const NAMES: readonly (keyof WaitOptions)[] = ['timeout', 'signal'];

/** The limit in `options`, in ms; `Infinity` for none. `more` are names that the call itself knows. */
export function timeoutMs(what: string, options: BlockOptions | undefined, more: readonly string[] = []): number {
  if (options === undefined) return Infinity;
  const { timeout } = ownOptions<WaitOptions>(`${what}: options`, options, [...NAMES, ...more]);
  return timeout === undefined ? Infinity : parseDuration(`${what}: timeout`, timeout, true);
}

export function timeoutError(what: string, limitMs: number): WaitTimeoutError {
  return new WaitTimeoutError(`${what} waited for more than ${limitMs} ms`, limitMs);
}
