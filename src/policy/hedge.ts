/** When a second attempt at a task is worth it: after how long, and for how many. */
import { LogHistogram } from '../collections/log-histogram.js';
import { OptionError } from '../errors.js';
import { numberWithin, ownOptions } from '../runtime/own-options.js';
import { parseDuration } from '../runtime/units.js';
import type { HedgeOptions, TaskOptions } from '../task/types.js';

/** {@link HedgeOptions} with every default filled in. */
export interface HedgePlan {
  /** `undefined`: after the 95th percentile of the function's times. */
  readonly afterMs: number | undefined;
  /** Second attempts allowed for each first one. */
  readonly budget: number;
}

const BUDGET = 0.02;

/**
 * Checks a `hedge` option and fills in its defaults.
 *
 * @throws OptionError
 */
export function normaliseHedge(option: string, given: TaskOptions['hedge']): HedgePlan | undefined {
  if (given === undefined || given === false) return undefined;
  if (given === true) return { afterMs: undefined, budget: BUDGET };
  if (typeof given !== 'object' || given === null) throw new OptionError(option, "true, false or an object such as { after: '50ms', budget: 0.02 }", given);
  const { after, budget } = ownOptions<HedgeOptions>(option, given, ['after', 'budget']);
  return {
    afterMs: after === undefined || after === 'p95' ? undefined : parseDuration(`${option}.after`, after),
    budget: numberWithin(`${option}.budget`, budget ?? BUDGET, 0, 1),
  };
}

/** Answers that are enough to tell the 95th percentile from. */
const ANSWERS_MIN = 100;
/** Answers after which those before are forgotten. */
const ANSWERS_MAX = 1_000;
const QUANTILE = 0.95;

/** The 95th percentile of the times of one function: of the last one to two thousand. O(1) a time, O(256) a thousandth time. */
export class HedgeDelay {
  #times: LogHistogram = new LogHistogram();
  #delayMs = NaN;

  /** Time in ms that is longer than 95 % of the answers take; NaN while too few are known. */
  get ms(): number {
    return this.#delayMs;
  }

  record(ms: number): void {
    this.#times.record(ms);
    const { count } = this.#times;
    if (count === ANSWERS_MIN && Number.isNaN(this.#delayMs)) this.#delayMs = this.#times.quantile(QUANTILE);
    if (count < ANSWERS_MAX) return;
    this.#delayMs = this.#times.quantile(QUANTILE);
    this.#times = new LogHistogram();
  }
}
