/** What all simulated workers have in common: time, chance, cores, the service behind them, and who watches. */
import { numberWithin } from '../runtime/own-options.js';
import { seededRandom } from '../runtime/random.js';
import type { Random } from '../runtime/random.js';
import { timeSampler } from './distributions.js';
import type { TimeSampler } from './distributions.js';
import type { Scenario } from './scenario.js';
import { SharedProcessor } from './shared-processor.js';
import type { SimTask } from './sim-task.js';
import type { SimulatedWorker } from './simulated-worker.js';
import { VirtualClock } from './virtual-clock.js';

/** Told what happens in the workers. */
export interface WorldObserver {
  /** It has left the queue. */
  taskDispatched(task: SimTask): void;
  taskBegun(task: SimTask, worker: SimulatedWorker): void;
  taskEnded(task: SimTask, worker: SimulatedWorker, completed: boolean): void;
  workersChanged(): void;
}

export class SimWorld {
  readonly clock: VirtualClock = new VirtualClock();
  readonly cores: SharedProcessor;
  readonly downstream: SharedProcessor;
  readonly bootMs: TimeSampler;
  readonly bootCpuShare: number;
  readonly warmUpFactor: number;
  readonly warmUpTasks: number;
  readonly dispatchMs: number;
  readonly callerMs: number;
  /** Names of the task functions. */
  readonly functions: readonly string[];
  /** Chance of its own for each purpose: a policy that starts one worker more does not change what tasks arrive. */
  readonly random: {
    readonly arrivals: Random;
    readonly tasks: Random;
    readonly boots: Random;
    readonly faults: Random;
    readonly clients: Random;
    readonly pool: Random;
  };
  /** Living workers, in the order they were started. */
  readonly workers: Set<SimulatedWorker> = new Set();
  startFailureShare = 0;
  observer: WorldObserver | undefined = undefined;
  boots = 0;
  /** Tasks taken back from workers before they had begun. */
  revoked = 0;

  constructor(scenario: Scenario, seed: number) {
    const { host = {}, downstream } = scenario;
    this.cores = new SharedProcessor(this.clock, host.cores ?? Infinity);
    this.downstream = new SharedProcessor(this.clock, downstream?.capacity ?? Infinity, downstream?.degradation ?? 0);
    this.clock.addSource(this.cores);
    this.clock.addSource(this.downstream);
    this.bootMs = timeSampler('host.boot', host.boot ?? { kind: 'lognormal', meanMs: 50, sigma: 0.3 });
    this.bootCpuShare = numberWithin('host.bootCpuShare', host.bootCpuShare ?? 1, 0, 1);
    this.warmUpFactor = host.warmUpFactor ?? 1;
    this.warmUpTasks = host.warmUpTasks ?? 20;
    this.dispatchMs = host.dispatchMs ?? 0.03;
    this.callerMs = numberWithin('host.callerMs', host.callerMs ?? 0, 0, Number.MAX_SAFE_INTEGER);
    this.functions = taskNames(scenario);
    this.random = streams(seed);
  }
}

function streams(seed: number): SimWorld['random'] {
  const next = (purpose: number): Random => seededRandom((seed * 0x9e3779b1 + purpose * 0x85ebca6b) >>> 0);
  return { arrivals: next(1), tasks: next(2), boots: next(3), faults: next(4), clients: next(5), pool: next(6) };
}

/** The name of each kind of task. */
export function taskNames(scenario: Scenario): readonly string[] {
  return (scenario.tasks ?? [{}]).map(({ name }, index) => name ?? (index === 0 ? 'task' : `task${index + 1}`));
}
