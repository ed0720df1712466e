/**
 * Sizing by fixed thresholds, decided every 2 s.
 *
 *     up      queue depth > 50 and CPU < 75 %   -> 2 workers more     once it has held for `holdUpMs`
 *     down    queue depth < 25 and CPU < 30 %   -> 1 worker less      once it has held for `holdDownMs`, and so long after the last up
 *
 * Between the two lies a band where nothing changes; together with the hold times it keeps the size from flapping. A condition that goes on
 * holding acts again at each decision. A pool that has tasks and no worker gets one at once.
 */
import { OptionError } from '../../errors.js';
import { numberWithin, ownOptions, wholeNumber } from '../../runtime/own-options.js';
import type { ScalingDecision, ScalingPolicy, ScalingSignals } from './scaling-policy.js';
import { INTERVAL_MS_MAX, backWithinLimits, busyShare, percent, withinLimits } from './signals.js';

export interface ThresholdOptions {
  /** Time between two decisions, in ms. Default 2,000. */
  readonly intervalMs?: number;
  /** It grows above this many waiting tasks. Default 50. */
  readonly depthUp?: number;
  /** It grows below this CPU use, 0 to 1: above it more workers would only share the same cores. Default 0.75. */
  readonly cpuUp?: number;
  /** Workers added at once. Default 2. */
  readonly stepUp?: number;
  /** How long the condition to grow must have held, in ms. Default two intervals. */
  readonly holdUpMs?: number;
  /** It shrinks below this many waiting tasks; at most `depthUp`. Default 25. */
  readonly depthDown?: number;
  /** It shrinks below this CPU use, 0 to 1. Where CPU use is not known the share of busy workers stands for it. Default 0.3. */
  readonly cpuDown?: number;
  /** Workers removed at once. Default 1. */
  readonly stepDown?: number;
  /** How long the condition to shrink must have held, and how long it must be since it grew, in ms. Default two intervals. */
  readonly holdDownMs?: number;
}

type ThresholdNumbers = Required<ThresholdOptions>;

/** Since when each condition holds without a break, and when the policy last grew. */
export interface ThresholdMemory {
  readonly upSinceMs: number | undefined;
  readonly downSinceMs: number | undefined;
  readonly grewAtMs: number;
}

const KEYS = [
  'intervalMs',
  'depthUp',
  'cpuUp',
  'stepUp',
  'holdUpMs',
  'depthDown',
  'cpuDown',
  'stepDown',
  'holdDownMs',
] as const satisfies (keyof ThresholdOptions)[];

/**
 * The policy `'threshold'`.
 *
 * @param option name for errors
 * @throws OptionError when an option is unknown or out of range, or when the two conditions could hold at once
 */
export function threshold(options?: ThresholdOptions, option = 'threshold'): ScalingPolicy<ThresholdMemory> {
  const numbers = parse(option, options);
  return {
    name: 'threshold',
    intervalMs: numbers.intervalMs,
    initial: () => ({ upSinceMs: undefined, downSinceMs: undefined, grewAtMs: -Infinity }),
    decide: (signals, memory) => decide(numbers, signals, observe(numbers, signals, memory)),
  };
}

function parse(option: string, options: ThresholdOptions | undefined): ThresholdNumbers {
  const own = ownOptions<ThresholdOptions>(option, options, KEYS);
  const intervalMs = numberWithin(`${option}.intervalMs`, own.intervalMs ?? 2_000, 1, INTERVAL_MS_MAX);
  const depthUp = numberWithin(`${option}.depthUp`, own.depthUp ?? 50, 0, Number.MAX_SAFE_INTEGER);
  const depthDown = numberWithin(`${option}.depthDown`, own.depthDown ?? Math.min(25, depthUp), 0, Number.MAX_SAFE_INTEGER);
  if (depthDown > depthUp)
    throw new OptionError(`${option}.depthDown`, `at most depthUp (${depthUp})`, depthDown, 'Otherwise it would grow and shrink at once');
  return {
    intervalMs,
    depthUp,
    depthDown,
    cpuUp: numberWithin(`${option}.cpuUp`, own.cpuUp ?? 0.75, 0, 1),
    cpuDown: numberWithin(`${option}.cpuDown`, own.cpuDown ?? 0.3, 0, 1),
    stepUp: wholeNumber(`${option}.stepUp`, own.stepUp ?? 2, 1),
    stepDown: wholeNumber(`${option}.stepDown`, own.stepDown ?? 1, 1),
    holdUpMs: numberWithin(`${option}.holdUpMs`, own.holdUpMs ?? 2 * intervalMs, 0, Number.MAX_SAFE_INTEGER),
    holdDownMs: numberWithin(`${option}.holdDownMs`, own.holdDownMs ?? 2 * intervalMs, 0, Number.MAX_SAFE_INTEGER),
  };
}

