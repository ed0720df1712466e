/**
 * Climbing the hill of throughput, for comparison: goes on in a direction while throughput rises by what the workers cost, turns back when it does not.
 * As .NET's thread pool does, but with a plain step in place of its wave: throughput is told from busy workers and the queue, as a policy sees them.
 */
import type { ScalingPolicy } from '../../scheduler/scaler/scaling-policy.js';

export interface HillClimbingOptions {
  /** Default 500. */
  readonly intervalMs?: number;
  /** Workers a step. Default 1. */
  readonly step?: number;
  /** Share of a worker's work that one worker more must add. Default 0.15. */
  readonly gainMin?: number;
}

interface Memory {
  readonly direction: 1 | -1;
  /** Mean busy workers over the interval before, which throughput is proportional to. */
  readonly busy: number;
  readonly workers: number;
}

export function hillClimbing(options: HillClimbingOptions = {}): ScalingPolicy<Memory> {
  const { intervalMs = 500, step = 1, gainMin = 0.15 } = options;
  return {
    name: 'hill-climbing',
    intervalMs,
    initial: () => ({ direction: 1, busy: 0, workers: 0 }),
    decide({ workers, starting, busy, queueDepth, min, max }, memory) {
      const smooth = memory.busy === 0 ? busy : 0.5 * memory.busy + 0.5 * busy;
      const added = workers - memory.workers;
      const gain = added === 0 ? 0 : (smooth - memory.busy) / added;
      const paid = added > 0 ? gain >= gainMin : gain < gainMin;
      const direction: 1 | -1 = starting > 0 ? memory.direction : paid ? memory.direction : memory.direction === 1 ? -1 : 1;
      const least = Math.max(min, queueDepth + busy > 0 ? 1 : 0);
      const wanted = starting > 0 ? workers : workers + direction * step;
      return {
        decision: {
          target: Math.min(max, Math.max(least, wanted)),
          reason: `${direction === 1 ? 'up' : 'down'}: a worker more adds ${gain.toFixed(2)} of its work`,
        },
        memory: { direction, busy: smooth, workers },
      };
    },
  };
}
