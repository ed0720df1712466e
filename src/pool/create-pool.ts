/** The door. The pool behind it is loaded by the first call: what stands here is what is worth doing before that. */
import { startSpareThread } from '../worker/spare-thread.js';
import { assemblePool } from './assemble-pool.js';
import type { PoolOptions } from './options.js';
import type { Pool } from './pool.js';

let isFirst = true;

/**
 * Makes a pool of workers that run the functions `module` exports.
 *
 * Cost: a thread takes some 30 ms to start, a process some 60 ms; a task costs some µs more than its function. Not for functions below 10 µs
 * unless there are very many of them.
 *
 * @param module URL (`new URL('./tasks.js', import.meta.url)`) or absolute path of the task module
 * @throws OptionError when an option has the wrong type or range
 * @throws ModuleLoadError when there is no such module; one that is there but does not load rejects the tasks instead
 */
export function createPool<M = Record<string, (...args: unknown[]) => unknown>>(module: URL | string, options?: PoolOptions): Pool<M> {
  if (isFirst) startEarly(module, options);
  isFirst = false;
  return assemblePool(module, options, (parts) => parts);
}

/** What a thread is made with, or when: a pool that is given one of these starts its first thread itself. */
const DECIDES: readonly string[] = ['env', 'argv', 'execArgv', 'resourceLimits', 'workerData', 'clock'] satisfies (keyof PoolOptions)[];

/**
 * Begins to start the first thread of the pool, if it is certain to want one that is like any other: the thread comes up while the pool is being loaded
 * and put together. The options have yet to be checked: what is wrong with them is said there, and the thread ends unused.
 */
function startEarly(module: unknown, options: unknown): void {
  if ((typeof module !== 'string' && !(module instanceof URL)) || (typeof options !== 'object' && options !== undefined)) return;
  const given = new Map(Object.entries(Object.getOwnPropertyDescriptors(options ?? {})).map(([key, { value }]) => [key, value as unknown]));
  if (DECIDES.some((key) => given.has(key)) || (given.get('worker') ?? 'thread') !== 'thread') return;
  const [name = 'pool', size] = [given.get('name'), given.get('size')];
  if (typeof name !== 'string' || (typeof size === 'object' && size !== null && (size as { min?: unknown }).min === 0)) return;
  // May have to be compiled first.
  if (/\.[mc]?ts(?:$|\?)/.test(String(module))) return;
  startSpareThread(`${name}-1`, name);
}
