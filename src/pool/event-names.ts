/** The names of the events, for callers that the compiler does not check. */
import { OptionError } from '../errors.js';
import { nearest } from '../runtime/own-options.js';
import type { PoolEvents } from './events.js';

/** An object, so that the compiler asks for each event of the table. */
const EVENT_NAMES: Readonly<Record<keyof PoolEvents, true>> = {
  submitted: true,
  dispatched: true,
  completed: true,
  failed: true,
  cancelled: true,
  retrying: true,
  rejected: true,
  deadLetter: true,
  backpressure: true,
  overload: true,
  hedged: true,
  workerStarting: true,
  workerReady: true,
  workerExit: true,
  workerRecycled: true,
  workerSuspected: true,
  workerTrusted: true,
  workerIsolated: true,
  panic: true,
  leak: true,
  memoryLimit: true,
  breaker: true,
  scaled: true,
  limited: true,
  degraded: true,
  hardKill: true,
  stuck: true,
  stalled: true,
  stacks: true,
  log: true,
  warning: true,
  paused: true,
  resumed: true,
  idle: true,
  closing: true,
  closed: true,
};

/** @throws OptionError for a name that is no event: a listener that is never called is a bug that nobody would see */
export function checkEventName<E extends keyof PoolEvents>(name: E): E {
  if (Object.hasOwn(EVENT_NAMES, name)) return name;
  const names = Object.keys(EVENT_NAMES);
  const near = typeof name === 'string' ? nearest(name, names) : undefined;
  throw new OptionError('event', `one of ${names.join(', ')}`, name, near === undefined ? undefined : `Did you mean ${near}?`);
}
