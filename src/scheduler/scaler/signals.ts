/** What the policies have in common: how they read their signals, and their limits. */
import type { HostSignals, ScalingDecision, ScalingSignals } from './scaling-policy.js';

/** The longest time between two decisions: a day. */
export const INTERVAL_MS_MAX = 86_400_000;

/** Share of the ready workers that are busy, 0 to 1; 1 where none is ready, since then none is free. */
export function busyShare({ workers, starting, busy }: ScalingSignals): number {
  const ready = workers - starting;
  return ready <= 0 ? 1 : busy / ready;
}

export function withinLimits(target: number, { min, max }: ScalingSignals): number {
  return Math.min(max, Math.max(min, target));
}

/** The decision for a pool with fewer workers than its minimum or more than its maximum. */
export function backWithinLimits(signals: ScalingSignals): ScalingDecision | undefined {
  const { workers, min, max } = signals;
  if (workers < min) return { target: min, reason: `${workers} workers are fewer than the minimum of ${min}: start ${min - workers}` };
  if (workers > max) return { target: max, reason: `${workers} workers are more than the maximum of ${max}: stop ${workers - max}` };
  return undefined;
}

/** The numbers in words: `queue depth 3, 2 of 4 ready workers busy, 1 starting`. */
export function situation({ queueDepth, workers, starting, busy }: ScalingSignals): string {
  return `queue depth ${queueDepth}, ${busy} of ${workers - starting} ready workers busy, ${starting} starting`;
}

export function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

/** A host that tells nothing but its cores. */
export function quietHost(cores: number): HostSignals {
  return {
    cores,
    cpuDemand: undefined,
    cpuWait: undefined,
    throttled: undefined,
    cpuPressure: undefined,
    memoryPressure: undefined,
    memoryUse: undefined,
    workersFit: undefined,
    blocked: 0,
  };
}
