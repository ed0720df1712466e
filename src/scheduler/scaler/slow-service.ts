/**
 * Whether tasks wait for something that has become slow: then more workers would not make it any faster.
 *
 * The sign is that tasks that mostly wait take longer than they used to. Then the pool waits for half a minute, and after that grows by a quarter at a time
 * and waits for the measure of `growth-veto.ts`, instead of in one step.
 */
import type { ScalingSignals } from './scaling-policy.js';

export interface SlowMemory {
  /** Service time in ordinary times: a fading mean. */
  readonly usualServiceMs: number;
  /** How long it has been observed, in ms. */
  readonly usualMs: number;
  /** Since when tasks wait for something; `undefined` while they do not. */
  readonly slowSinceMs: number | undefined;
}

/** Tasks that take so many times the usual, and compute for less than this share of it, wait for something. */
const SLOW_FACTOR = 1.5;
const SLOW_CPU_MAX = 0.5;
/** So long the pool waits for what is slow to recover before it tries whether more workers help. */
const SLOW_HOLD_MS = 30_000;
const USUAL_MS = 60_000;

export const NOT_SLOW: SlowMemory = { usualServiceMs: NaN, usualMs: 0, slowSinceMs: undefined };

/** Takes in one look. */
export function observeSlow(memory: SlowMemory, { nowMs, flow, host }: ScalingSignals, serviceMs: number, elapsedMs: number): SlowMemory {
  if (flow.finished === 0) return memory;
  const slow = waitsDownstream(memory, serviceMs, host.cpuDemand);
  const usualMs = memory.usualMs + elapsedMs;
  // What is unusual becomes usual too, but slowly. At first everything seen counts the same.
  const weight = Math.max(1 - Math.exp(-elapsedMs / (slow ? 10 * USUAL_MS : USUAL_MS)), slow || usualMs === 0 ? 0 : Math.min(1, elapsedMs / usualMs));
  return { usualMs, slowSinceMs: slow ? (memory.slowSinceMs ?? nowMs) : undefined, usualServiceMs: towards(memory.usualServiceMs, serviceMs, weight) };
}

/** Whether tasks that mostly wait take longer than usual. */
export function waitsDownstream({ usualServiceMs }: SlowMemory, serviceMs: number, cpuDemand: number | undefined): boolean {
  return cpuDemand !== undefined && cpuDemand < SLOW_CPU_MAX && serviceMs > SLOW_FACTOR * usualServiceMs;
}

/** Whether what is slow may still recover. */
export function mayRecover({ slowSinceMs }: SlowMemory, nowMs: number): boolean {
  return nowMs - (slowSinceMs ?? -Infinity) < SLOW_HOLD_MS;
}

function towards(mean: number, value: number, weight: number): number {
  return Number.isNaN(mean) ? value : mean + weight * (value - mean);
}
