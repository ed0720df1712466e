/** `defineTask` and `defineWorker`: what a task module may say about itself. */
import { OptionError } from '../errors.js';
import type { AnyFunction, TaskDefaults, WorkerLimits } from './types.js';
import { normaliseLimits } from './worker-limits.js';

const DEFAULTS = Symbol.for('millrace.task.defaults');
const DEFINITION = Symbol.for('millrace.worker.definition');

/** Hooks and limits of every worker that serves a module. Exported as `worker`. */
export interface WorkerDefinition {
  /** Runs once before the first task: open connections here. The worker is ready when it resolves. */
  readonly start?: (info: WorkerStartInfo) => unknown;
  /** Runs once after the last task: close them here. Not called when the worker dies or is terminated. */
  readonly stop?: () => unknown;
  /** Rejects, throws or returns `false` when the worker can no longer serve: it is replaced. Called before ready and every `healthInterval`. */
  readonly healthCheck?: () => unknown;
  /** What one worker may use. The pool's option `limits` goes before it, field by field. */
  readonly limits?: WorkerLimits;
}

/** What the `start` hook is given. */
export interface WorkerStartInfo {
  readonly workerId: string;
  readonly kind: 'async' | 'thread' | 'process';
  /** The pool's `workerData` option. */
  readonly workerData: unknown;
}

/**
 * Gives a task function defaults of its own. The function itself is returned, so it can be called directly as before.
 *
 * @throws OptionError when an option is unknown or of the wrong type
 */
export function defineTask<F extends AnyFunction>(options: TaskDefaults, fn: F): F {
  if (typeof fn !== 'function') throw new OptionError('defineTask: fn', 'a function', fn);
  if (typeof options !== 'object' || options === null) throw new OptionError('defineTask: options', 'an object', options);
  for (const key of Object.keys(options)) {
    if (!TASK_DEFAULT_KEYS.includes(key))
      throw new OptionError(`defineTask: ${key}`, `one of ${TASK_DEFAULT_KEYS.join(', ')}`, (options as Record<string, unknown>)[key]);
  }
  if (options.class !== undefined && options.class !== 'io' && options.class !== 'cpu')
    throw new OptionError('defineTask: class', "'io' or 'cpu'", options.class);
  const retry = options.retry;
  if (typeof retry === 'object' && retry !== null) {
    for (const [key, value] of Object.entries(retry)) {
      if (typeof value === 'function') {
        throw new OptionError(
          `defineTask: retry.${key}`,
          'a value that can cross to the pool',
          value,
          'Functions stay in the worker; give this one to createPool or to the call',
        );
      }
    }
  }
  Object.defineProperty(fn, DEFAULTS, { value: { ...options }, configurable: true });
  return fn;
}

const TASK_DEFAULT_KEYS: readonly string[] = ['class', 'priority', 'timeout', 'deadline', 'retry', 'hedge', 'breaker', 'bulkhead'];

/** The defaults a function was given by {@link defineTask}. */
export function taskDefaultsOf(fn: unknown): TaskDefaults | undefined {
  return typeof fn === 'function' ? (fn as { [DEFAULTS]?: TaskDefaults })[DEFAULTS] : undefined;
}

/**
 * Describes the workers that serve a module: `export const worker = defineWorker({ start, stop, healthCheck, limits })`.
 *
 * @throws OptionError when a hook is unknown or no function
 */
export function defineWorker(definition: WorkerDefinition): WorkerDefinition {
  if (typeof definition !== 'object' || definition === null) throw new OptionError('defineWorker: definition', 'an object', definition);
  for (const [key, hook] of Object.entries(definition)) {
    if (key === 'limits') {
      normaliseLimits('defineWorker: limits', hook);
      continue;
    }
    if (!HOOKS.includes(key)) throw new OptionError(`defineWorker: ${key}`, `one of ${HOOKS.join(', ')}, limits`, hook);
    if (typeof hook !== 'function') throw new OptionError(`defineWorker: ${key}`, 'a function', hook);
  }
  return Object.defineProperty(Object.assign(Object.create(null), definition) as WorkerDefinition, DEFINITION, { value: true });
}

const HOOKS: readonly string[] = ['start', 'stop', 'healthCheck'];

/** Whether a module's export was made by {@link defineWorker}. */
export function isWorkerDefinition(value: unknown): value is WorkerDefinition {
  return typeof value === 'object' && value !== null && (value as { [DEFINITION]?: boolean })[DEFINITION] === true;
}
