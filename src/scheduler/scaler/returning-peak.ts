/**
 * Keeps a pool from giving up workers that it starts again soon after: a peak that has come back twice, after about the same time, is expected a third time.
 *
 *     workers   +----+            +----+            +----+ - - - - - - +----
 *               |    |            |    |            |    |  kept
 *           ----+    +------------+    +------------+    +
 *                     <-- gap 1 -->     <-- gap 2 -->     <- up to twice the gap ->
 *
 * What comes back irregularly is let go of each time: nobody knows when it will be needed, and starting a worker is cheap beside keeping it.
 */

/** What is remembered of the last peak. */
export interface PeakReturns {
  /** The number of workers wanted at the peak. */
  readonly top: number;
  /** When so many, or nearly, were last wanted. */
  readonly wantedAtMs: number;
  /** It has shrunk from there, and not come back. */
  readonly below: boolean;
  /** Time without the last peak, in ms; NaN before one has come back. */
  readonly gapMs: number;
  /** So long after it was last wanted the peak is kept, in ms; 0 while it is not expected. */
  readonly keepMs: number;
}

/** So much of the old size is the same peak. */
const SAME_SIZE = 0.6;
/** Two gaps are about the same when neither is longer than the other by more than this factor. */
const SAME_GAP = 1.5;
const KEEP_GAPS = 2;
/** So much nearer at each look is the height that is kept to the one that is wanted, if that is less. */
const SETTLING = 0.03;
/** While a peak is kept, up to so many times its workers stay: the ones that chance adds to it. Where there are even more they go down to so many at once. */
const ROOM_MAX = 1.5;
const ROOM = 1.25;

export const NO_RETURNS: PeakReturns = { top: 0, wantedAtMs: -Infinity, below: false, gapMs: NaN, keepMs: 0 };

/** There are `size` workers, and `wanted` are wanted. A gap longer than `gapMsMax` is none: it pays to start workers anew. */
export function observeReturns(memory: PeakReturns, nowMs: number, size: number, wanted: number, gapMsMax: number): PeakReturns {
  const high = wanted >= SAME_SIZE * memory.top;
  const gapMs = nowMs - memory.wantedAtMs;
  if (!memory.below) {
    if (size < SAME_SIZE * memory.top) return { ...memory, below: true };
    // On the way up more is wanted for a moment than the peak needs.
    return high ? { ...memory, top: Math.max(wanted, memory.top + (wanted - memory.top) * SETTLING), wantedAtMs: nowMs } : memory;
  }
  if (gapMs > gapMsMax) return { ...NO_RETURNS, top: wanted, wantedAtMs: nowMs };
  if (!high) return memory;
  const again = gapMs <= memory.gapMs * SAME_GAP && memory.gapMs <= gapMs * SAME_GAP;
  return { ...memory, wantedAtMs: nowMs, below: false, gapMs, keepMs: again ? KEEP_GAPS * gapMs : 0 };
}

/** How many were wanted at a peak that has come back: the way up to it need not be looked for again. 0 without one. */
export function peakBack({ top, gapMs, below }: PeakReturns): number {
  return below || Number.isNaN(gapMs) ? 0 : top;
}

/** How many of `size` workers are kept because they are expected to be wanted again, with the few that chance has added. */
export function peakKept({ top, wantedAtMs, keepMs, below }: PeakReturns, nowMs: number, size: number): number {
  if (below || nowMs - wantedAtMs >= keepMs) return 0;
  return size <= top * ROOM_MAX ? size : Math.ceil(top * ROOM);
}
