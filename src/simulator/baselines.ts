/** Sizing policies to compare with, and policies by name. */
import type { ScalingPolicy } from '../scheduler/scaler/scaling-policy.js';
import { hillClimbing } from './baselines/hill-climbing.js';
import { targetUtilisation } from './baselines/target-utilisation.js';

/** Names that `simulate` knows beyond those of the pool. */
const BASELINES: Readonly<Record<string, () => ScalingPolicy>> = {
  'hill-climbing': hillClimbing,
  hpa: targetUtilisation,
};

/** A policy as the pool takes it: names of baselines become policies, all else is the pool's to check. */
export function resolvePolicy(policy: string | ScalingPolicy | undefined): string | ScalingPolicy | undefined {
  return typeof policy === 'string' ? (BASELINES[policy]?.() ?? policy) : policy;
}
