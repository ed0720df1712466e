/**
 * How much one outcome says about a worker: the log-likelihood ratio of "its odds of an error are {@link ODDS} times what they should be" over "they are as
 * they should be", after Page (1954) and, for outcomes of unequal risk, Steiner et al. (2000).
 *
 *     expected rate   2 %      5 %      10 %     50 %    100 %
 *     an error       +1.609   +1.494   +1.327   +0.524    0
 *     a success      -0.085   -0.201   -0.368   -1.170   -1.694
 *
 * At 2 % these are the weights of the classic test of 2 % against 10 %, whose drift is zero at 5 % errors. A function that fails anyway counts for little.
 */
const IN_CONTROL = 0.02;
const OUT_OF_CONTROL = 0.1;
const ODDS = OUT_OF_CONTROL / (1 - OUT_OF_CONTROL) / (IN_CONTROL / (1 - IN_CONTROL));

/** The smallest rate of errors that is expected of any function. */
export const EXPECTED_MIN: number = IN_CONTROL;

/** What an error adds to the score, where a share `expected` of such tasks is expected to fail. */
export function errorWeight(expected: number): number {
  return Math.log(ODDS) - Math.log1p((ODDS - 1) * expected);
}

/** What a success takes off the score. */
export function successWeight(expected: number): number {
  return Math.log1p((ODDS - 1) * expected);
}
