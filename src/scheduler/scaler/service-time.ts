/**
 * How long a task occupies its place in a worker: the time all places were occupied over the executions that ended in it, fading with the number of
 * executions. Tasks that still run count with what they have run, so that ones that suddenly take long are noticed before the first of them has ended.
 *
 * There are several such means (`fading-means.ts`): the slowest remembers thousands of executions as long as they go on as they did.
 */
import { agreed, faded, NOTHING, slowest, type FadingMean } from './fading-means.js';
import type { FlowSignals } from './scaling-policy.js';

export interface ServiceMemory {
  readonly finished: number;
  /** `occupiedMs + runningMs` at the last look. */
  readonly spentMs: number;
  /** Sums of ms over executions, the one that fades fastest first. */
  readonly means: readonly FadingMean[];
  /** The tasks mostly wait. */
  readonly waiting: boolean;
  /** Executions and their ms since the spread was last looked at. */
  readonly batch: FadingMean;
  /** Fading sum of (ms - expected)^2 / expected of batches, in units of the mean, and its weight. */
  readonly spread: number;
  readonly spreadWeight: number;
}

/** What is known of the service time. */
export interface ServiceEstimate {
  /** Mean time a task occupies a place, in ms, > 0. */
  readonly serviceMs: number;
  /** The same of the last few dozen executions: for whoever must see a change at once. */
  readonly nowMs: number;
  /** Variance over the square of the mean, from 0 up. */
  readonly scv: number;
  /** Standard error of `serviceMs` as a share of it. */
  readonly error: number;
}

/** Executions after which the weight of the earlier ones has fallen to 1/e, for each of the means. */
const MEMORY_TASKS = [32, 128, 512, 2_048, 8_192];
/** Which of them counts for tasks that mostly wait. */
const WAITING = 2;
/** Before the first execution has ended: a short task, of the kind that is worth a worker at all. */
const SERVICE_MS_GUESS = 50;
/** Executions that are compared with the mean together, how many such comparisons count, and how much one of them may. */
const BATCH = 16;
const BATCHES = 64;
const SPREAD_MAX = 256;

export function noService(flow: FlowSignals): ServiceMemory {
  return { finished: flow.finished, spentMs: flow.occupiedMs + flow.runningMs, means: [], waiting: false, batch: NOTHING, spread: 0, spreadWeight: 0 };
}

/**
 * Takes in one look.
 *
 * @param waiting the tasks mostly wait: when they suddenly take longer it is for something that more workers would not make any faster, and no change point
 */
export function observeService(memory: ServiceMemory, flow: FlowSignals, waiting = false): ServiceMemory {
  const spentMs = flow.occupiedMs + flow.runningMs;
  const weight = Math.max(0, flow.finished - memory.finished);
  const sum = spentMs - memory.spentMs;
  if (weight === 0 && sum === 0) return memory;
  const { serviceMs, scv } = serviceEstimate(memory);
  const means = MEMORY_TASKS.map((tasks, index) => {
    const fade = Math.exp(-weight / tasks);
    // Of more executions at one look than a mean remembers it takes in no more than that.
    const share = weight === 0 ? 1 : (tasks * (1 - fade)) / weight;
    return faded(memory.means[index] ?? NOTHING, fade, { sum: sum * share, weight: weight * share });
  });
  const positive = means.map(notNegative);
  const next = waiting ? positive : agreed(positive, serviceMs, scv);
  // What is new is not spread.
  const changed = next.at(-1) !== positive.at(-1) || memory.means.length === 0;
  const seen = changed ? { ...memory, batch: NOTHING } : observeSpread(memory, { sum, weight }, serviceMs);
  return { ...seen, finished: flow.finished, spentMs, waiting, means: next };
}

/** Mean time a task occupies a place, and how far it can be trusted. */
export function serviceEstimate(memory: ServiceMemory): ServiceEstimate {
  const { means, waiting, spread, spreadWeight } = memory;
  const slow = waiting ? (means[WAITING] ?? NOTHING) : slowest(means);
  const scv = (spread + 1) / (spreadWeight + 1);
  return {
    serviceMs: meanOf(slow),
    nowMs: meanOf(means[0] ?? NOTHING),
    scv,
    // A fading mean over n executions has the variance of a plain one over 2 n.
    error: slow.weight > 0 ? Math.sqrt(scv / (2 * slow.weight)) : 0,
  };
}

function meanOf({ sum, weight }: FadingMean): number {
  if (weight < 1) return Math.max(SERVICE_MS_GUESS, sum);
  return Math.max(Number.MIN_VALUE, sum / weight);
}

/** Where what runs was counted for longer than it took. */
function notNegative({ sum, weight }: FadingMean): FadingMean {
  return { sum: Math.max(0, sum), weight };
}

/** The time that executions take together strays from so many times the mean by the spread of the single ones. */
function observeSpread(memory: ServiceMemory, look: FadingMean, serviceMs: number): ServiceMemory {
  const batch = faded(memory.batch, 1, look);
  if (batch.weight < BATCH) return { ...memory, batch };
  const deviation = (batch.sum / serviceMs - batch.weight) ** 2 / batch.weight;
  const fade = Math.exp(-1 / BATCHES);
  return { ...memory, batch: NOTHING, spread: memory.spread * fade + Math.min(SPREAD_MAX, deviation), spreadWeight: memory.spreadWeight * fade + 1 };
}
