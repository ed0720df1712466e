/** What a simulation found. Plain data: the same scenario and seed give the same bytes. */
import type { Percentiles } from './percentiles.js';

export interface SimulationReport {
  readonly scenario: string;
  readonly seed: number;
  readonly policy: string;
  readonly durationMs: number;
  readonly measureFromMs: number;
  readonly tasks: {
    /** Pieces of work that callers had. */
    readonly arrived: number;
    /** Submissions, with those that callers repeated. */
    readonly submitted: number;
    readonly completed: number;
    readonly failed: number;
    readonly rejected: number;
    readonly cancelled: number;
    /** Executions that were begun. */
    readonly executions: number;
    /** Completed a second, over the time that is measured. */
    readonly throughputPerS: number;
  };
  /** From submission to the first execution, in ms. */
  readonly wait: Percentiles;
  readonly waitByLevel: Readonly<Record<string, Percentiles>>;
  /** From the first submission to the result, in ms. */
  readonly latency: Percentiles;
  /** Latency over the time the task takes alone. */
  readonly slowdown: Percentiles;
  readonly target: {
    readonly waitMs: number;
    /** Share of submissions that waited longer than the target, or never ran. */
    readonly missShare: number;
    /** Waiting beyond the target, summed, in s. */
    readonly missS: number;
  };
  readonly cost: {
    /** From start to exit, booting included, in s. */
    readonly workerS: number;
    readonly workersMean: number;
    readonly workersMax: number;
    readonly boots: number;
    /** Share of the worker time in which a worker executed something. */
    readonly utilisation: number;
    readonly cpuS: number;
  };
  readonly stability: {
    /** Changes of the wanted number of workers. */
    readonly actions: number;
    /** Changes of direction within {@link SimulationReport.stability.reversalWindowMs}. */
    readonly reversals: number;
    readonly reversalWindowMs: number;
  };
  readonly optimum: OptimumReport;
  readonly checks: { readonly violations: readonly string[]; readonly overtakenMsMax: number; readonly events: number };
  readonly series: SeriesReport;
  readonly decisions: readonly DecisionReport[];
}

/** Against somebody who knew the traffic in advance. */
export interface OptimumReport {
  /** Worker seconds that a size chosen for every moment would have taken, starts included. */
  readonly workerS: number;
  /** Cost of the run over cost of the optimum, less 1; cost = worker-s + weight * miss-s + boot-s * boots. */
  readonly regret: number;
  /** The least worker-seconds with no wait above the target at all, for a fluid: a bound, not a plan. */
  readonly fluidWorkerS: number;
  /** The best number of workers that never changes, in hindsight. */
  readonly fixedWorkers: number;
  readonly fixedRegret: number;
}

/** One value for each interval of {@link intervalMs}. */
export interface SeriesReport {
  readonly intervalMs: number;
  readonly arrivalsPerS: readonly number[];
  readonly completionsPerS: readonly number[];
  /** Means over the interval. */
  readonly workers: readonly number[];
  readonly busy: readonly number[];
  readonly depth: readonly number[];
  /** Of the tasks that began in the interval, in ms. */
  readonly waitMeanMs: readonly number[];
  readonly waitMaxMs: readonly number[];
  readonly cores: readonly number[];
}

export interface DecisionReport {
  readonly atMs: number;
  readonly from: number;
  readonly to: number;
  readonly reason: string;
}
