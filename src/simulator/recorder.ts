/** Keeps the books of a run: what was waited, what it cost, how it went over time. */
import type { ClientObserver, Outcome } from './clients.js';
import { Samples } from './percentiles.js';
import type { DecisionReport, SeriesReport } from './report.js';
import type { SimTask } from './sim-task.js';
import type { SimWorld, WorldObserver } from './sim-world.js';
import type { Checker } from './checker.js';
import { TimeIntegral } from './time-integral.js';

const INTERVALS = 400;
const DECISIONS_MAX = 2_000;

/** The load of a short stretch of time, for whoever looks for the best size afterwards. */
export interface LoadSlot {
  /** Tasks that arrive in it, their service times, and the squares of these. */
  arrivals: number;
  serviceMs: number;
  serviceSquaredMs: number;
  /** Work that falls into it. */
  workMs: number;
}

export interface RecorderOptions {
  readonly durationMs: number;
  readonly measureFromMs: number;
  readonly waitTargetMs: number;
  readonly levels: number;
  readonly slotMs: number;
}

interface Interval {
  arrivals: number;
  completions: number;
  begun: number;
  waitSumMs: number;
  waitMaxMs: number;
  workersMs: number;
  busyMs: number;
  openMs: number;
  cpuMs: number;
}

export class Recorder implements ClientObserver, WorldObserver {
  readonly counts = {
    arrived: 0,
    submitted: 0,
    completed: 0,
    failed: 0,
    rejected: 0,
    cancelled: 0,
    executions: 0,
    completedMeasured: 0,
    submittedMeasured: 0,
    missed: 0,
  };
  readonly waits: readonly Samples[];
  readonly latency: Samples = new Samples();
  readonly slowdown: Samples = new Samples();
  readonly decisions: DecisionReport[] = [];
  readonly slots: LoadSlot[] = [];
  readonly workers: TimeIntegral;
  readonly executing: TimeIntegral;
  readonly open: TimeIntegral;
  /** Time in the pool, summed over submissions, in ms. */
  sojournMs = 0;
  missMs = 0;
  bootsMeasured = 0;
  reversals = 0;
  actions = 0;
  readonly #options: RecorderOptions;
  readonly #world: SimWorld;
  readonly #checker: Checker;
  readonly #intervals: Interval[] = [];
  #interval: Interval = emptyInterval();
  #last = { workersMs: 0, busyMs: 0, openMs: 0, cpuMs: 0 };
  #measured = { workersMs: 0, executingMs: 0, cpuMs: 0, boots: 0 };
  #lastAction = { atMs: -Infinity, up: false };

