/**
 * All contact with time goes through a Clock, so that tests and the simulator can replace it.
 */
import { clearTimeout, performanceNow, setImmediate, setTimeout, soon } from './host-timers.js';

export interface Clock {
  /** Milliseconds on a monotonic scale, with fractions. */
  now(): number;
  /** Calls `fn` once, `delayMs` from now. Timers do not keep the process alive unless `ref()` is called. */
  setTimer(delayMs: number, fn: () => void): Timer;
  /** Calls `fn` after the current synchronous code, before timers and I/O. */
  defer(fn: () => void): void;
  /** Calls `fn` in the next turn of the event loop, after I/O had its own. A clock without an event loop leaves it out: `defer` serves. */
  nextTurn?(fn: () => void): void;
}

/** A pending call of {@link Clock.setTimer}. */
export interface Timer {
  cancel(): void;
}

/** The longest delay a host timer takes (2^31 - 1 ms, 24.8 days); longer ones fire early and are set again by their owner. */
export const TIMER_MS_MAX = 2_147_483_647;

class HostTimer implements Timer {
  readonly #handle: NodeJS.Timeout;

  constructor(delayMs: number, fn: () => void) {
    this.#handle = setTimeout(fn, Math.min(TIMER_MS_MAX, Math.max(0, delayMs)));
    this.#handle.unref();
  }

  cancel(): void {
    clearTimeout(this.#handle);
  }
}

/** The clock of the host. */
export const systemClock: Clock = {
  now: performanceNow,
  setTimer: (delayMs, fn) => new HostTimer(delayMs, fn),
  defer: soon,
  nextTurn: (fn) => void setImmediate(fn),
};
