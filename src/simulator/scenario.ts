/** What is simulated, as the user writes it: plain data but for a policy of one's own, so that it can be kept in a JSON file. */
import type { PoolOptions } from '../pool/options.js';
import type { ScalingPolicy } from '../scheduler/scaler/scaling-policy.js';
import type { ArrivalModel } from './arrivals.js';
import type { TimeModel } from './distributions.js';
import type { Fault } from './faults.js';

/** One kind of task. */
export interface TaskModel {
  /** Name of the task function. Default `task`. */
  readonly name?: string;
  /** Share among the kinds: 3 comes three times as often as 1. Default 1. */
  readonly weight?: number;
  /** CPU time it takes, in ms. Tasks share the cores of the host. Default 0. */
  readonly cpu?: TimeModel;
  /** Time it then waits for something else, in ms, holding its place in the worker. Default 0. */
  readonly io?: TimeModel;
  /** Its level. Default `normal`. */
  readonly priority?: string;
  /** Share of its attempts that fail, 0 to 1. Default 0. */
  readonly errorShare?: number;
  /** Share of these tasks that kill the worker that executes them, 0 to 1. Default 0. */
  readonly poisonShare?: number;
  /** Latest outcome from its submission, in ms. Default none. */
  readonly deadlineMs?: number;
  /** Longest execution, in ms. Default none. */
  readonly timeoutMs?: number;
}

/** The machine. */
export interface HostModel {
  /** Default no limit. */
  readonly cores?: number;
  /** From the start of a worker until it is ready. Default lognormal with mean 50 ms. */
  readonly boot?: TimeModel;
  /** Share of the boot that uses a core, 0 to 1: starting an isolate computes nearly all the while. Default 1. */
  readonly bootCpuShare?: number;
  /** A fresh worker is so many times slower at first, falling to 1 over its first tasks. Default 1: not. */
  readonly warmUpFactor?: number;
  /** Default 20. */
  readonly warmUpTasks?: number;
  /** What handing a task over takes of the worker's time, in ms. Default 0.03. */
  readonly dispatchMs?: number;
  /**
   * CPU time that each submission takes outside its worker, in ms: of the thread that submits it and takes its result, and of the engine's own threads. It
   * shares the cores with the workers. Default 0.
   */
  readonly callerMs?: number;
}

/** What the I/O of tasks goes to, when it has limits of its own. */
export interface DownstreamModel {
  /** Calls it serves at full speed; more share what there is. */
  readonly capacity: number;
  /** What each call above the capacity costs all, as a share. Default 0. */
  readonly degradation?: number;
}

/** What callers do when a task fails. */
export interface ClientModel {
  /** How often a caller submits again. Default 0. */
  readonly retries?: number;
  /** Wait before that, in ms. Default exponential with mean 100 ms. */
  readonly backoff?: TimeModel;
  /** A caller that has waited so long gives the task up (cancels it) and submits again, in ms. Default never. */
  readonly patienceMs?: number;
}

/** The pool under test: options as for `createPool`. */
export interface PoolModel extends Omit<PoolOptions, 'policy' | 'clock' | 'random' | 'submitStack'> {
  /** A policy of the pool, one of the simulator's baselines, or a policy of your own. */
  readonly policy?: string | ScalingPolicy;
}

/** One simulation. */
export interface Scenario {
  /** Default `scenario`. */
  readonly name?: string;
  /** How long tasks arrive, in ms. What is open then runs to its end. */
  readonly durationMs: number;
  /** Waits and costs count from here on, in ms. Default 0. */
  readonly measureFromMs?: number;
  readonly arrivals: ArrivalModel;
  /** Kinds of tasks. Default one of 20 ms CPU. */
  readonly tasks?: readonly TaskModel[];
  readonly host?: HostModel;
  readonly downstream?: DownstreamModel;
  readonly clients?: ClientModel;
  readonly faults?: readonly Fault[];
  readonly pool?: PoolModel;
  /** A task that waits longer than this counts as a miss, in ms. Default 100. */
  readonly waitTargetMs?: number;
}
