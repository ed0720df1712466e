/** Runs one scenario: the pool that ships, over simulated workers, in virtual time. */
import { OptionError } from '../errors.js';
import { normaliseOptions } from '../pool/normalise-options.js';
import type { PoolSettings } from '../pool/normalise-options.js';
import type { PoolOptions } from '../pool/options.js';
import type { PoolTask } from '../pool/pool-task.js';
import { WorkerPool } from '../pool/worker-pool.js';
import { numberWithin, ownOptions } from '../runtime/own-options.js';
import type { Worker } from '../worker/worker.js';
import { resolvePolicy } from './baselines.js';
import { Checker } from './checker.js';
import { Clients } from './clients.js';
import { meanMsOf } from './distributions.js';
import { FaultInjector } from './fault-injector.js';
import { HostProbe } from './host-probe.js';
import { findOptimum } from './optimum.js';
import { Samples } from './percentiles.js';
import { Recorder } from './recorder.js';
import type { OptimumReport, SimulationReport } from './report.js';
import type { Scenario } from './scenario.js';
import { SimWorker } from './sim-worker.js';
import { SimWorld } from './sim-world.js';

export interface SimulateOptions {
  /** Default 1. */
  readonly seed?: number;
  /** In place of the policy of the scenario. */
  readonly policy?: PoolModelPolicy;
}

type PoolModelPolicy = NonNullable<NonNullable<Scenario['pool']>['policy']>;

const WAIT_TARGET_MS = 100;
/** Closer changes of direction are flapping. */
const REVERSAL_WINDOW_MS = 20_000;
/** What is still open so long after the last arrival will never settle, in ms. */
const DRAIN_MS_MAX = 3_600_000;
/** A second of waiting beyond the target is worth as much as a second of a worker. */
const MISS_WEIGHT = 1;
const BOUNDS_EVERY = 1_000;
/** The optimum is looked for in at most so many slots. */
const SLOTS_MAX = 10_000;
const SLOT_MS_MIN = 1_000;

/**
 * Simulates `scenario`.
 *
 * The pool, its queue, scheduler, sizing policy, retries and supervision are the code that runs in production; workers, cores, services and callers are
 * models. The same scenario and seed give the same report, byte for byte. Cost: some 5 to 10 µs a task.
 *
 * @throws OptionError when the scenario names what does not exist, or a number is out of range
 */
export async function simulate(scenario: Scenario, options?: SimulateOptions): Promise<SimulationReport> {
  const { seed, policy } = ownOptions<SimulateOptions>('options', options, ['seed', 'policy']);
  return new Simulation(checked(scenario), seed ?? 1, policy).run();
}

class Simulation {
  readonly #scenario: Scenario;
  readonly #seed: number;
  readonly #world: SimWorld;
  readonly #settings: PoolSettings;
  readonly #pool: WorkerPool;
  readonly #checker: Checker;
  readonly #recorder: Recorder;
  readonly #slotMs: number;
  #events = 0;

