import type { WorkerOptions } from '../worker/worker.js';
import type { PoolSettings } from './normalise-options.js';

/** How long `terminate()` of a worker may take before the worker is left behind, in ms. */
const TERMINATE_TIMEOUT_MS = 1_000;

/** What a worker of this pool is made with. */
export function workerOptions(settings: PoolSettings, taskIdPrefix: string, moduleUrl: string, id: string): WorkerOptions {
  return {
    id,
    poolName: settings.name,
    taskIdPrefix,
    moduleUrl,
    concurrency: settings.concurrency,
    startTimeoutMs: settings.startTimeoutMs,
    terminateTimeoutMs: TERMINATE_TIMEOUT_MS,
    cancelGraceMs: settings.cancelGraceMs,
    streamCredit: settings.streamCredit,
    heapBytesMax: settings.recycle.heapBytesMax,
    heapGrowthBytesMax: settings.recycle.heapGrowthBytesMax,
    errorClasses: settings.errorClasses,
    runtime: settings.runtime,
  };
}
