/** Options checked, defaults chosen, the pool put together. */
import { createAsyncWorker } from '../worker/async-worker.js';
import { createThreadWorker } from '../worker/thread-worker.js';
import type { WorkerFactory, WorkerKind } from '../worker/worker.js';
import { prepareTaskModule } from '../worker/prepare-module.js';
import { normaliseOptions } from './normalise-options.js';
import type { PoolSettings } from './normalise-options.js';
import type { PoolOptions } from './options.js';
import type { Pool } from './pool.js';
import type { PoolTask } from './pool-task.js';
import { resolveTaskModule } from './task-module.js';
import { WorkerPool } from './worker-pool.js';

let createProcessWorker: WorkerFactory<PoolTask> | undefined;

const FACTORIES: Readonly<Record<WorkerKind, WorkerFactory<PoolTask>>> = {
  async: createAsyncWorker,
  thread: createThreadWorker,
  process: (options, host) => (createProcessWorker as WorkerFactory<PoolTask>)(options, host),
};

/** What a pool is put together of, beside its settings. */
export interface PoolParts {
  /** The importable task module; a promise while it is being compiled. */
  readonly moduleUrl: string | Promise<string>;
  readonly factory: WorkerFactory<PoolTask>;
  /** What it has in common with other pools. */
  readonly shared?: Pick<PoolSettings, 'watch' | 'memoryBudget'>;
}

/** As `createPool`; `change` may replace the parts. */
export function assemblePool<M>(
  module: URL | string,
  options: PoolOptions | undefined,
  change: (parts: PoolParts, settings: PoolSettings) => PoolParts,
): Pool<M> {
  const url = resolveTaskModule(module);
  const settings = normaliseOptions(options);
  const prepared = settings.kind === 'process' ? prepareProcesses(url) : prepareTaskModule(url);
  const { moduleUrl, factory, shared } = change({ moduleUrl: prepared, factory: FACTORIES[settings.kind] }, settings);
  const pool: unknown = new WorkerPool(shared === undefined ? settings : { ...settings, ...shared }, moduleUrl, factory);
  return pool as Pool<M>;
}

/** What processes need is loaded by the first pool of them: it is a good part of what importing the package would cost everyone. */
async function prepareProcesses(url: string): Promise<string> {
  const [moduleUrl, kind] = await Promise.all([prepareTaskModule(url), import('../worker/process-worker.js')]);
  createProcessWorker = kind.createProcessWorker;
  return moduleUrl;
}
