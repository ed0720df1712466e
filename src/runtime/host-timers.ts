/**
 * The host's timers as they were when the library was loaded. Tests of a program, and code in tasks, may put fakes in the place of the globals, which
 * stand still until they are told to go on: a pool that asked them would never answer.
 */
const host: typeof globalThis = globalThis;

export const setTimeout: typeof host.setTimeout = host.setTimeout;
export const clearTimeout: typeof host.clearTimeout = host.clearTimeout;
export const setInterval: typeof host.setInterval = host.setInterval;
export const clearInterval: typeof host.clearInterval = host.clearInterval;
export const setImmediate: typeof host.setImmediate = host.setImmediate;
export const queueMicrotask: typeof host.queueMicrotask = host.queueMicrotask;
/** `performance.now()`. */
export const performanceNow: () => number = host.performance.now.bind(host.performance);
