/** How long a worker may be kept busy by what it was sent ahead: enough to hide a round trip, too little to hoard. */
const PREFETCH_MS = 0.5;

/**
 * How many tasks a worker may hold at once: those it executes, and some ahead when they are short.
 *
 * @param concurrency tasks it executes at once; >= 1
 * @param serviceMsEwma moving mean of the execution time in ms; NaN while it is not known (nothing is sent ahead)
 * @param prefetchMax upper limit of what is sent ahead; 0 for transports that cannot take tasks back
 */
export function creditFor(concurrency: number, serviceMsEwma: number, prefetchMax: number): number {
  if (Number.isNaN(serviceMsEwma)) return concurrency;
  const ahead = serviceMsEwma <= 0 ? prefetchMax : Math.floor(PREFETCH_MS / serviceMsEwma);
  return concurrency + Math.min(prefetchMax, ahead);
}
