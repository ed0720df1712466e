/**
 * One hour of faults for the simulator, drawn from a seed: some pool, some traffic in bursts, tasks that fail, hang and kill, workers that are killed, grow
 * slow or do not start, and a machine that loses cores. The same seed gives the same hour.
 */
import type { Fault, Scenario, TaskModel } from 'millrace/simulator';
import { Chance } from './random.js';

export const HOUR_MS = 3_600_000;

/** Mean time between two faults. */
const GAP_MS = 30_000;
/** Longest that a fault lasts. */
const LASTS_MS_MAX = 120_000;

const POLICIES = ['adaptive', 'queue-depth', 'threshold', 'fixed'] as const;
const WHEN_FULL = ['reject', 'wait', 'drop-oldest'] as const;

/** What is asked of tasks that never end by themselves: longer than the hour. */
const NEVER_MS = 2 * HOUR_MS;

export function simulatedHour(seed: number): Scenario {
  const chance = new Chance(seed);
  const size = chance.between(2, 12);
  const ratePerS = chance.between(5, 40);
  const burst = chance.between(2, 8);
  return {
    name: `hour ${seed}`,
    durationMs: HOUR_MS,
    arrivals: { kind: 'on-off', offPerS: ratePerS / 2, onPerS: ratePerS * burst, offMs: 60_000, onMs: 60_000 / (2 * burst) },
    tasks: taskModels(chance),
    host: { cores: chance.between(2, 8), warmUpFactor: chance.pick([1, 3]) },
    clients: { retries: chance.int(3), ...(chance.int(2) === 0 ? {} : { patienceMs: chance.between(2_000, 20_000) }) },
    faults: faults(chance, size),
    pool: {
      policy: chance.pick(POLICIES),
      size: { min: chance.int(size), max: size },
      concurrency: chance.pick([1, 1, 4]),
      queue: { max: chance.pick([50, 1_000]), whenFull: chance.pick(WHEN_FULL) },
      retry: { attempts: chance.between(1, 3) },
      ...(chance.int(3) === 0 ? { overload: 'adaptive' as const } : {}),
    },
  };
}

function taskModels(chance: Chance): TaskModel[] {
  return [
    { name: 'quick', weight: 80, cpu: { kind: 'exponential', meanMs: chance.between(2, 20) }, errorShare: chance.pick([0, 0.01, 0.1]) },
    { name: 'urgent', weight: 10, cpu: 5, io: { kind: 'lognormal', meanMs: 50, sigma: 1 }, priority: 'high', deadlineMs: chance.between(500, 5_000) },
    { name: 'heavy', weight: 10, cpu: { kind: 'hyperexponential', meanMs: 100, scv: 10 }, priority: 'low', timeoutMs: 10_000 },
    { name: 'loop', weight: 0.02, cpu: NEVER_MS, timeoutMs: 1_000 },
    { name: 'hang', weight: 0.02, io: NEVER_MS, timeoutMs: 1_000 },
    { name: 'poison', weight: 0.05, cpu: 5, poisonShare: chance.pick([0.2, 1]) },
  ];
}

function faults(chance: Chance, size: number): Fault[] {
  const drawn: Fault[] = [];
  for (let atMs = GAP_MS; atMs < HOUR_MS; atMs += chance.between(1, 2 * GAP_MS)) drawn.push(oneFault(chance, size, atMs));
  return drawn;
}

function oneFault(chance: Chance, size: number, atMs: number): Fault {
  const untilMs = atMs + chance.between(1_000, LASTS_MS_MAX);
  const index = chance.int(size);
  switch (chance.int(7)) {
    case 0:
      return { kind: 'kill', atMs, count: size };
    case 1:
      return { kind: 'errors', atMs, untilMs, index, share: chance.pick([0.3, 1]) };
    case 2:
      return { kind: 'slow-worker', atMs, untilMs, index, factor: chance.pick([3, 30]) };
    case 3:
      return { kind: 'slow-io', atMs, untilMs, factor: chance.between(2, 10) };
    case 4:
      return { kind: 'cores', atMs, untilMs, cores: 1 };
    case 5:
      return { kind: 'start-failures', atMs, untilMs, share: chance.pick([0.5, 1]) };
    default:
      return { kind: 'kill', atMs };
  }
}
