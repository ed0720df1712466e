/**
 * Whether tasks wait for something that has become slow: then more workers would not make it any faster.
 *
 * The sign is that functions that mostly wait take longer than they themselves used to. Then the pool grows by a quarter, once, and waits for half a
 * minute; after that it grows by a quarter at a time and waits for the measure of `growth-veto.ts`, instead of in one step.
 *
 *     executions of f:   history (a minute) ---------- recent (the last few dozen) -- now
 *                        mean, variance                mean                              of the logarithm of their times
 *
 *     slow, all functions together:   recent times 1.5 times what the history expects of as many executions of the same functions,
 *                                     and by more than four standard deviations of chance
 *
 * A function is compared with nothing but itself: a mix in which long tasks have become more frequent is no slow service. And chance is taken from what its
 * executions were seen to vary by: a function that takes 4 ms or 90, as its caller wants, does not become slow by three long calls in a row. What is slow
 * multiplies times, so they are compared by their geometric mean, which the rare very long execution does not carry away.
 */
import type { FunctionFlow, ScalingSignals } from './scaling-policy.js';

export interface SlowMemory {
  readonly functions: ReadonlyMap<string, FunctionHistory>;
  /** How long executions take, as a multiple of what is usual, and how far that is from it, in standard deviations. */
  readonly factor: number;
  readonly deviations: number;
  /** Since when tasks wait for something; `undefined` while they do not. */
  readonly slowSinceMs: number | undefined;
}

/** Sums over executions, each with a weight that fades. */
interface Sums {
  readonly count: number;
  readonly log: number;
  readonly logSquared: number;
}

interface FunctionHistory {
  /** The counters at the last look. */
  readonly seen: Sums;
  readonly recent: Sums;
  /** What is no longer recent. */
  readonly before: Sums;
}

/** Tasks that take so many times the usual, and compute for less than this share of it, wait for something. */
const SLOW_FACTOR = 1.5;
const SLOW_CPU_MAX = 0.5;
const DEVIATIONS_MIN = 4;
/** Executions that are recent, and those without which there is no history. */
const RECENT = 32;
const HISTORY_MIN = 32;
/** What is unusual becomes usual too, but slowly. */
const HISTORY_MS = 60_000;
const SLOW_WEIGHT = 0.1;
/** So long the pool waits for what is slow to recover before it tries whether more workers help. */
const SLOW_HOLD_MS = 30_000;

const NOTHING: Sums = { count: 0, log: 0, logSquared: 0 };

export const NOT_SLOW: SlowMemory = { functions: new Map(), factor: 1, deviations: 0, slowSinceMs: undefined };

/** Takes in one look. */
export function observeSlow(memory: SlowMemory, { nowMs, flow, host }: ScalingSignals, elapsedMs: number): SlowMemory {
  const seen = flow.functions ?? [];
  const ended = seen.reduce((sum, { name, count }) => sum + count - (memory.functions.get(name)?.seen.count ?? 0), 0);
  if (ended <= 0) return memory;
  const recentFade = Math.exp(-ended / RECENT);
  const weight = memory.slowSinceMs === undefined ? 1 : SLOW_WEIGHT;
  const historyFade = Math.exp((-weight * elapsedMs) / HISTORY_MS);
  const functions = new Map<string, FunctionHistory>();
  for (const each of seen) functions.set(each.name, observeFunction(memory.functions.get(each.name), each, recentFade, historyFade, weight));
  const found = { ...compare(functions.values()), functions };
  return { ...found, slowSinceMs: waitsDownstream(found, host.cpuDemand) ? (memory.slowSinceMs ?? nowMs) : undefined };
}

/** Whether tasks that mostly wait take longer than usual. */
export function waitsDownstream({ factor, deviations }: Pick<SlowMemory, 'factor' | 'deviations'>, cpuDemand: number | undefined): boolean {
  return mostlyWaits(cpuDemand) && factor > SLOW_FACTOR && deviations > DEVIATIONS_MIN;
}

/** Whether tasks mostly wait. */
export function mostlyWaits(cpuDemand: number | undefined): boolean {
  return cpuDemand !== undefined && cpuDemand < SLOW_CPU_MAX;
}

/** Whether what is slow may still recover. */
export function mayRecover({ slowSinceMs }: SlowMemory, nowMs: number): boolean {
  return nowMs - (slowSinceMs ?? -Infinity) < SLOW_HOLD_MS;
}

/** What fades from the recent ones is history: no execution is compared with itself. */
function observeFunction(known: FunctionHistory | undefined, now: FunctionFlow, recentFade: number, historyFade: number, weight: number): FunctionHistory {
  const { seen, recent, before } = known ?? { seen: NOTHING, recent: NOTHING, before: NOTHING };
  return {
    seen: now,
    recent: sum(recent, recentFade, difference(now, seen), 1),
    before: sum(before, historyFade, recent, weight * (1 - recentFade)),
  };
}

function compare(functions: Iterable<FunctionHistory>): { readonly factor: number; readonly deviations: number } {
  let weights = 0;
  let excess = 0;
  let variance = 0;
  for (const { recent, before } of functions) {
    if (before.count < HISTORY_MIN) continue;
    const mean = before.log / before.count;
    // Functions count by the time they usually take: short ones beside them say nothing of a service that they do not use.
    const weight = Math.exp(mean);
    weights += weight * recent.count;
    excess += weight * (recent.log - recent.count * mean);
    // The history is itself only so sure.
    variance += weight ** 2 * Math.max(0, before.logSquared / before.count - mean ** 2) * recent.count * (1 + recent.count / before.count);
  }
  if (weights === 0) return { factor: 1, deviations: 0 };
  return { factor: Math.exp(excess / weights), deviations: excess / Math.max(Number.EPSILON, Math.sqrt(variance)) };
}

function sum(a: Sums, weightA: number, b: Sums, weightB: number): Sums {
  return {
    count: a.count * weightA + b.count * weightB,
    log: a.log * weightA + b.log * weightB,
    logSquared: a.logSquared * weightA + b.logSquared * weightB,
  };
}

function difference(a: Sums, b: Sums): Sums {
  return sum(a, 1, b, -1);
}
