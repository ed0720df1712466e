/** The door `millrace/simulator`: how a pool would fare under a given traffic, in virtual time. */
export { simulate } from './simulate.js';
export type { SimulateOptions } from './simulate.js';
export type { ArrivalModel } from './arrivals.js';
export type { TimeModel } from './distributions.js';
export type { Fault } from './faults.js';
export type { Percentiles } from './percentiles.js';
export type { DecisionReport, OptimumReport, SeriesReport, SimulationReport } from './report.js';
export type { ClientModel, DownstreamModel, HostModel, PoolModel, Scenario, TaskModel } from './scenario.js';
export { hillClimbing } from './baselines/hill-climbing.js';
export type { HillClimbingOptions } from './baselines/hill-climbing.js';
export { targetUtilisation } from './baselines/target-utilisation.js';
export type { TargetUtilisationOptions } from './baselines/target-utilisation.js';
