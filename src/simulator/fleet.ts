/**
 * The plan past one machine: thousands of nodes behind a broker, every task on its own, in minutes.
 *
 *     arrivals --> one queue, first in first out --> slots of the nodes     the sizing policy starts and retires nodes
 *
 * A coarser model than `simulate`, and said to be: tasks hold one slot for a time that was drawn for them and nothing else happens to them; there are no
 * levels, retries, faults or shared cores, and nodes differ only in when they started. The sizing policy is the one that ships, and sees what it would
 * see: a node is a worker with `slotsPerNode` tasks at once. Idle slots serve the latest first, as the pool's placement does, so that surplus nodes
 * truly idle; a node leaves when so many slots as it has are idle (which node they belong to is not tracked).
 *
 * Cost: about 1 µs a task. The busy slots are a heap of the times at which they end; the idle ones a stack of the times since when.
 */
import { LogHistogram } from '../collections/log-histogram.js';
import { OptionError } from '../errors.js';
import { numberWithin, wholeNumber } from '../runtime/own-options.js';
import { seededRandom } from '../runtime/random.js';
import type { Random } from '../runtime/random.js';
import type { ScalingDecision, ScalingPolicy } from '../scheduler/scaler/scaling-policy.js';
import { quietHost } from '../scheduler/scaler/signals.js';
import { adaptive } from '../scheduler/scaler/adaptive.js';
import { arrivalSampler } from './arrivals.js';
import type { ArrivalModel } from './arrivals.js';
import { meanMsOf, timeSampler } from './distributions.js';
import type { TimeModel, TimeSampler } from './distributions.js';
import { IdleStack } from './idle-stack.js';
import { Stretches } from './stretches.js';

export interface FleetScenario {
  /** How long tasks arrive, in ms. */
  readonly durationMs: number;
  /** Waits and costs count from here on, in ms. Default 0. */
  readonly measureFromMs?: number;
  readonly arrivals: ArrivalModel;
  /** Time a task holds a slot. */
  readonly service: TimeModel;
  readonly slotsPerNode: number;
  /** From the start of a node until it serves. Default lognormal with mean 60 s. */
  readonly boot?: TimeModel;
  readonly nodes: { readonly min: number; readonly max: number };
  /** Default the law, decided every 15 s, with nodes kept idle for 5 minutes. */
  readonly policy?: ScalingPolicy;
  /** A wait that is still good, in ms. Default 10,000. */
  readonly waitTargetMs?: number;
}

export interface FleetReport {
  readonly seed: number;
  readonly policy: string;
  readonly tasks: number;
  /** In ms; percentiles to within 4.5 %. */
  readonly wait: { readonly mean: number; readonly p50: number; readonly p99: number; readonly p999: number; readonly max: number };
  readonly missShare: number;
  readonly nodes: { readonly mean: number; readonly max: number; readonly hours: number; readonly boots: number; readonly actions: number };
  /** Share of the slots of nodes that serve. */
  readonly utilisation: number;
  /** One value for each of {@link intervalMs}. */
  readonly series: {
    readonly intervalMs: number;
    readonly nodes: readonly number[];
    readonly busyNodes: readonly number[];
    readonly queued: readonly number[];
  };
}

const INTERVALS = 288;
const BOOT: TimeModel = { kind: 'lognormal', meanMs: 60_000, sigma: 0.3 };
const NODE_INTERVAL_MS = 15_000;
const NODE_IDLE_MS = 300_000;

/**
 * Simulates a fleet of nodes; 10^8 tasks take a minute or two. The same scenario and seed give the same report.
 *
 * @throws OptionError when a number is out of range
 */
export function simulateFleet(scenario: FleetScenario, seed = 1): FleetReport {
  return new Fleet(scenario, seed).run();
}

class Fleet {
  readonly #scenario: FleetScenario;
  readonly #seed: number;
  readonly #policy: ScalingPolicy;
  readonly #slots: number;
  readonly #service: TimeSampler;
  readonly #boot: TimeSampler;
  readonly #random: { readonly service: Random; readonly boots: Random };
  readonly #arrival: () => number;
  readonly #running = new Stretches();
  readonly #idle = new IdleStack();
  readonly #booting = new Stretches();
  /** Arrival times of the waiting tasks, a ring. */
  #queue = new Float64Array(1_024);
  #first = 0;
  #queued = 0;
  #ready = 0;
  #memory: unknown;
  #nextDecisionMs = 0;
  readonly #wait = new LogHistogram();
  #missed = 0;
  #measured = 0;
  #arrived = 0;
  #finished = 0;
  #occupiedMs = 0;
  #boots = 0;
  #bootMs: number;
  #actions = 0;
  #nodesMax = 0;
  readonly #totals = { nodeMs: 0, busyMs: 0, readyMs: 0, atMs: 0 };
  readonly #series = { nodes: [] as number[], busyNodes: [] as number[], queued: [] as number[] };

