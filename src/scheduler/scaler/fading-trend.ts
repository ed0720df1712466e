/**
 * A rate that changes steadily, from counts that fade with their age: the straight line through them by weighted least squares, in constant memory.
 *
 *     rate |                  . '|  level: the line at present
 *          |            . ' .    |
 *          |      . ' . mean     |  without the slope the rate of a while ago would be taken for that of now
 *          +---------------------+--> time
 *
 * Only the part of a slope that chance does not explain counts, so a rate that does not change is known as well as by a mean.
 */
import { deviates, type FadingMean } from './fading-means.js';

/** Events (`sum`) over ms (`weight`), both fading, with the sums of how old they are. */
export interface FadingTrend extends FadingMean {
  /** Age of the events in ms, all together. */
  readonly sumAge: number;
  /** Age of the ms, all together, and its square. */
  readonly weightAge: number;
  readonly weightAgeSquared: number;
}

/** The line at present. */
export interface Line {
  /** Events a ms. */
  readonly level: number;
  /** How much more that is after each ms. */
  readonly slope: number;
  /** Standard error of the level. */
  readonly error: number;
}

export const NO_TREND: FadingTrend = { sum: 0, weight: 0, sumAge: 0, weightAge: 0, weightAgeSquared: 0 };

/** Standard errors of a slope that chance is left. */
const SLOPE_DOUBT = 2;

/** The trend that reaches back furthest; without weight when there is none. */
export function slowestTrend(trends: readonly FadingTrend[]): FadingTrend {
  return trends.at(-1) ?? NO_TREND;
}

/** So many events in the last so many ms, spread evenly over them. */
export function trendOf({ sum, weight }: FadingMean): FadingTrend {
  return { sum, weight, sumAge: (sum * weight) / 2, weightAge: weight ** 2 / 2, weightAgeSquared: weight ** 3 / 3 };
}

/** A trend after a look, with what is left of what was before. */
export function fadedTrend({ sum, weight, sumAge, weightAge, weightAgeSquared }: FadingTrend, fade: number, look: FadingMean): FadingTrend {
  const ms = look.weight;
  const now = trendOf(look);
  return {
    sum: fade * sum + now.sum,
    weight: fade * weight + now.weight,
    sumAge: fade * (sumAge + ms * sum) + now.sumAge,
    weightAge: fade * (weightAge + ms * weight) + now.weightAge,
    weightAgeSquared: fade * (weightAgeSquared + 2 * ms * weightAge + ms ** 2 * weight) + now.weightAgeSquared,
  };
}

/**
 * The line through what is remembered.
 *
 * @param dispersion variance of the number of events over its mean: 1 for independent ones
 */
export function lineOf({ sum, weight, sumAge, weightAge, weightAgeSquared }: FadingTrend, dispersion: number): Line {
  if (weight <= 0) return { level: 0, slope: 0, error: 0 };
  const mean = sum / weight;
  const age = weightAge / weight;
  const ageVariance = weightAgeSquared / weight - age ** 2;
  // A fading mean over tau has the variance of a plain one over 2 tau.
  const variance = (Math.max(1, dispersion) * mean) / (2 * weight);
  if (!(ageVariance > 0)) return { level: mean, slope: 0, error: Math.sqrt(variance) };
  const found = (age * mean - sumAge / weight) / ageVariance;
  const slope = Math.sign(found) * Math.max(0, Math.abs(found) - SLOPE_DOUBT * Math.sqrt(variance / ageVariance));
  return { level: Math.max(0, mean + slope * age), slope, error: Math.sqrt(variance * (slope === 0 ? 1 : 1 + age ** 2 / ageVariance)) };
}

/**
 * The trends, each replaced by the next faster one where a faster one contradicts its line: the slowest reaches back as far as the rate has changed as it
 * does now.
 *
 * @param doubtAt standard deviations that one is allowed to be off which reaches back so many ms
 */
export function agreedTrends(trends: readonly FadingTrend[], dispersion: number, doubtAt: (ms: number) => number): FadingTrend[] {
  const next: FadingTrend[] = [];
  for (const trend of trends) {
    const line = lineOf(trend, dispersion);
    const by = doubtAt(trend.weight);
    const wrong = next.some((faster) => deviates(faster.sum, expected(line, faster), dispersion, by));
    next.push(wrong ? (next.at(-1) ?? trend) : trend);
  }
  return next;
}

/** Events that a line expects within what another remembers. */
function expected({ level, slope }: Line, { weight, weightAge }: FadingTrend): number {
  return Math.max(0, level * weight - slope * weightAge);
}
