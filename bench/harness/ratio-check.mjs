/** The comparison behind check-ratios.mjs, without running anything. */

/** A ratio may fall to this share of the recorded one: noise of shared machines stays above it. */
export const SHARE_MIN = 2 / 3;

/** The guarded ratios of a run: `{ 'burst/rate': 12.3, … }`. A metric without a ratio (not available, failed) is `undefined`. */
export function guardedRatios(summaries) {
  const entries = summaries.flatMap(({ name, metrics }) => metrics.filter(({ guarded }) => guarded).map(({ key, ratio }) => [`${name}/${key}`, ratio]));
  return Object.fromEntries(entries);
}

/**
 * Compares measured with recorded ratios: the names of those that `passed` and that `failed`, because they have fallen by more than a third or are
 * recorded and can no longer be measured (a renamed case, a contender that fails).
 */
export function compareRatios(measured, recorded) {
  const holds = (name) => measured[name] >= SHARE_MIN * recorded[name];
  const names = Object.keys(recorded);
  return { passed: names.filter(holds), failed: names.filter((name) => !holds(name)) };
}

/** Case names of `burst/rate`-like names, each once. */
export function casesOf(names) {
  return [...new Set(names.map((name) => name.slice(0, name.indexOf('/'))))];
}
