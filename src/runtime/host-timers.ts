/**
 * The host's timers as they were when the library was loaded. Tests of a program, and code in tasks, may put fakes in the place of the globals, which
 * stand still until they are told to go on: a pool that asked them would never answer. Taken from the host's modules and not from the globals, which
 * may be fakes already, or a browser's: the timers of jsdom are numbers.
 */
import { performance } from 'node:perf_hooks';
import timers from 'node:timers';

export const setTimeout: typeof timers.setTimeout = timers.setTimeout;
export const clearTimeout: typeof timers.clearTimeout = timers.clearTimeout;
export const setInterval: typeof timers.setInterval = timers.setInterval;
export const clearInterval: typeof timers.clearInterval = timers.clearInterval;
export const setImmediate: typeof timers.setImmediate = timers.setImmediate;
/** No module has it. */
export const queueMicrotask: typeof globalThis.queueMicrotask = globalThis.queueMicrotask;
/** `performance.now()`. */
export const performanceNow: () => number = performance.now.bind(performance);

/** With a `then` of its own: that of the prototype may be replaced later, as zones do. */
// oxlint-disable-next-line unicorn/no-thenable -- it is a promise, and nobody else sees it
const settled = Object.defineProperty(Promise.resolve(), 'then', { value: Promise.prototype.then });

/**
 * As `queueMicrotask`, for what runs once a turn or a task: an `AsyncResource` for each call, as the host makes there, takes a thread whose caches are cold some 30 µs,
 * a promise a few. What `fn` throws is an unhandled rejection, which ends the program as well.
 */
export const soon = (fn: () => void): void => {
  void settled.then(fn);
};
