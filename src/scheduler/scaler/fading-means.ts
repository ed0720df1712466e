/**
 * Several means of one thing, from one that fades fast to one that fades slowly, of which each reaches back only as far as nothing contradicts it.
 *
 *     fast   |-|                      follows a change at once, strays by chance
 *            |---|
 *            |-------------|
 *     slow   |----------------------------------------------|   hardly strays
 *
 * A mean that the next faster one contradicts by more than chance explains is replaced by that one. So the slowest is as long as things have stayed what
 * they are, and its weight says how far it can be trusted.
 */

/** A fading sum, and the fading sum of what it is divided by. */
export interface FadingMean {
  readonly sum: number;
  readonly weight: number;
}

/** Standard deviations by which a mean must differ from the next slower one to replace it. */
const DISAGREE = 2.5;

export const NOTHING: FadingMean = { sum: 0, weight: 0 };

/** The slowest of them; without weight when there is none. */
export function slowest(means: readonly FadingMean[]): FadingMean {
  return means.at(-1) ?? NOTHING;
}

/** A mean after a look, with what is left of what was before. */
export function faded({ sum, weight }: FadingMean, fade: number, look: FadingMean): FadingMean {
  return { sum: sum * fade + look.sum, weight: weight * fade + look.weight };
}

/**
 * The means, each replaced by the next faster one where that contradicts it.
 *
 * @param unit what one event adds to a sum
 * @param dispersion variance of the number of events over its mean: 1 for independent ones
 */
export function agreed(means: readonly FadingMean[], unit: number, dispersion: number): FadingMean[] {
  const next: FadingMean[] = [];
  for (const mean of means) {
    const faster = next.at(-1) ?? mean;
    const expected = mean.weight > 0 ? (mean.sum / mean.weight) * faster.weight : 0;
    next.push(deviates(faster.sum / unit, expected / unit, dispersion, DISAGREE) ? faster : mean);
  }
  return next;
}

/** Whether so many events are more, or fewer, than `by` standard deviations from what is expected. Small counts stray further than the normal distribution has it. */
export function deviates(count: number, expected: number, dispersion: number, by: number): boolean {
  return Math.abs(count - expected) > by * (1 + Math.sqrt(expected * Math.max(1, dispersion)));
}
