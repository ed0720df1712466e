/** The decisions behind check-ratios.mjs, without running anything. */

/** A ratio may fall to this share of the recorded one: noise of shared machines stays above it. */
export const SHARE_MIN = 2 / 3;

/** Rounds of the first try, of the second, and of the third, which only a busy machine gets. */
const TRIES = [3, 5, 5];

/** `burst/rate` and so on, of every guarded metric. */
export function guardedNames(cases) {
  return cases.flatMap(({ name, metrics }) => metrics.filter(({ guarded }) => guarded).map(({ key }) => `${name}/${key}`));
}

/** `burst/rate` -> `['burst', 'rate']`. */
export const splitName = (name) => name.split('/', 2);

/** The guarded ratios of a run, with the peer they are over: `{ 'burst/rate': { ratio: 12.3, peer: 'x' }, … }`; no entry for a metric without a ratio. */
export function guardedRatios(summaries) {
  const entries = summaries.flatMap(({ name, metrics }) =>
    metrics.filter(({ guarded, ratio }) => guarded && ratio !== undefined).map(({ key, ratio, bestPeer }) => [`${name}/${key}`, { ratio, peer: bestPeer }]),
  );
  return Object.fromEntries(entries);
}

/**
 * Judges one recorded ratio: `{ verdict: 'passed' | 'failed' | 'skipped', reason, ratios }`.
 *
 *   measure(rounds)   one try: `{ ratio, quiet }`, or `{ problem }` when the peer cannot be measured. `ratio` is undefined when millrace is what failed;
 *                     `quiet` says that the cores were as free and as fast as when it was recorded
 *   timeIsUp()        asked before and after every try
 *
 * It fails when it has fallen twice in a row and the machine was quiet in the last try. A try on a busy machine proves nothing but a pass.
 */
export async function judge(recorded, { measure, timeIsUp = () => false }) {
  const ratios = [];
  for (const rounds of TRIES) {
    if (timeIsUp()) return { verdict: 'skipped', reason: 'no time left', ratios };
    const { ratio, quiet, problem } = await measure(rounds);
    if (problem !== undefined) return { verdict: 'skipped', reason: problem, ratios };
    ratios.push(ratio);
    if (ratio >= SHARE_MIN * recorded) return { verdict: 'passed', ratios };
    if (timeIsUp()) return { verdict: 'skipped', reason: 'no time left', ratios };
    if (ratios.length > 1 && quiet) return { verdict: 'failed', ratios };
  }
  return { verdict: 'skipped', reason: 'the machine is busy, or not as fast as the one it was recorded on', ratios };
}
