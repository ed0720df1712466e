import type { WorkerOptions } from '../worker.js';

/** What a thread or process is told before anything else. Structured-cloneable. */
export interface WorkerInit {
  readonly workerId: string;
  readonly taskIdPrefix: string;
  readonly moduleUrl: string;
  readonly concurrency: number;
  readonly streamCredit: number;
  readonly heapBytesMax: number;
  readonly heapGrowthBytesMax: number;
  readonly workerData: unknown;
}

export function workerInit(options: WorkerOptions): WorkerInit {
  const { id, taskIdPrefix, moduleUrl, concurrency, streamCredit, heapBytesMax, heapGrowthBytesMax, runtime } = options;
  return { workerId: id, taskIdPrefix, moduleUrl, concurrency, streamCredit, heapBytesMax, heapGrowthBytesMax, workerData: runtime.workerData };
}