  constructor(scenario: FleetScenario, seed: number) {
    const { nodes, policy, slotsPerNode } = scenario;
    numberWithin('durationMs', scenario.durationMs, 1, Number.MAX_SAFE_INTEGER);
    wholeNumber('nodes.min', nodes.min, 0);
    if (wholeNumber('nodes.max', nodes.max, 1) < nodes.min) throw new OptionError('nodes.min', `at most nodes.max (${nodes.max})`, nodes.min);
    this.#scenario = scenario;
    this.#seed = seed;
    this.#slots = wholeNumber('slotsPerNode', slotsPerNode, 1);
    const idle = adaptive({ intervalMs: NODE_INTERVAL_MS, idleMs: NODE_IDLE_MS, waitTargetMs: scenario.waitTargetMs ?? 10_000 });
    this.#policy = policy ?? (idle as ScalingPolicy);
    this.#memory = this.#policy.initial();
    this.#service = timeSampler('service', scenario.service);
    this.#boot = timeSampler('boot', scenario.boot ?? BOOT);
    this.#bootMs = meanMsOf(scenario.boot ?? BOOT);
    this.#random = { service: seededRandom(seed + 101), boots: seededRandom(seed + 202) };
    this.#arrival = arrivalSampler('arrivals', scenario.arrivals, seededRandom(seed));
  }