  constructor(scenario: Scenario, seed: number, policy: PoolModelPolicy | undefined) {
    this.#scenario = scenario;
    this.#seed = seed;
    const world = (this.#world = new SimWorld(scenario, seed));
    this.#settings = poolSettings(scenario, world, policy);
    const { queue, task } = this.#settings;
    this.#checker = new Checker(queue.levels, queue.max, task.retry.attempts > 1 || queue.whenFull === 'wait');
    this.#slotMs = Math.max(SLOT_MS_MIN, scenario.durationMs / SLOTS_MAX);
    this.#recorder = new Recorder(
      {
        durationMs: scenario.durationMs,
        measureFromMs: scenario.measureFromMs ?? 0,
        waitTargetMs: scenario.waitTargetMs ?? WAIT_TARGET_MS,
        levels: queue.levels.length,
        slotMs: this.#slotMs,
      },
      world,
      this.#checker,
    );
    world.observer = this.#recorder;
    this.#pool = new WorkerPool(this.#settings, 'data:text/javascript,', (workerOptions, host) => {
      const worker: unknown = new SimWorker(this.#settings.kind, workerOptions, host as never, world);
      return worker as Worker<PoolTask>;
    });
    this.#pool.on('scaled', ({ from, to, reason }) => this.#recorder.scaled(from, to, reason, REVERSAL_WINDOW_MS));
    const names = queue.levels.map(({ name }) => name);
    world.clock.addSource(new Clients(scenario, names, world, this.#pool, this.#recorder));
    new FaultInjector(scenario.faults ?? [], world).arm();
  }

  async run(): Promise<SimulationReport> {
    const { durationMs } = this.#scenario;
    await this.#settle();
    while (this.#world.clock.step(durationMs)) await this.#afterStep();
    this.#world.clock.moveTo(durationMs);
    const giveUpAt = durationMs + DRAIN_MS_MAX;
    while (this.#recorder.open.current > 0 && this.#world.clock.step(giveUpAt)) await this.#afterStep();
    this.#checkEnd();
    const report = this.#report();
    await this.#terminate();
    return report;
  }

  async #terminate(): Promise<void> {
    const end = { over: false };
    const ended = this.#pool.terminate().finally(() => (end.over = true));
    await this.#settle();
    // Not only until the last worker is gone: the pool may wait for a moment after that.
    while (!end.over && this.#world.clock.step(Infinity)) await this.#settle();
    await ended;
  }

  async #afterStep(): Promise<void> {
    this.#events += 1;
    await this.#settle();
    if (this.#events % BOUNDS_EVERY === 0) this.#checkBounds();
  }

  /** Lets promises run to their end: an outcome reaches its caller at the instant it is known. */
  async #settle(): Promise<void> {
    do {
      await undefined;
      await undefined;
      await undefined;
    } while (this.#world.clock.runDeferred());
  }

  #checkBounds(): void {
    this.#checker.bounds(this.#pool.stats(), this.#recorder.open.current, this.#world.revoked, this.#world.clock.now());
  }

  #checkEnd(): void {
    this.#checkBounds();
    const open = this.#recorder.open.current;
    if (open > 0) this.#checker.violations.push(`${open} tasks never settled`);
    else this.#checker.little(this.#recorder.sojournMs, this.#recorder.open.value());
  }

  #report(): SimulationReport {
    const recorder = this.#recorder;
    const { counts } = recorder;
    const { durationMs, measureFromMs = 0, waitTargetMs = WAIT_TARGET_MS, name = 'scenario' } = this.#scenario;
    const cost = recorder.cost();
    const measuredS = (durationMs - measureFromMs) / 1_000;
    return {
      scenario: name,
      seed: this.#seed,
      policy: this.#settings.policy.name,
      durationMs,
      measureFromMs,
      tasks: {
        arrived: counts.arrived,
        submitted: counts.submitted,
        completed: counts.completed,
        failed: counts.failed,
        rejected: counts.rejected,
        cancelled: counts.cancelled,
        executions: counts.executions,
        throughputPerS: counts.completedMeasured / measuredS,
      },
      wait: new Samples().addAll(recorder.waits).percentiles(),
      waitByLevel: this.#waitByLevel(),
      latency: recorder.latency.percentiles(),
      slowdown: recorder.slowdown.percentiles(),
      target: {
        waitMs: waitTargetMs,
        missShare: counts.submittedMeasured === 0 ? 0 : counts.missed / counts.submittedMeasured,
        missS: recorder.missMs / 1_000,
      },
      cost: {
        workerS: cost.workersMs / 1_000,
        workersMean: cost.workersMs / 1_000 / measuredS,
        workersMax: recorder.workers.max,
        boots: cost.boots,
        utilisation: cost.workersMs === 0 ? 0 : cost.executingMs / (cost.workersMs * this.#settings.concurrency),
        cpuS: cost.cpuMs / 1_000,
      },
      stability: { actions: recorder.actions, reversals: recorder.reversals, reversalWindowMs: REVERSAL_WINDOW_MS },
      optimum: this.#optimum(cost.workersMs / 1_000, cost.boots),
      checks: { violations: this.#checker.violations, overtakenMsMax: this.#checker.overtakenMsMax, events: this.#events },
      series: recorder.series(),
      decisions: recorder.decisions,
    };
  }

  #waitByLevel(): SimulationReport['waitByLevel'] {
    const used = this.#settings.queue.levels.map(({ name }, index) => [name, this.#recorder.waits[index] as Samples] as const);
    return Object.fromEntries(used.filter(([, waits]) => waits.count > 0).map(([name, waits]) => [name, waits.percentiles()]));
  }

  #optimum(workerS: number, boots: number): OptimumReport {
    const { host, measureFromMs = 0, waitTargetMs = WAIT_TARGET_MS } = this.#scenario;
    const bootS = meanMsOf(host?.boot ?? 50) / 1_000;
    const optimum = findOptimum(this.#recorder.slots.slice(Math.floor(measureFromMs / this.#slotMs)), {
      missWeight: MISS_WEIGHT,
      bootS,
      waitTargetMs,
      slotMs: this.#slotMs,
      concurrency: this.#settings.concurrency,
      max: this.#settings.size.max,
    });
    const cost = workerS + (MISS_WEIGHT * this.#recorder.missMs) / 1_000 + bootS * boots;
    return {
      workerS: optimum.workerS,
      regret: optimum.cost === 0 ? 0 : cost / optimum.cost - 1,
      fluidWorkerS: optimum.fluidWorkerS,
      fixedWorkers: optimum.fixedWorkers,
      fixedRegret: optimum.cost === 0 ? 0 : optimum.fixedCost / optimum.cost - 1,
    };
  }
}

function checked(scenario: Scenario): Scenario {
  if (typeof scenario !== 'object' || scenario === null) throw new OptionError('scenario', 'an object with durationMs and arrivals', scenario);
  numberWithin('durationMs', scenario.durationMs, 1, Number.MAX_SAFE_INTEGER);
  numberWithin('measureFromMs', scenario.measureFromMs ?? 0, 0, scenario.durationMs);
  return scenario;
}

/** Those of a pool of the user's, with time, chance and the readings of the host replaced. */
function poolSettings(scenario: Scenario, world: SimWorld, policy: PoolModelPolicy | undefined): PoolSettings {
  const { policy: own, ...pool } = scenario.pool ?? {};
  const wanted = resolvePolicy(policy ?? own);
  const options = {
    name: 'simulated',
    ...pool,
    submitStack: false,
    clock: world.clock,
    random: world.random.pool,
    ...(wanted === undefined ? {} : { policy: wanted }),
  };
  return { ...normaliseOptions(options as PoolOptions), host: new HostProbe(world) };
}
