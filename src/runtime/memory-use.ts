/** How much of the memory that it may have this process uses. */
import { getHeapStatistics } from 'node:v8';

/**
 * The larger of two shares: resident memory of `limitBytes`, and the heap of this thread of its limit. Some ten microseconds.
 *
 * @param limitBytes what the process may use, see `memoryLimit` in `limits.ts`
 */
export function memoryShare(limitBytes: number): number {
  const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics();
  return Math.max(ownResidentBytes() / limitBytes, limit > 0 ? used / limit : 0);
}

let lastBytes = 0;

/** Resident memory of this process in bytes; what it was last where the host cannot tell, as without a file descriptor left. */
export function ownResidentBytes(): number {
  try {
    lastBytes = process.memoryUsage.rss();
  } catch {
    // The host opens a file for it.
  }
  return lastBytes;
}
