/**
 * What somebody could have done who knew the traffic in advance.
 *
 * The optimum chooses a number of workers for every slot of time. A slot costs its workers, and the waiting beyond the target that M/G/n has at the
 * slot's load (Erlang C, with the spread of the service times by Lee and Longton); every worker more than in the slot before costs a boot. Dynamic
 * programming over slots and sizes finds the cheapest way in O(slots * sizes). It knows the load of each slot, not the instants within, and puts no work
 * off to a later slot.
 */
import type { LoadSlot } from './recorder.js';

export interface CostModel {
  /** What a second of waiting beyond the target costs, in worker-seconds. */
  readonly missWeight: number;
  /** What a boot costs, in worker-seconds. */
  readonly bootS: number;
  readonly waitTargetMs: number;
  readonly slotMs: number;
  /** Tasks a worker executes at once. */
  readonly concurrency: number;
  readonly max: number;
}

export interface Optimum {
  readonly workerS: number;
  readonly boots: number;
  readonly cost: number;
  readonly sizes: readonly number[];
  readonly fixedWorkers: number;
  readonly fixedCost: number;
  readonly fluidWorkerS: number;
}

export function findOptimum(slots: readonly LoadSlot[], model: CostModel): Optimum {
  const { slotMs, concurrency } = model;
  const sizes = sizesToTry(slots, model);
  const slotCosts = slots.map((slot) => costsOf(slot, sizes, model));
  const plan = cheapestPlan(slotCosts, sizes, model.bootS);
  const slotS = slotMs / 1_000;
  let boots = 0;
  plan.sizes.forEach((size, index) => (boots += Math.max(0, size - (plan.sizes[index - 1] ?? plan.sizes[0] ?? 0))));
  const fixed = sizes.map((size, index) => ({ size, cost: slotCosts.reduce((sum, costs) => sum + (costs[index] as number), 0) }));
  const best = fixed.reduce((a, b) => (b.cost < a.cost ? b : a));
  return {
    workerS: plan.sizes.reduce((sum, size) => sum + size * slotS, 0),
    boots,
    cost: plan.cost,
    sizes: plan.sizes,
    fixedWorkers: best.size,
    fixedCost: best.cost,
    fluidWorkerS: slots.reduce((sum, { workMs }) => sum + workMs / concurrency / 1_000, 0),
  };
}

/** What a second of work without a worker costs: more than any worker. */
const UNSERVED = 1_000;

/** From none to what the busiest slot needs without waiting, at most `max`. */
function sizesToTry(slots: readonly LoadSlot[], { slotMs, concurrency, max }: CostModel): number[] {
  const peak = Math.max(0, ...slots.map(({ workMs }) => workMs / slotMs));
  const most = Math.min(max, Math.max(1, Math.ceil((peak + 4 * Math.sqrt(peak) + 2) / concurrency)));
  return Array.from({ length: most + 1 }, (_, size) => size);
}

/** Cost of a slot for each size: convex and finite, so that the cheapest plan may let a slot wait. */
function costsOf(slot: LoadSlot, sizes: readonly number[], model: CostModel): number[] {
  const slotS = model.slotMs / 1_000;
  return sizes.map((size) => size * slotS + model.missWeight * missS(slot, size, model));
}

/** Waiting beyond the target in one slot, summed over its tasks, in s. A slot must have room for its work: a plan that puts work off is none. */
function missS(slot: LoadSlot, size: number, { slotMs, waitTargetMs, concurrency }: CostModel): number {
  const { arrivals, workMs, serviceMs, serviceSquaredMs } = slot;
  const servers = size * concurrency;
  const offered = workMs / slotMs;
  if (offered === 0) return 0;
  if (offered >= servers) return (UNSERVED * (offered - servers + 1) * slotMs) / 1_000;
  if (arrivals === 0) return 0;
  const meanMs = serviceMs / arrivals;
  const spread = (serviceSquaredMs * arrivals) / serviceMs ** 2 / 2;
  const drainMs = (meanMs * Math.max(0.5, spread)) / (servers - offered);
  return (arrivals * erlangC(servers, offered) * drainMs * Math.exp(-waitTargetMs / drainMs)) / 1_000;
}

/** Probability that a task waits, with `servers` and an offered load below that. O(servers). */
export function erlangC(servers: number, offered: number): number {
  let inverseB = 1;
  for (let n = 1; n <= servers; n += 1) inverseB = 1 + (inverseB * n) / offered;
  const blocked = 1 / inverseB;
  return (servers * blocked) / (servers - offered * (1 - blocked));
}

interface Plan {
  readonly cost: number;
  readonly sizes: readonly number[];
}

/** best[n]: cheapest cost up to this slot that ends with n workers. Growing costs, shrinking is free: two running minima. */
function cheapestPlan(slotCosts: readonly (readonly number[])[], sizes: readonly number[], bootS: number): Plan {
  const count = sizes.length;
  let best: Float64Array = new Float64Array(count);
  const cameFrom: Int32Array[] = [];
  for (const [slot, costs] of slotCosts.entries()) {
    const { next, from } = slot === 0 ? { next: best.slice(), from: Int32Array.from({ length: count }, (_, n) => n) } : move(best, bootS);
    for (let n = 0; n < count; n += 1) next[n] = (next[n] as number) + (costs[n] as number);
    cameFrom.push(from);
    best = next;
  }
  let at = best.indexOf(Math.min(...best));
  const cost = best[at] ?? 0;
  const chosen: number[] = [];
  for (let slot = cameFrom.length - 1; slot >= 0; slot -= 1) {
    chosen.push(at);
    at = cameFrom[slot]?.[at] as number;
  }
  return { cost, sizes: chosen.toReversed() };
}

function move(best: Float64Array, bootS: number): { next: Float64Array; from: Int32Array } {
  const count = best.length;
  const next = new Float64Array(count);
  const from = new Int32Array(count);
  // From a larger or equal size: free.
  let bestAbove = count - 1;
  for (let n = count - 1; n >= 0; n -= 1) {
    if ((best[n] as number) <= (best[bestAbove] as number)) bestAbove = n;
    next[n] = best[bestAbove] as number;
    from[n] = bestAbove;
  }
  // From a smaller one: a boot for each worker more.
  let below = 0;
  for (let n = 1; n < count; n += 1) {
    if ((best[n] as number) - n * bootS < (best[below] as number) - below * bootS) below = n;
    const cost = (best[below] as number) + (n - below) * bootS;
    if (cost >= (next[n] as number)) continue;
    next[n] = cost;
    from[n] = below;
  }
  return { next, from };
}
