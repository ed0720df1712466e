/**
 * Keeps a pool from giving up workers that it starts again soon after: each time it grows after having shrunk within the last two idle timeouts, the
 * timeout doubles, up to eight times its length; six quiet timeouts halve it.
 */

export interface FlapMemory {
  /** Factor on the idle timeout, 1 to {@link FLAP_FACTOR_MAX}. */
  readonly factor: number;
  readonly grewAtMs: number;
  readonly shrankAtMs: number;
  /** When the factor last changed. */
  readonly changedAtMs: number;
}

const FLAP_FACTOR_MAX = 8;
const QUIET_TIMEOUTS = 6;

export const NO_FLAPS: FlapMemory = { factor: 1, grewAtMs: -Infinity, shrankAtMs: -Infinity, changedAtMs: -Infinity };

/** The pool grows now. `idleMs` is the idle timeout with its factor. */
export function flapGrew(memory: FlapMemory, nowMs: number, idleMs: number): FlapMemory {
  const reversed = memory.shrankAtMs > memory.grewAtMs && nowMs - memory.shrankAtMs <= 2 * idleMs;
  if (!reversed) return { ...memory, grewAtMs: nowMs };
  return { ...memory, factor: Math.min(FLAP_FACTOR_MAX, memory.factor * 2), grewAtMs: nowMs, changedAtMs: nowMs };
}

export function flapShrank(memory: FlapMemory, nowMs: number): FlapMemory {
  return { ...memory, shrankAtMs: nowMs };
}

export function flapCalmed(memory: FlapMemory, nowMs: number, idleMs: number): FlapMemory {
  if (memory.factor === 1 || nowMs - memory.changedAtMs < QUIET_TIMEOUTS * idleMs) return memory;
  return { ...memory, factor: Math.max(1, memory.factor / 2), changedAtMs: nowMs };
}
