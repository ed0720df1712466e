import { performanceNow, setImmediate } from '../../runtime/host-timers.js';

/** What the ends of a ring need of the event loop they live on: replaced by tests that decide themselves what happens when. */
export interface EventLoop {
  /** Milliseconds on a monotonic scale, with fractions. */
  nowMs(): number;
  /** Calls `fn` in the next turn, after timers and I/O had theirs. */
  nextTurn(fn: () => void): void;
}

export const hostEventLoop: EventLoop = {
  nowMs: performanceNow,
  nextTurn: (fn) => void setImmediate(fn),
};
