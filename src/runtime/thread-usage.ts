/** What the running thread uses of the machine. */
import { getHeapStatistics } from 'node:v8';

export interface ThreadUsage {
  /** CPU time of this thread in ms since its start, -1 where the runtime does not tell. */
  readonly cpuMs: number;
  readonly heapBytes: number;
}

/** Not in all supported versions. */
const { threadCpuUsage } = process as unknown as { readonly threadCpuUsage?: () => { readonly user: number; readonly system: number } };

/** Costs some microseconds: not for every task. */
export function readThreadUsage(): ThreadUsage {
  const cpu = threadCpuUsage?.();
  return { cpuMs: cpu === undefined ? -1 : (cpu.user + cpu.system) / 1_000, heapBytes: getHeapStatistics().used_heap_size };
}
