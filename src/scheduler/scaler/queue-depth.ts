/**
 * Sizing by the length of the queue.
 *
 *     grow     tasks wait beyond what the starting workers will take, and >= 80 % of the ready workers are busy:
 *              add one worker a waiting task, up to the maximum, in one step
 *     shrink   otherwise, with no worker starting: the workers that have been idle for 5 s leave, down to the minimum
 */
import { numberWithin, ownOptions } from '../../runtime/own-options.js';
import type { ScalingDecision, ScalingPolicy, ScalingSignals } from './scaling-policy.js';
import { INTERVAL_MS_MAX, backWithinLimits, busyShare, percent, situation, withinLimits } from './signals.js';

export interface QueueDepthOptions {
  /** Time between two decisions, in ms. Default 500. */
  readonly intervalMs?: number;
  /** Share of the ready workers, 0 to 1, that must be busy before it grows. Default 0.8. */
  readonly busyShareMin?: number;
  /** How long a worker must have been idle before it leaves, in ms. Default 5,000. */
  readonly idleMs?: number;
}

type QueueDepthNumbers = Required<QueueDepthOptions>;

const KEYS = ['intervalMs', 'busyShareMin', 'idleMs'] as const satisfies (keyof QueueDepthOptions)[];

/**
 * The policy `'queue-depth'`. It remembers nothing.
 *
 * @param option name for errors
 * @throws OptionError when an option is unknown or out of range
 */
export function queueDepth(options?: QueueDepthOptions, option = 'queueDepth'): ScalingPolicy<undefined> {
  const numbers = parse(option, options);
  return {
    name: 'queue-depth',
    intervalMs: numbers.intervalMs,
    initial: () => undefined,
    decide: (signals) => ({ decision: decide(numbers, signals), memory: undefined }),
  };
}

function parse(option: string, options: QueueDepthOptions | undefined): QueueDepthNumbers {
  const own = ownOptions<QueueDepthOptions>(option, options, KEYS);
  return {
    intervalMs: numberWithin(`${option}.intervalMs`, own.intervalMs ?? 500, 1, INTERVAL_MS_MAX),
    busyShareMin: numberWithin(`${option}.busyShareMin`, own.busyShareMin ?? 0.8, 0, 1),
    idleMs: numberWithin(`${option}.idleMs`, own.idleMs ?? 5_000, 0, Number.MAX_SAFE_INTEGER),
  };
}

function decide(numbers: QueueDepthNumbers, signals: ScalingSignals): ScalingDecision {
  return (
    grow(numbers, signals) ?? backWithinLimits(signals) ?? shrink(numbers, signals) ?? { target: signals.workers, reason: `no change: ${situation(signals)}` }
  );
}

function grow({ busyShareMin }: QueueDepthNumbers, signals: ScalingSignals): ScalingDecision | undefined {
  const { workers, max, queueDepth: depth, starting, concurrency } = signals;
  const added = Math.min(depth - starting * concurrency, max - workers);
  if (added <= 0 || busyShare(signals) < busyShareMin) return undefined;
  const target = withinLimits(workers + added, signals);
  return { target, reason: `${situation(signals)} (grows from ${percent(busyShareMin)} busy): add ${target - workers}, at most ${max}` };
}

/** The last worker does not leave while tasks wait, even when it may not take them now (a paused pool). */
function shrink({ idleMs }: QueueDepthNumbers, signals: ScalingSignals): ScalingDecision | undefined {
  const { workers, starting, min, queueDepth: depth } = signals;
  const idle = signals.idleMs.filter((ms) => ms >= idleMs).length;
  const leaving = Math.min(idle, workers - Math.max(min, depth > 0 ? 1 : 0));
  if (starting > 0 || leaving <= 0) return undefined;
  return { target: workers - leaving, reason: `${idle} of ${workers} workers idle for ${idleMs} ms: remove ${leaving}, at least ${min} stay` };
}
