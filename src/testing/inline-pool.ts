/** A pool without workers of its own: for unit tests of code that uses a pool. */
import { OptionError } from '../errors.js';
import { normaliseOptions } from '../pool/normalise-options.js';
import type { PoolOptions } from '../pool/options.js';
import type { Pool } from '../pool/pool.js';
import type { PoolTask } from '../pool/pool-task.js';
import { WorkerPool } from '../pool/worker-pool.js';
import { seededRandom } from '../runtime/random.js';
import { createAsyncWorker } from '../worker/async-worker.js';
import { inspectModule } from '../worker/entry/load-module.js';
import { makeBorder } from './border.js';
import { FaultPlan } from './fault-plan.js';
import { FaultWorker } from './fault-worker.js';
import { checkFaults } from './test-pool.js';

/** Options of `createInlinePool`: those of `createPool` that mean something where there are no workers, and two more. */
export interface InlinePoolOptions extends Omit<PoolOptions, 'worker' | 'env' | 'argv' | 'execArgv' | 'resourceLimits' | 'cwd'> {
  readonly faults?: FaultPlan;
  /**
   * Whether arguments, results and errors are copied as if they crossed to a worker: what cannot cross fails here too, and nobody changes the other's
   * objects. Default true.
   */
  readonly clone?: boolean;
}

/**
 * A pool that runs the functions of `module` in this very thread: nothing to start, nothing to wait for, every breakpoint and spy works. Queue,
 * priorities, retries, timeouts, events and errors are those of the real pool. By default one worker that runs one task at a time, and chance from a fixed
 * seed: with a `ManualClock` as `clock` a test is the same every time.
 *
 * @param module the module's exports (`import * as tasks from './tasks.js'`), or an object of functions
 * @throws OptionError as `createPool` does
 */
export function createInlinePool<M extends object>(module: M, options: InlinePoolOptions = {}): Pool<M> {
  if (typeof module !== 'object' || module === null) throw new OptionError('createInlinePool: module', 'an object of task functions', module);
  const { faults = new FaultPlan(), clone = true, ...given } = options;
  if (typeof clone !== 'boolean') throw new OptionError('createInlinePool: clone', 'true or false', clone);
  const plan = checkFaults('createInlinePool', faults);
  if (given.queue?.whenFull === 'caller-runs')
    throw new OptionError('queue.whenFull', 'another policy', 'caller-runs', 'Every task of an inline pool runs in its caller');
  // It stands in for pools of any kind: what is submitted in one turn is put in order first.
  const settings = { ...normaliseOptions({ concurrency: 1, random: seededRandom(1), ...given, worker: 'async' }), callsAtOnce: false };
  const tasks = inspectModule(module as Readonly<Record<string, unknown>>);
  const border = clone ? makeBorder(settings.errorClasses) : undefined;
  const pool: unknown = new WorkerPool(
    settings,
    INLINE_URL,
    (workerOptions, host) =>
      new FaultWorker<PoolTask>((each) => createAsyncWorker(workerOptions, each, settings.clock, () => Promise.resolve(tasks)), host, {
        plan,
        clock: settings.clock,
        border,
      }),
  );
  return pool as Pool<M>;
}

/** Nobody imports it: the module is there. */
const INLINE_URL = 'data:text/javascript,';
