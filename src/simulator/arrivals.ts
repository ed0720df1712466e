/**
 * When tasks arrive. Every model but a list of stamps is a rate that is constant for a while, then another; arrivals are Poisson within a stretch, drawn
 * by running a unit-rate process through the integral of the rate, which is exact whatever the lengths of the stretches.
 */
import { OptionError } from '../errors.js';
import type { Random } from '../runtime/random.js';
import { exponential } from './distributions.js';

/** Rates are tasks a second, times ms from the start of the simulation. */
export type ArrivalModel =
  | { readonly kind: 'poisson'; readonly ratePerS: number }
  /** Another rate from `atMs` on, and back at `backAtMs`: a step, or a spike. */
  | { readonly kind: 'step'; readonly fromPerS: number; readonly toPerS: number; readonly atMs: number; readonly backAtMs?: number }
  /** Half a period low, half a period high. */
  | { readonly kind: 'square-wave'; readonly lowPerS: number; readonly highPerS: number; readonly periodMs: number }
  | { readonly kind: 'ramp'; readonly fromPerS: number; readonly toPerS: number; readonly startMs: number; readonly endMs: number }
  /** A sine over `periodMs` with the night at the start; `peakToMean` is at most 2. */
  | { readonly kind: 'diurnal'; readonly meanPerS: number; readonly peakToMean: number; readonly periodMs: number }
  /** Random on and off times (exponential): a Markov-modulated Poisson process of two states. */
  | { readonly kind: 'on-off'; readonly onPerS: number; readonly offPerS: number; readonly onMs: number; readonly offMs: number }
  /** The same with no arrivals while it is off, from the SCV of its gaps; on for a share `duty` (default 0.2) of the time. */
  | { readonly kind: 'bursty'; readonly ratePerS: number; readonly scv: number; readonly duty?: number }
  /** Arrivals counted per interval, as a trace has them; `speed` makes the trace pass that many times faster. */
  | { readonly kind: 'counts'; readonly counts: readonly number[]; readonly intervalMs: number; readonly speed?: number; readonly scale?: number }
  /** Exact instants, in ms, ascending; `speed` as above. `tasks` says of each which kind of task it is, as an index; default drawn by the weights. */
  | { readonly kind: 'stamps'; readonly stampsMs: readonly number[]; readonly tasks?: readonly number[]; readonly speed?: number };

/** The next arrival, in ms; Infinity when there will be none. Called once an arrival. */
export type ArrivalSampler = () => number;

interface Stretch {
  readonly ratePerMs: number;
  readonly untilMs: number;
}

/** Continuous rates are cut into so many stretches a period. */
const STRETCHES = 500;

/**
 * @param option name for errors
 * @throws OptionError for a model that is unknown or out of range
 */
export function arrivalSampler(option: string, model: ArrivalModel, random: Random): ArrivalSampler {
  checkNumbers(option, model);
  if (model.kind === 'stamps') return fromStamps(model.stampsMs, model.speed ?? 1);
  return fromStretches(stretches(option, model, random), random);
}

function fromStamps(stampsMs: readonly number[], speed: number): ArrivalSampler {
  let index = 0;
  return () => (index < stampsMs.length ? (stampsMs[index++] as number) / speed : Infinity);
}

function fromStretches(all: Iterator<Stretch>, random: Random): ArrivalSampler {
  let nowMs = 0;
  let stretch = all.next();
  return () => {
    let left = exponential(random);
    while (stretch.done !== true) {
      const { ratePerMs, untilMs } = stretch.value;
      const room = (untilMs - nowMs) * ratePerMs;
      if (left < room) {
        nowMs += left / ratePerMs;
        return nowMs;
      }
      if (ratePerMs > 0) left -= room;
      nowMs = untilMs;
      stretch = all.next();
    }
    return Infinity;
  };
}

