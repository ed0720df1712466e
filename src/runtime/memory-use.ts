/** How much of the memory that it may have this process uses. */
import { getHeapStatistics } from 'node:v8';

/**
 * The larger of two shares: resident memory of `limitBytes`, and the heap of this thread of its limit. Some ten microseconds.
 *
 * @param limitBytes what the process may use, see `memoryLimit` in `limits.ts`
 */
export function memoryShare(limitBytes: number): number {
  const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics();
  return Math.max(process.memoryUsage.rss() / limitBytes, limit > 0 ? used / limit : 0);
}
