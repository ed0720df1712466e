/** A real pool in which faults can be set. */
import { OptionError } from '../errors.js';
import { assemblePool } from '../pool/assemble-pool.js';
import type { PoolOptions } from '../pool/options.js';
import type { Pool } from '../pool/pool.js';
import { withFaultFunctions } from './fault-module.js';
import { FaultPlan } from './fault-plan.js';
import { FaultWorker } from './fault-worker.js';

/** Options of `createTestPool`: those of `createPool`, and the faults. */
export interface TestPoolOptions extends PoolOptions {
  /** What goes wrong; faults may be set and ended while the pool works. */
  readonly faults: FaultPlan;
}

/**
 * As `createPool`, of any kind, with faults that really happen: workers die and hang. On an event loop (`worker: 'async'`) the end of
 * the worker is only told. Tasks are not sent ahead to workers, so that the nth attempt is the same one every time.
 *
 * @throws OptionError as `createPool` does, and when `faults` is no {@link FaultPlan}
 */
export function createTestPool<M = Record<string, (...args: unknown[]) => unknown>>(module: URL | string, options: TestPoolOptions): Pool<M> {
  const { faults, ...pool } = options;
  const plan = checkFaults('createTestPool', faults);
  return assemblePool<M>(module, pool, ({ moduleUrl, factory }, { kind, clock }) => ({
    moduleUrl: kind === 'async' ? moduleUrl : Promise.resolve(moduleUrl).then(withFaultFunctions),
    factory: (workerOptions, host) =>
      // The worker's own kind of task is ours here; it looks at nothing but what every task has.
      new FaultWorker((each) => factory(workerOptions, each as never) as never, host, { plan, clock, border: undefined }),
  }));
}

/** @throws OptionError */
export function checkFaults(call: string, faults: unknown): FaultPlan {
  if (faults instanceof FaultPlan) return faults;
  throw new OptionError(`${call}: faults`, 'a FaultPlan', faults, 'Write new FaultPlan({ seed: 1 })');
}
