/** The option `watchdog`, checked and filled in. */
import { isMainThread } from 'node:worker_threads';
import { OptionError } from '../errors.js';
import { oneOf, ownOptions } from '../runtime/own-options.js';
import { parseDuration } from '../runtime/units.js';
import type { Duration } from '../runtime/units.js';
import type { WatchLimits } from '../scheduler/supervisor/watch-policy.js';
import type { WatchdogOptions } from './options.js';

export interface WatchdogSettings extends WatchLimits {
  readonly intervalMs: number;
  readonly dumpEveryMs: number;
  /** `Infinity` when the main thread is not watched. */
  readonly mainThreadAfterMs: number;
}

const INTERVAL_MS = 1_000;
const INTERVAL_MS_MIN = 5;
const REPORT_AFTER_MS = 30_000;
const MAIN_THREAD_AFTER_MS = 1_000;
/** Below this a garbage collection would do. */
const MAIN_THREAD_AFTER_MS_MIN = 20;

const NAMES: readonly (keyof WatchdogOptions)[] = ['stuckAfter', 'reportAfter', 'deadlock', 'interval', 'dumpEvery', 'mainThread'];

/** `undefined`: nobody watches. `true` watches the main thread too. */
export function watchdogSettings(given: boolean | WatchdogOptions | undefined): WatchdogSettings | undefined {
  if (given === false) return undefined;
  const own = ownOptions<WatchdogOptions>('watchdog', given === true ? { mainThread: true } : given, NAMES);
  const stuckAfterMs = duration('watchdog.stuckAfter', own.stuckAfter, Infinity);
  return {
    stuckAfterMs,
    reportAfterMs: duration('watchdog.reportAfter', own.reportAfter, REPORT_AFTER_MS),
    breaksDeadlocks: oneOf('watchdog.deadlock', own.deadlock ?? 'break', ['break', 'report']) === 'break',
    intervalMs: Math.max(INTERVAL_MS_MIN, duration('watchdog.interval', own.interval, Math.min(INTERVAL_MS, stuckAfterMs / 4))),
    dumpEveryMs: duration('watchdog.dumpEvery', own.dumpEvery, Infinity),
    mainThreadAfterMs: mainThreadAfterMs(own.mainThread),
  };
}

function mainThreadAfterMs(given: boolean | Duration | undefined): number {
  if (given === undefined || given === false) return Infinity;
  if (!isMainThread) throw new OptionError('watchdog.mainThread', 'nothing in a pool that is made in another thread', given);
  const afterMs = given === true ? MAIN_THREAD_AFTER_MS : parseDuration('watchdog.mainThread', given);
  if (afterMs < MAIN_THREAD_AFTER_MS_MIN)
    throw new OptionError('watchdog.mainThread', `true, false or a duration of at least ${MAIN_THREAD_AFTER_MS_MIN} ms`, given);
  return afterMs;
}

function duration(option: string, given: Duration | undefined, ifNone: number): number {
  return given === undefined ? ifNone : parseDuration(option, given, true);
}
