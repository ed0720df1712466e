/** No sizing: the pool keeps the workers it has, within its limits. `addWorker`, `removeWorker` and `resize` are the only ways to change it. */
import type { ScalingPolicy } from './scaling-policy.js';
import { backWithinLimits } from './signals.js';

/** The policy `'fixed'`: fills up to the minimum, once a second at most, and never scales by itself. */
export function fixed(): ScalingPolicy<undefined> {
  return {
    name: 'fixed',
    intervalMs: 1_000,
    initial: () => undefined,
    decide: (signals) => ({
      decision: backWithinLimits(signals) ?? { target: signals.workers, reason: `no change: fixed at ${signals.workers} workers` },
      memory: undefined,
    }),
  };
}
