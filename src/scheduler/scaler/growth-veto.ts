/**
 * Workers that bring no throughput are not added to: what is behind the tasks (a database, a disk, the CPUs) has no more to give, and more
 * concurrency would only make it slower.
 *
 *     saturated at n1  --grow-->  saturated at n2        X: executions that end in a second
 *          X1                         X2                 X2/X1 - 1 < half of (n2/n1 - 1), twice  ->  no more than n1 for a while
 *
 * The measure is taken only while tasks wait and nearly all places are busy; then X is what the workers can do, not what they are asked for. When the
 * while is over growth is tried again; a veto that follows at once lasts twice as long.
 *
 * Before there is a second measure there is a sign: `slow-service.ts`.
 */
import type { ScalingSignals } from './scaling-policy.js';

/** Throughput at one number of workers. */
interface Measure {
  readonly workers: number;
  readonly perMs: number;
  /** Executions that it rests on. */
  readonly finished: number;
}

export interface VetoMemory {
  /** The measurement that goes on: since when, from which count, at how many workers. */
  readonly sinceMs: number;
  readonly sinceFinished: number;
  readonly workers: number;
  /** The last measure that was complete at fewer workers than now. */
  readonly before: Measure | undefined;
  readonly last: Measure | undefined;
  readonly strikes: number;
  /** The veto: no more workers than these until then. */
  readonly workersMax: number;
  readonly untilMs: number;
  readonly lengthMs: number;
}

const BUSY_SHARE_MIN = 0.9;
const MEASURE_MS_MIN = 2_000;
const MEASURE_SERVICES = 10;
const MEASURE_TASKS_PER_WORKER = 10;
/** A worker more must bring at least half of what it would bring if nothing stood in the way. */
const GAIN_SHARE_MIN = 0.5;
const STRIKES = 2;
const VETO_MS_MIN = 60_000;
const VETO_MS_MAX = 900_000;
/** CPUs are oversubscribed above this. */
const CPU_WAIT_MAX = 0.2;

export const NO_VETO: VetoMemory = {
  sinceMs: -Infinity,
  sinceFinished: 0,
  workers: 0,
  before: undefined,
  last: undefined,
  strikes: 0,
  workersMax: Infinity,
  untilMs: -Infinity,
  lengthMs: VETO_MS_MIN,
};

/** Takes in one look. */
export function observeVeto(memory: VetoMemory, signals: ScalingSignals, serviceMs: number): VetoMemory {
  const next = settle(memory, signals.nowMs);
  const ready = signals.workers - signals.starting;
  const saturated = signals.queueDepth > 0 && ready > 0 && signals.busy >= ready * BUSY_SHARE_MIN;
  if (!saturated || ready !== next.workers) return restart(next, signals, ready, saturated);
  const spanMs = signals.nowMs - next.sinceMs;
  const finished = signals.flow.finished - next.sinceFinished;
  if (spanMs < Math.max(MEASURE_MS_MIN, MEASURE_SERVICES * serviceMs) || finished < MEASURE_TASKS_PER_WORKER * ready) return next;
  return judge(restart(next, signals, ready, true), { workers: ready, perMs: finished / spanMs, finished }, signals);
}

/** The most workers it allows; `Infinity` without a veto. */
export function vetoMax({ workersMax, untilMs }: VetoMemory, nowMs: number): number {
  return nowMs < untilMs ? workersMax : Infinity;
}

/** Whether growth has yet to show what it brings. */
export function isUnmeasured({ last, workers }: VetoMemory): boolean {
  return last === undefined || last.workers !== workers;
}

function restart(memory: VetoMemory, { nowMs, flow }: ScalingSignals, ready: number, saturated: boolean): VetoMemory {
  const same = ready === memory.workers;
  // Without saturation throughput is demand: what was measured before says nothing of what comes after.
  const kept = saturated || same ? memory : { ...memory, before: undefined, last: undefined, strikes: 0 };
  return { ...kept, sinceMs: nowMs, sinceFinished: flow.finished, workers: ready };
}

function judge(memory: VetoMemory, measure: Measure, { nowMs, host }: ScalingSignals): VetoMemory {
  const { last } = memory;
  const before = last !== undefined && last.workers < measure.workers ? last : memory.before;
  const measured = { ...memory, last: measure, before };
  if ((host.cpuWait ?? 0) > CPU_WAIT_MAX && (host.cpuDemand ?? 0) > 0.5) return veto(measured, measure.workers, nowMs);
  if (before === undefined || before.workers >= measure.workers) return measured;
  const gain = measure.perMs / before.perMs - 1;
  const enough = GAIN_SHARE_MIN * (measure.workers / before.workers - 1);
  if (gain >= enough) return { ...measured, strikes: 0, before: undefined };
  // Counts stray by their roots: a tenth more workers show in hundreds of executions only.
  if (gain + Math.sqrt(1 / measure.finished + 1 / before.finished) >= enough) return measured;
  const strikes = measured.strikes + 1;
  return strikes < STRIKES ? { ...measured, strikes } : veto(measured, before.workers, nowMs);
}

function veto(memory: VetoMemory, workersMax: number, nowMs: number): VetoMemory {
  return { ...memory, strikes: 0, before: undefined, workersMax, untilMs: nowMs + memory.lengthMs, lengthMs: Math.min(VETO_MS_MAX, memory.lengthMs * 2) };
}

/** A veto that ended long ago has no successor: the next one starts short. */
function settle(memory: VetoMemory, nowMs: number): VetoMemory {
  return memory.lengthMs > VETO_MS_MIN && nowMs > memory.untilMs + memory.lengthMs ? { ...memory, lengthMs: VETO_MS_MIN } : memory;
}