  constructor(options: RecorderOptions, world: SimWorld, checker: Checker) {
    this.#options = options;
    this.#world = world;
    this.#checker = checker;
    this.waits = Array.from({ length: options.levels }, () => new Samples());
    this.workers = new TimeIntegral(world.clock);
    this.executing = new TimeIntegral(world.clock);
    this.open = new TimeIntegral(world.clock);
    for (let atMs = 0; atMs < options.durationMs; atMs += options.slotMs) this.slots.push({ arrivals: 0, serviceMs: 0, serviceSquaredMs: 0, workMs: 0 });
    for (let index = 1; index <= INTERVALS; index += 1) world.clock.setTimer((index * options.durationMs) / INTERVALS, () => this.#endInterval());
    world.clock.setTimer(options.measureFromMs, () => this.#mark());
    world.clock.setTimer(options.durationMs, () => this.#stop());
  }

  submitted(task: SimTask): void {
    const { counts } = this;
    counts.submitted += 1;
    this.open.add(1);
    this.#interval.arrivals += 1;
    if (this.#measures(task)) counts.submittedMeasured += 1;
    if (task.submissions === 1) {
      counts.arrived += 1;
      this.#countLoad(task);
    }
    this.#checker.submitted(task);
  }

  /** Spreads the work of a task over the slots it would be executed in if it never waited. */
  #countLoad(task: SimTask): void {
    const { slotMs } = this.#options;
    const workMs = task.cpuMs + task.ioMs + this.#world.dispatchMs;
    let index = Math.floor(task.arrivedAt / slotMs);
    const first = this.slots[index];
    if (first === undefined) return;
    first.arrivals += 1;
    first.serviceMs += workMs;
    first.serviceSquaredMs += workMs ** 2;
    let at = task.arrivedAt;
    for (let left = workMs; left > 0 && index < this.slots.length; index += 1) {
      const share = Math.min(left, (index + 1) * slotMs - at);
      (this.slots[index] as LoadSlot).workMs += share;
      left -= share;
      at += share;
    }
  }

  taskDispatched(task: SimTask): void {
    task.queued = false;
    this.#checker.dispatched(task, this.#world.clock.now());
  }

  taskBegun(task: SimTask): void {
    const now = this.#world.clock.now();
    this.executing.add(1);
    this.counts.executions += 1;
    if (task.waitMs < 0) {
      const waitMs = (task.waitMs = now - task.submittedAt);
      this.#interval.begun += 1;
      this.#interval.waitSumMs += waitMs;
      this.#interval.waitMaxMs = Math.max(this.#interval.waitMaxMs, waitMs);
      if (this.#measures(task)) this.#countWait(task, waitMs);
    }
    this.#checker.begun(task, now);
  }

  taskEnded(task: SimTask, _worker: unknown, completed: boolean): void {
    this.executing.add(-1);
    if (completed) task.completions += 1;
  }

  settled(task: SimTask, outcome: Outcome): void {
    const now = this.#world.clock.now();
    const { counts } = this;
    this.open.add(-1);
    this.sojournMs += now - task.submittedAt;
    counts[outcome] += 1;
    if (outcome === 'completed') this.#interval.completions += 1;
    if (outcome === 'completed' && now >= this.#options.measureFromMs && now <= this.#options.durationMs) counts.completedMeasured += 1;
    if (outcome === 'completed' && this.#measures(task)) {
      const latencyMs = now - task.arrivedAt;
      this.latency.add(latencyMs);
      this.slowdown.add(latencyMs / Math.max(1e-3, task.cpuMs + task.ioMs));
    }
    if (task.waitMs < 0 && this.#measures(task)) counts.missed += 1;
    this.#checker.settled(task, outcome, now);
  }

  workersChanged(): void {
    this.workers.set(this.#world.workers.size);
  }

  scaled(from: number, to: number, reason: string, windowMs: number): void {
    const atMs = this.#world.clock.now();
    if (this.decisions.length < DECISIONS_MAX) this.decisions.push({ atMs, from, to, reason });
    if (atMs < this.#options.measureFromMs || atMs > this.#options.durationMs) return;
    const up = to > from;
    this.actions += 1;
    if (up !== this.#lastAction.up && atMs - this.#lastAction.atMs <= windowMs) this.reversals += 1;
    this.#lastAction = { atMs, up };
  }

  /** Cost of the time that is measured. */
  cost(): { readonly workersMs: number; readonly executingMs: number; readonly cpuMs: number; readonly boots: number } {
    return this.#measured;
  }

  series(): SeriesReport {
    const intervalMs = this.#options.durationMs / INTERVALS;
    const each = (read: (interval: Interval) => number): number[] => this.#intervals.map((interval) => rounded(read(interval)));
    return {
      intervalMs,
      arrivalsPerS: each(({ arrivals }) => (arrivals * 1_000) / intervalMs),
      completionsPerS: each(({ completions }) => (completions * 1_000) / intervalMs),
      workers: each(({ workersMs }) => workersMs / intervalMs),
      busy: each(({ busyMs }) => busyMs / intervalMs),
      depth: each(({ openMs, busyMs }) => Math.max(0, openMs - busyMs) / intervalMs),
      waitMeanMs: each(({ begun, waitSumMs }) => (begun === 0 ? 0 : waitSumMs / begun)),
      waitMaxMs: each(({ waitMaxMs }) => waitMaxMs),
      cores: each(({ cpuMs }) => cpuMs / intervalMs),
    };
  }

  #measures({ submittedAt }: SimTask): boolean {
    return submittedAt >= this.#options.measureFromMs;
  }

  #countWait(task: SimTask, waitMs: number): void {
    this.waits[task.level]?.add(waitMs);
    const beyondMs = waitMs - this.#options.waitTargetMs;
    if (beyondMs <= 0) return;
    this.counts.missed += 1;
    this.missMs += beyondMs;
  }

  #endInterval(): void {
    const now = { workersMs: this.workers.value(), busyMs: this.executing.value(), openMs: this.open.value(), cpuMs: this.#world.cores.usedMs() };
    const last = this.#last;
    Object.assign(this.#interval, {
      workersMs: now.workersMs - last.workersMs,
      busyMs: now.busyMs - last.busyMs,
      openMs: now.openMs - last.openMs,
      cpuMs: now.cpuMs - last.cpuMs,
    });
    this.#last = now;
    this.#intervals.push(this.#interval);
    this.#interval = emptyInterval();
  }

  /** From here on it counts. */
  #mark(): void {
    this.#measured = this.#totals();
    this.workers.resetMax();
  }

  #stop(): void {
    const from = this.#measured;
    const to = this.#totals();
    this.#measured = {
      workersMs: to.workersMs - from.workersMs,
      executingMs: to.executingMs - from.executingMs,
      cpuMs: to.cpuMs - from.cpuMs,
      boots: to.boots - from.boots,
    };
  }

  #totals(): { workersMs: number; executingMs: number; cpuMs: number; boots: number } {
    return { workersMs: this.workers.value(), executingMs: this.executing.value(), cpuMs: this.#world.cores.usedMs(), boots: this.#world.boots };
  }
}

function emptyInterval(): Interval {
  return { arrivals: 0, completions: 0, begun: 0, waitSumMs: 0, waitMaxMs: 0, workersMs: 0, busyMs: 0, openMs: 0, cpuMs: 0 };
}

/** Six significant digits are enough for a plot. */
function rounded(value: number): number {
  return Number(value.toPrecision(6));
}