  run(): FleetReport {
    const { durationMs, nodes } = this.#scenario;
    for (let node = 0; node < nodes.min; node += 1) this.#serve(0);
    let arrivalMs = this.#arrival();
    let sampleMs = durationMs / INTERVALS;
    for (;;) {
      const otherMs = Math.min(this.#nextDecisionMs, sampleMs, this.#booting.firstEnd());
      const endMs = this.#running.firstEnd();
      const now = Math.min(arrivalMs, endMs, otherMs);
      if (now > durationMs) break;
      this.#advance(now);
      if (endMs === now) this.#end(now);
      else if (arrivalMs === now) {
        this.#arrive(now);
        arrivalMs = this.#arrival();
      } else if (this.#booting.firstEnd() === now) {
        this.#booting.removeFirst();
        this.#serve(now);
      } else if (this.#nextDecisionMs === now) this.#decide(now);
      else {
        this.#sample();
        sampleMs += durationMs / INTERVALS;
      }
    }
    return this.#report();
  }

  #advance(nowMs: number): void {
    const { measureFromMs = 0 } = this.#scenario;
    const totals = this.#totals;
    const elapsedMs = nowMs - Math.max(totals.atMs, measureFromMs);
    if (elapsedMs > 0) {
      totals.nodeMs += elapsedMs * (this.#ready + this.#booting.size);
      totals.readyMs += elapsedMs * this.#ready;
      totals.busyMs += elapsedMs * this.#running.size;
    }
    totals.atMs = nowMs;
  }

  #arrive(nowMs: number): void {
    this.#arrived += 1;
    if (this.#idle.size > 0) {
      this.#idle.pop();
      this.#begin(nowMs, nowMs);
    } else this.#enqueue(nowMs);
  }

  #begin(nowMs: number, arrivedMs: number): void {
    const waitMs = nowMs - arrivedMs;
    const serviceMs = this.#service(this.#random.service);
    this.#running.add(nowMs, nowMs + serviceMs);
    if (arrivedMs < (this.#scenario.measureFromMs ?? 0)) return;
    this.#measured += 1;
    this.#wait.record(waitMs);
    if (waitMs > (this.#scenario.waitTargetMs ?? 10_000)) this.#missed += 1;
  }

  /** A task has ended: the slot takes the next, or idles. */
  #end(nowMs: number): void {
    this.#finished += 1;
    this.#occupiedMs += nowMs - this.#running.removeFirst();
    this.#free(nowMs);
  }

  #free(nowMs: number): void {
    if (this.#queued > 0) this.#begin(nowMs, this.#dequeue());
    else this.#idle.push(nowMs);
  }

  /** A node serves from now on. */
  #serve(nowMs: number): void {
    this.#ready += 1;
    for (let slot = 0; slot < this.#slots; slot += 1) this.#free(nowMs);
  }

  #decide(nowMs: number): void {
    const { nodes } = this.#scenario;
    const policy = this.#policy;
    this.#nextDecisionMs = nowMs + policy.intervalMs;
    const workers = this.#ready + this.#booting.size;
    const busyNodes = Math.min(this.#ready, Math.ceil(this.#running.size / this.#slots));
    const { decision, memory } = policy.decide(
      {
        nowMs,
        workers,
        starting: this.#booting.size,
        busy: busyNodes,
        inFlight: this.#running.size,
        concurrency: this.#slots,
        queueDepth: this.#queued,
        oldestWaitMs: this.#queued === 0 ? 0 : nowMs - (this.#queue[this.#first] as number),
        cpu: undefined,
        idleMs: this.#idle.idleMs(nowMs, this.#slots),
        min: nodes.min,
        max: nodes.max,
        flow: {
          arrived: this.#arrived,
          finished: this.#finished,
          occupiedMs: this.#occupiedMs,
          runningMs: this.#running.elapsedMs(nowMs),
          bootMs: this.#bootMs,
        },
        host: quietHost(2 * nodes.max),
      },
      this.#memory,
    );
    this.#memory = memory;
    this.#resize(decision, workers, nowMs);
  }

  #resize({ target }: ScalingDecision, workers: number, nowMs: number): void {
    const { nodes } = this.#scenario;
    const wanted = Math.min(nodes.max, Math.max(nodes.min, Math.round(target), this.#queued > 0 ? 1 : 0));
    if (wanted === workers) return;
    this.#actions += 1;
    for (let more = wanted - workers; more > 0; more -= 1) {
      this.#boots += 1;
      this.#booting.add(nowMs, nowMs + this.#boot(this.#random.boots));
    }
    for (let fewer = workers - wanted; fewer > 0 && this.#ready > 0 && this.#idle.size >= this.#slots; fewer -= 1) {
      this.#idle.removeOldest(this.#slots);
      this.#ready -= 1;
    }
    this.#nodesMax = Math.max(this.#nodesMax, this.#ready + this.#booting.size);
  }

  #enqueue(nowMs: number): void {
    if (this.#queued === this.#queue.length) {
      const larger = new Float64Array(2 * this.#queued);
      for (let index = 0; index < this.#queued; index += 1) larger[index] = this.#queue[(this.#first + index) % this.#queued] as number;
      this.#queue = larger;
      this.#first = 0;
    }
    this.#queue[(this.#first + this.#queued) % this.#queue.length] = nowMs;
    this.#queued += 1;
  }

  #dequeue(): number {
    const arrivedMs = this.#queue[this.#first] as number;
    this.#first = (this.#first + 1) % this.#queue.length;
    this.#queued -= 1;
    return arrivedMs;
  }

  #sample(): void {
    this.#series.nodes.push(this.#ready + this.#booting.size);
    this.#series.busyNodes.push(Math.round((10 * this.#running.size) / this.#slots) / 10);
    this.#series.queued.push(this.#queued);
  }

  #report(): FleetReport {
    const { durationMs, measureFromMs = 0 } = this.#scenario;
    const measuredMs = durationMs - measureFromMs;
    const { nodeMs, busyMs, readyMs } = this.#totals;
    const wait = this.#wait;
    return {
      seed: this.#seed,
      policy: this.#policy.name,
      tasks: this.#arrived,
      wait: { mean: wait.mean, p50: wait.quantile(0.5), p99: wait.quantile(0.99), p999: wait.quantile(0.999), max: wait.max },
      missShare: this.#measured === 0 ? 0 : this.#missed / this.#measured,
      nodes: { mean: nodeMs / measuredMs, max: this.#nodesMax, hours: nodeMs / 3_600_000, boots: this.#boots, actions: this.#actions },
      utilisation: readyMs === 0 ? 0 : busyMs / (readyMs * this.#slots),
      series: { intervalMs: durationMs / INTERVALS, ...this.#series },
    };
  }
}
