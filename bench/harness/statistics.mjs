/** The few statistics the benchmark needs. */

/** The middle value; the mean of the middle two of an even number. */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** The value below which a share `p` of the sorted values lies (nearest rank). */
export function percentile(sorted, p) {
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(p * sorted.length) - 1))];
}

/** How many times better `ours` is than `theirs`, whatever the direction. `resolution` is the smallest value the measurement can tell from nothing. */
export function advantage(ours, theirs, { better, resolution = 0 }) {
  const a = Math.max(ours, resolution);
  const b = Math.max(theirs, resolution);
  return better === 'higher' ? a / b : b / a;
}

/** The same sequence of numbers in `[0, 1)` for the same seed (mulberry32). */
export function seeded(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
