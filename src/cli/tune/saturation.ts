/**
 * From throughput and latency over the number of tasks at once to the options of a pool. Pure: what is measured comes as numbers.
 *
 *     tasks/s        ___________          knee: the fewest at once that give 95 % of the most
 *                .--'
 *              /                          left of it a task more is a task more a second,
 *            /                            right of it a task more only waits
 *           1    2    4    8   16   at once
 */
import type { WorkerKind } from '../../worker/worker.js';

/** One measurement: so many tasks at once, always. */
export interface Measurement {
  readonly atOnce: number;
  readonly throughputPerS: number;
  readonly latencyMeanMs: number;
  readonly latencyP99Ms: number;
  /** CPU time a task took, the pool's own part included, in ms. */
  readonly cpuMs: number;
}

export type Measure = (kind: WorkerKind, atOnce: number) => Promise<Measurement>;

/** What one kind of worker can do. */
export interface Saturation {
  readonly kind: WorkerKind;
  readonly points: readonly Measurement[];
  readonly knee: Measurement;
  /** Time of a task alone, and how much of it is CPU and how much waits, in ms. */
  readonly aloneMs: number;
  readonly cpuMs: number;
  readonly waitMs: number;
  /** Tasks in the pool by Little's law (throughput times latency) over those that were sent: 1 when the measurement is sound. */
  readonly little: number;
}

export interface Recommendation {
  readonly kind: WorkerKind;
  readonly options: string;
  readonly reasons: readonly string[];
}

/** Throughput of the knee as a share of the most. */
const KNEE_SHARE = 0.95;
/** Twice as many at once must bring this much more, or the end is reached; after two such steps no more is measured. */
const GAIN_MIN = 1.05;
/** A kind that costs less is taken when it does so much of the best. */
const GOOD_ENOUGH = 0.9;
/** A function computes so little of its time that one event loop can have many of them going. */
const WAITS_SHARE = 0.7;
const KINDS_CHEAPEST_FIRST: readonly WorkerKind[] = ['async', 'thread', 'process'];

/** Doubles the tasks at once until throughput no longer grows. Measures at most log2(max) + 1 times. */
export async function saturate(kind: WorkerKind, measure: Measure, atOnceMax: number): Promise<Saturation> {
  const points: Measurement[] = [];
  let flat = 0;
  let most = 0;
  for (const atOnce of doublings(atOnceMax)) {
    const point = await measure(kind, atOnce);
    flat = point.throughputPerS < most * GAIN_MIN ? flat + 1 : 0;
    most = Math.max(most, point.throughputPerS);
    points.push(point);
    if (flat === 2) break;
  }
  return saturationOf(kind, points);
}

export function saturationOf(kind: WorkerKind, points: readonly Measurement[]): Saturation {
  const most = Math.max(...points.map(({ throughputPerS }) => throughputPerS));
  const [alone] = points as readonly [Measurement];
  const knee = points.find(({ throughputPerS }) => throughputPerS >= KNEE_SHARE * most) ?? alone;
  const aloneMs = alone.latencyMeanMs;
  const cpuMs = Math.min(aloneMs, alone.cpuMs);
  return { kind, points, knee, aloneMs, cpuMs, waitMs: aloneMs - cpuMs, little: ((knee.throughputPerS / 1_000) * knee.latencyMeanMs) / knee.atOnce };
}

/** The kind and size to use. */
export function recommend(all: readonly Saturation[], cpus: number): Recommendation {
  const most = Math.max(...all.map(({ knee }) => knee.throughputPerS));
  const enough = KINDS_CHEAPEST_FIRST.map((kind) => all.find((each) => each.kind === kind)).filter(
    (each) => each !== undefined && each.knee.throughputPerS >= GOOD_ENOUGH * most,
  );
  const waits = (each: Saturation): boolean => each.waitMs >= WAITS_SHARE * each.aloneMs;
  // What computes blocks the event loop of the caller, however fast it is there.
  const best = (enough.find((each) => each !== undefined && (each.kind !== 'async' || waits(each))) ?? enough[0] ?? all[0]) as Saturation;
  return { kind: best.kind, options: optionsOf(best), reasons: reasonsFor(best, all, cpus) };
}

function optionsOf({ kind, knee }: Saturation): string {
  return kind === 'async' ? `{ worker: 'async', concurrency: ${knee.atOnce} }` : `{ worker: '${kind}', size: { min: 1, max: ${knee.atOnce} } }`;
}

function reasonsFor(best: Saturation, all: readonly Saturation[], cpus: number): string[] {
  const { knee, points, aloneMs, cpuMs, waitMs } = best;
  const last = points.at(-1) as Measurement;
  const share = Math.round((100 * cpuMs) / Math.max(1e-9, aloneMs));
  const reasons = [`alone a task takes ${ms(aloneMs)}: ${ms(cpuMs)} of CPU (${share} %) and ${ms(waitMs)} of waiting`];
  reasons.push(`${knee.atOnce} at once give ${rate(knee.throughputPerS)}, at a p99 of ${ms(knee.latencyP99Ms)}`);
  if (last.atOnce > knee.atOnce)
    reasons.push(`${last.atOnce} at once give ${rate(last.throughputPerS)}, at a p99 of ${ms(last.latencyP99Ms)}: more only waits`);
  else reasons.push('no limit was found: more at once may give more');
  if (cpuMs > 0.01) {
    const byCpu = Math.max(1, Math.round(cpus * (1 + waitMs / cpuMs)));
    reasons.push(`${cpus} CPUs could keep ${byCpu} of them going (CPUs x (1 + waiting / CPU))`);
  }
  for (const other of all)
    if (other !== best)
      reasons.push(
        `${other.kind}: ${rate(other.knee.throughputPerS)} with ${other.knee.atOnce} at once${other.kind === 'async' ? ', on the event loop of the caller' : ''}`,
      );
  return reasons;
}

function* doublings(max: number): Generator<number> {
  for (let atOnce = 1; atOnce < max; atOnce *= 2) yield atOnce;
  yield max;
}

function ms(value: number): string {
  return `${value < 10 ? value.toFixed(2) : value.toFixed(0)} ms`;
}

function rate(perS: number): string {
  return `${perS < 10 ? perS.toFixed(1) : Math.round(perS).toLocaleString('en-US')} tasks/s`;
}
