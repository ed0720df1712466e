/**
 * The largest value of the last so many ms: what a pool must still be able to serve before it gives workers up.
 *
 *     values   3   7   5   6   2          kept: 7 6 2, each with its time
 *     a value that a later one equals or exceeds can never be the largest again, so those kept fall strictly
 */

/** Largest first, each later than the one before. */
export type PeakMemory = readonly { readonly atMs: number; readonly value: number }[];

/** Values nearer to each other than this share of the window are taken for one, with the larger value and the later time: so few are kept. */
const GRAIN = 1 / 64;

/** Adds a value and drops those older than the window. O(values kept), of which there are at most some 64. */
export function observePeak(memory: PeakMemory, nowMs: number, value: number, windowMs: number): PeakMemory {
  const kept = memory.filter((peak) => peak.atMs > nowMs - windowMs && peak.value > value);
  const last = kept.at(-1);
  if (last !== undefined && nowMs - last.atMs < windowMs * GRAIN && memory.length >= 1 / GRAIN) {
    return [...kept.slice(0, -1), { atMs: nowMs, value: last.value }];
  }
  return [...kept, { atMs: nowMs, value }];
}

/** The largest value not older than `windowMs`; `none` without any. */
export function peak(memory: PeakMemory, nowMs: number, windowMs: number, none: number): number {
  return memory.find(({ atMs }) => atMs > nowMs - windowMs)?.value ?? none;
}
