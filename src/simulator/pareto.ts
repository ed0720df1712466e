/** Cost against wait: what each policy gives for its money, over its settings. */
import { adaptive } from '../scheduler/scaler/adaptive.js';
import type { ScalingPolicy } from '../scheduler/scaler/scaling-policy.js';
import { threshold } from '../scheduler/scaler/threshold.js';
import { targetUtilisation } from './baselines/target-utilisation.js';
import type { Scenario } from './scenario.js';
import { simulate } from './simulate.js';

/** What one setting of a policy costs and gives. */
export interface CostPoint {
  readonly policy: string;
  readonly setting: string;
  readonly workerS: number;
  readonly waitP99Ms: number;
  readonly missShare: number;
}

interface Setting {
  readonly setting: string;
  readonly policy: ScalingPolicy | 'fixed';
  readonly workers?: number;
}

/** The law over its headroom, thresholds over their depth, utilisation over its target, and fixed sizes up to the largest that was used. */
export async function costCurve(scenario: Scenario, seed = 1): Promise<CostPoint[]> {
  const points: CostPoint[] = [];
  let workersMax = 1;
  for (const each of scalingSettings()) {
    const report = await simulate(scenario, { seed, policy: each.policy });
    workersMax = Math.max(workersMax, report.cost.workersMax);
    points.push(point(each, report));
  }
  const sizes = [...new Set([0.25, 0.4, 0.55, 0.7, 0.85, 1].map((share) => Math.ceil(share * workersMax)))];
  for (const workers of sizes) {
    const each: Setting = { setting: String(workers), policy: 'fixed', workers };
    points.push(point(each, await simulate({ ...scenario, pool: { ...scenario.pool, size: workers } }, { seed, policy: 'fixed' })));
  }
  return points;
}

/** The points that no other point beats in both cost and wait, cheapest first. */
export function paretoFront(points: readonly CostPoint[]): CostPoint[] {
  const front: CostPoint[] = [];
  for (const each of [...points].sort((a, b) => a.workerS - b.workerS || a.waitP99Ms - b.waitP99Ms)) {
    if (front.every(({ waitP99Ms }) => each.waitP99Ms < waitP99Ms)) front.push(each);
  }
  return front;
}

function point({ setting, policy }: Setting, report: Awaited<ReturnType<typeof simulate>>): CostPoint {
  const { cost, wait, target } = report;
  return { policy: policy === 'fixed' ? 'fixed' : policy.name, setting, workerS: cost.workerS, waitP99Ms: wait.p99, missShare: target.missShare };
}

function scalingSettings(): Setting[] {
  return [
    ...[0, 0.5, 1, 2, 4].map((goal) => ({ setting: `goal ${goal}`, policy: adaptive({ goal }) as ScalingPolicy })),
    ...[2, 10, 50].map((depthUp) => ({
      setting: `depth ${depthUp}`,
      policy: threshold({ intervalMs: 500, depthUp, depthDown: Math.floor(depthUp / 2), holdUpMs: 0, cpuUp: 1 }) as ScalingPolicy,
    })),
    ...[0.5, 0.7, 0.9].map((target) => ({ setting: `${100 * target} %`, policy: targetUtilisation({ target }) as ScalingPolicy })),
  ];
}
