/** The option `watchdog`, checked and filled in. */
import { oneOf, ownOptions } from '../runtime/own-options.js';
import { parseDuration } from '../runtime/units.js';
import type { Duration } from '../runtime/units.js';
import type { WatchLimits } from '../scheduler/supervisor/watch-policy.js';
import type { WatchdogOptions } from './options.js';

export interface WatchdogSettings extends WatchLimits {
  readonly intervalMs: number;
  readonly dumpEveryMs: number;
}

const INTERVAL_MS = 1_000;
const INTERVAL_MS_MIN = 5;
const REPORT_AFTER_MS = 30_000;

const NAMES: readonly (keyof WatchdogOptions)[] = ['stuckAfter', 'reportAfter', 'deadlock', 'interval', 'dumpEvery'];

/** `undefined`: nobody watches. */
export function watchdogSettings(given: boolean | WatchdogOptions | undefined): WatchdogSettings | undefined {
  if (given === false) return undefined;
  const own = ownOptions<WatchdogOptions>('watchdog', given === true ? undefined : given, NAMES);
  const stuckAfterMs = duration('watchdog.stuckAfter', own.stuckAfter, Infinity);
  return {
    stuckAfterMs,
    reportAfterMs: duration('watchdog.reportAfter', own.reportAfter, REPORT_AFTER_MS),
    breaksDeadlocks: oneOf('watchdog.deadlock', own.deadlock ?? 'break', ['break', 'report']) === 'break',
    intervalMs: Math.max(INTERVAL_MS_MIN, duration('watchdog.interval', own.interval, Math.min(INTERVAL_MS, stuckAfterMs / 4))),
    dumpEveryMs: duration('watchdog.dumpEvery', own.dumpEvery, Infinity),
  };
}

function duration(option: string, given: Duration | undefined, ifNone: number): number {
  return given === undefined ? ifNone : parseDuration(option, given, true);
}