/** Notes since when each condition holds. */
function observe(numbers: ThresholdNumbers, signals: ScalingSignals, memory: ThresholdMemory): ThresholdMemory {
  const { nowMs, queueDepth: depth, cpu } = signals;
  const up = depth > numbers.depthUp && (cpu === undefined || cpu < numbers.cpuUp);
  const down = depth < numbers.depthDown && (cpu ?? busyShare(signals)) < numbers.cpuDown;
  return {
    upSinceMs: up ? (memory.upSinceMs ?? nowMs) : undefined,
    downSinceMs: down ? (memory.downSinceMs ?? nowMs) : undefined,
    grewAtMs: memory.grewAtMs,
  };
}

function decide(numbers: ThresholdNumbers, signals: ScalingSignals, memory: ThresholdMemory): { decision: ScalingDecision; memory: ThresholdMemory } {
  const { workers, nowMs } = signals;
  const decision = first(signals) ?? backWithinLimits(signals) ?? up(numbers, signals, memory) ?? down(numbers, signals, memory) ?? hold(signals);
  return { decision, memory: decision.target > workers ? { ...memory, grewAtMs: nowMs } : memory };
}

function first(signals: ScalingSignals): ScalingDecision | undefined {
  const { workers, queueDepth: depth } = signals;
  if (workers > 0 || depth === 0) return undefined;
  const target = withinLimits(1, signals);
  return { target, reason: `queue depth ${depth} and no worker: start ${target}` };
}

function up(numbers: ThresholdNumbers, signals: ScalingSignals, { upSinceMs }: ThresholdMemory): ScalingDecision | undefined {
  const { nowMs, workers, max } = signals;
  if (upSinceMs === undefined || nowMs - upSinceMs < numbers.holdUpMs || workers >= max) return undefined;
  const target = withinLimits(workers + numbers.stepUp, signals);
  const limits = `above ${numbers.depthUp}, below ${percent(numbers.cpuUp)}`;
  return { target, reason: `${load(signals)} (${limits}) for ${Math.round(nowMs - upSinceMs)} ms: add ${target - workers}, at most ${max}` };
}

/** The last worker stays while there are tasks. */
function down(numbers: ThresholdNumbers, signals: ScalingSignals, { downSinceMs, grewAtMs }: ThresholdMemory): ScalingDecision | undefined {
  const { nowMs, workers, min, queueDepth: depth, inFlight } = signals;
  if (downSinceMs === undefined || nowMs - downSinceMs < numbers.holdDownMs || nowMs - grewAtMs < numbers.holdDownMs) return undefined;
  const target = Math.max(min, depth + inFlight > 0 ? 1 : 0, workers - numbers.stepDown);
  if (target >= workers) return undefined;
  const limits = `below ${numbers.depthDown}, below ${percent(numbers.cpuDown)}`;
  return { target, reason: `${load(signals)} (${limits}) for ${Math.round(nowMs - downSinceMs)} ms: remove ${workers - target}, at least ${min} stay` };
}

function hold(signals: ScalingSignals): ScalingDecision {
  return { target: signals.workers, reason: `no change: ${load(signals)}, ${signals.workers} workers` };
}

function load(signals: ScalingSignals): string {
  const use = signals.cpu === undefined ? `CPU unknown, ${percent(busyShare(signals))} busy` : `CPU ${percent(signals.cpu)}`;
  return `queue depth ${signals.queueDepth} and ${use}`;
}
