/**
 * The formula of Kubernetes' horizontal pod autoscaler, for comparison: as many workers as would bring the share of busy ones to a target.
 *
 *     wanted = ceil(ready * busy share / target)       nothing while |1 - busy share / target| <= tolerance
 *     up     at once, at most to the double or by 4 more, an interval
 *     down   to the largest wanted of the last 300 s
 */
import type { ScalingPolicy } from '../../scheduler/scaler/scaling-policy.js';

export interface TargetUtilisationOptions {
  /** Default 15,000. */
  readonly intervalMs?: number;
  /** Share of busy workers aimed at. Default 0.7. */
  readonly target?: number;
  /** Default 0.1. */
  readonly tolerance?: number;
  /** Default 300,000. */
  readonly downWindowMs?: number;
}

interface Memory {
  readonly wanted: readonly { readonly atMs: number; readonly size: number }[];
}

export function targetUtilisation(options: TargetUtilisationOptions = {}): ScalingPolicy<Memory> {
  const { intervalMs = 15_000, target = 0.7, tolerance = 0.1, downWindowMs = 300_000 } = options;
  return {
    name: 'hpa',
    intervalMs,
    initial: () => ({ wanted: [] }),
    decide({ nowMs, workers, starting, busy, queueDepth, min, max }, memory) {
      const ready = Math.max(1, workers - starting);
      const share = queueDepth > 0 && busy === 0 ? 1 : busy / ready;
      const ratio = share / target;
      const formula = Math.abs(1 - ratio) <= tolerance ? workers : Math.ceil(ready * ratio);
      const limited = Math.min(formula, Math.max(2 * workers, workers + 4));
      const wanted = [...memory.wanted.filter(({ atMs }) => nowMs - atMs < downWindowMs), { atMs: nowMs, size: limited }];
      const size = limited >= workers ? limited : Math.min(workers, Math.max(...wanted.map(({ size }) => size)));
      const least = Math.max(min, queueDepth > 0 ? 1 : 0);
      return {
        decision: {
          target: Math.min(max, Math.max(least, size)),
          reason: `${Math.round(100 * share)} % of ${ready} ready workers busy, target ${Math.round(100 * target)} %`,
        },
        memory: { wanted },
      };
    },
  };
}