function* stretches(option: string, model: Exclude<ArrivalModel, { kind: 'stamps' }>, random: Random): Generator<Stretch, void> {
  switch (model.kind) {
    case 'poisson':
      return yield at(model.ratePerS, Infinity);
    case 'step':
      yield at(model.fromPerS, model.atMs);
      if (model.backAtMs !== undefined) yield at(model.toPerS, model.backAtMs);
      return yield at(model.backAtMs === undefined ? model.toPerS : model.fromPerS, Infinity);
    case 'square-wave':
      for (let half = 1; ; half += 1) yield at(half % 2 === 1 ? model.lowPerS : model.highPerS, (half * model.periodMs) / 2);
    case 'ramp':
      return yield* ramp(model);
    case 'diurnal':
      return yield* diurnal(model);
    case 'on-off':
      return yield* onOff(model, random);
    case 'bursty':
      return yield* onOff(burstyAsOnOff(model), random);
    case 'counts':
      return yield* counts(model);
    default:
      throw new OptionError(`${option}.kind`, 'poisson, step, square-wave, ramp, diurnal, on-off, bursty, counts or stamps', (model as { kind: unknown }).kind);
  }
}

function at(ratePerS: number, untilMs: number): Stretch {
  return { ratePerMs: ratePerS / 1_000, untilMs };
}

function* ramp({ fromPerS, toPerS, startMs, endMs }: Extract<ArrivalModel, { kind: 'ramp' }>): Generator<Stretch, void> {
  yield at(fromPerS, startMs);
  for (let index = 0; index < STRETCHES; index += 1) {
    const untilMs = startMs + ((index + 1) / STRETCHES) * (endMs - startMs);
    yield at(fromPerS + ((index + 0.5) / STRETCHES) * (toPerS - fromPerS), untilMs);
  }
  yield at(toPerS, Infinity);
}

function* diurnal({ meanPerS, peakToMean, periodMs }: Extract<ArrivalModel, { kind: 'diurnal' }>): Generator<Stretch, void> {
  for (let index = 0; ; index += 1) {
    const phase = (2 * Math.PI * (index + 0.5)) / STRETCHES;
    yield at(meanPerS * Math.max(0, 1 - (peakToMean - 1) * Math.cos(phase)), ((index + 1) * periodMs) / STRETCHES);
  }
}

function* onOff({ onPerS, offPerS, onMs, offMs }: Omit<Extract<ArrivalModel, { kind: 'on-off' }>, 'kind'>, random: Random): Generator<Stretch, void> {
  let nowMs = 0;
  for (let on = random() < onMs / (onMs + offMs); ; on = !on) {
    nowMs += exponential(random) * (on ? onMs : offMs);
    yield at(on ? onPerS : offPerS, nowMs);
  }
}

/** Gaps of an interrupted Poisson process have SCV = 1 + 2·onRate·leaveOn / (leaveOn + leaveOff)². */
function burstyAsOnOff({ ratePerS, scv, duty = 0.2 }: Extract<ArrivalModel, { kind: 'bursty' }>): Omit<Extract<ArrivalModel, { kind: 'on-off' }>, 'kind'> {
  const onPerS = ratePerS / duty;
  const turnsPerS = (2 * onPerS * (1 - duty)) / Math.max(1e-9, scv - 1);
  return { onPerS, offPerS: 0, onMs: 1_000 / (turnsPerS * (1 - duty)), offMs: 1_000 / (turnsPerS * duty) };
}

function* counts({ counts, intervalMs, speed = 1, scale = 1 }: Extract<ArrivalModel, { kind: 'counts' }>): Generator<Stretch, void> {
  const lengthMs = intervalMs / speed;
  for (const [index, count] of counts.entries()) yield { ratePerMs: (count * scale) / lengthMs, untilMs: (index + 1) * lengthMs };
}

/** Every number of a model is finite and >= 0; periods and speeds are > 0. */
function checkNumbers(option: string, model: ArrivalModel): void {
  if (typeof model !== 'object' || model === null) throw new OptionError(option, "an object such as { kind: 'poisson', ratePerS: 100 }", model);
  for (const [key, value] of Object.entries(model)) {
    if (key === 'kind' || key === 'backAtMs') continue;
    const values: unknown[] = Array.isArray(value) ? value : [value];
    const low = /^(periodMs|intervalMs|speed|onMs|offMs|duty)$/.test(key) ? Number.MIN_VALUE : 0;
    for (const each of values) {
      if (typeof each !== 'number' || !Number.isFinite(each) || each < low)
        throw new OptionError(`${option}.${key}`, `numbers ${low > 0 ? '>' : '>='} 0`, each);
    }
  }
}
