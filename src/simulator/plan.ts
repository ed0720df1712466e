/** "With this traffic, which min and max, and what p99?" */
import type { Scenario } from './scenario.js';
import { simulate } from './simulate.js';

export interface PlanOptions {
  /** Default 1. */
  readonly seed?: number;
  /** Most workers to think of. Default 256. */
  readonly workersMax?: number;
  /** In place of the policy of the scenario. */
  readonly policy?: NonNullable<NonNullable<Scenario['pool']>['policy']>;
  /** Told of each run, for progress. */
  readonly onRun?: (run: PlannedRun) => void;
}

/** What one size gives. */
export interface PlannedRun {
  readonly min: number;
  readonly max: number;
  readonly waitP99Ms: number;
  readonly workerS: number;
  readonly workersMax: number;
}

export interface SizePlan {
  /** Smallest limits with which the p99 wait meets the target; the best there are when none does. */
  readonly best: PlannedRun;
  /** Smallest size that never changes and meets the target. */
  readonly fixed: PlannedRun;
  readonly waitTargetMs: number;
  /** Whether `best` meets the target. */
  readonly met: boolean;
  /** Every size that was simulated, in order. */
  readonly runs: readonly PlannedRun[];
}

const WORKERS_MAX = 256;

/**
 * Finds the smallest `max`, then the smallest `min`, with which the p99 wait is at most `scenario.waitTargetMs` (default 100), by bisection; some 20
 * simulations.
 */
export async function planSize(scenario: Scenario, options: PlanOptions = {}): Promise<SizePlan> {
  const { seed = 1, onRun, policy, workersMax = WORKERS_MAX } = options;
  const waitTargetMs = scenario.waitTargetMs ?? 100;
  const runs: PlannedRun[] = [];
  const tryOut = async (min: number, max: number): Promise<PlannedRun> => {
    const known = runs.find((run) => run.min === min && run.max === max);
    if (known !== undefined) return known;
    const { wait, cost } = await simulate(
      { ...scenario, pool: { ...scenario.pool, size: { min, max } } },
      { seed, ...(policy === undefined ? {} : { policy }) },
    );
    const run: PlannedRun = { min, max, waitP99Ms: wait.p99, workerS: cost.workerS, workersMax: cost.workersMax };
    runs.push(run);
    onRun?.(run);
    return run;
  };
  const most = Math.max(1, Math.min(workersMax, (await tryOut(1, workersMax)).workersMax));
  const good = ({ waitP99Ms }: PlannedRun): boolean => waitP99Ms <= waitTargetMs;
  const fixedMax = await smallest(1, workersMax, async (size) => good(await tryOut(size, size)));
  // When even the most workers at once are too few for a p99 that good, the best there is has to do.
  const top = Math.max(most, fixedMax);
  const min = await smallest(1, top, async (size) => good(await tryOut(size, top)));
  const max = await smallest(min, top, async (size) => good(await tryOut(min, size)));
  const best = await tryOut(min, max);
  return { best, fixed: await tryOut(fixedMax, fixedMax), waitTargetMs, met: good(best), runs };
}

/** The smallest whole number from `low` to `high` for which `holds`, taken to hold for all above it; `high` when it holds for none. */
async function smallest(low: number, high: number, holds: (size: number) => Promise<boolean>): Promise<number> {
  let [from, to] = [low, high];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (await holds(middle)) to = middle;
    else from = middle + 1;
  }
  return to;
}
