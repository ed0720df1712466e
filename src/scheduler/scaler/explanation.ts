/** What is said of a decision of `adaptive.ts`: the terms of the law, and the cap where one decided. */
import type { Cap } from './caps.js';
import type { Terms } from './law.js';
import type { ScalingDecision } from './scaling-policy.js';

export interface Explained {
  readonly terms: Terms;
  readonly estimate: { readonly arrivalsPerS: number; readonly serviceMs: number; readonly burstiness: number; readonly scv: number };
  /** Wanted after the caps, within the limits. */
  readonly workers: number;
  readonly cap: Cap | undefined;
}

export function sentence({ terms, estimate, workers, cap }: Explained): string {
  const { arrivalsPerS, serviceMs: service } = estimate;
  const law = `${brief(arrivalsPerS)} tasks/s of ${brief(service)} ms keep ${brief(terms.load)} busy, with headroom ${brief(terms.flow)}, for the backlog ${brief(terms.drain)}`;
  return cap === undefined ? `${law}: ${workers} wanted` : `${law}: ${terms.workers} wanted, ${workers} by the cap on ${cap.by}`;
}

export function explained(decision: ScalingDecision, { terms, estimate, cap }: Explained): ScalingDecision {
  const all = { ...estimate, ...terms };
  return cap === undefined ? { ...decision, terms: all } : { ...decision, terms: all, boundBy: cap.by };
}

/** Three figures, without an exponent. */
function brief(value: number): string {
  return value >= 100 ? Math.round(value).toString() : String(Number(value.toPrecision(3)));
}
