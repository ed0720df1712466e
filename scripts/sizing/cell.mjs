/** One simulation, as a task: many of them run side by side in threads. */
import { adaptive, hillClimbing, queueDepth, simulate, targetUtilisation, threshold } from 'millrace/simulator';

const FACTORIES = { adaptive, threshold, 'queue-depth': queueDepth, hpa: targetUtilisation, 'hill-climbing': hillClimbing };

/** `policy` is a name with options; `fixed` has a number of workers instead. */
export async function cell(scenario, policy, seed) {
  const fixed = policy.name === 'fixed';
  const report = fixed
    ? await simulate({ ...scenario, pool: { ...scenario.pool, size: policy.size } }, { seed, policy: 'fixed' })
    : await simulate(scenario, { seed, policy: FACTORIES[policy.name](policy.options) });
  const { series, decisions, ...rest } = report;
  return {
    ...rest,
    decisions: decisions.slice(0, 400),
    workersOverTime: series.workers,
    busyOverTime: series.busy,
    completionsOverTime: series.completionsPerS,
  };
}
