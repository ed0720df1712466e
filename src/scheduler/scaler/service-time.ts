/**
 * How long a task occupies its place in a worker: the time all places were occupied over the executions that ended in it, both fading with the
 * number of executions. Tasks that still run count with what they have run, so that ones that suddenly take long are noticed before the first
 * of them has ended.
 */
import type { FlowSignals } from './scaling-policy.js';

export interface ServiceMemory {
  readonly finished: number;
  /** `occupiedMs + runningMs` at the last look. */
  readonly spentMs: number;
  readonly fadedFinished: number;
  readonly fadedMs: number;
}

/** Executions after which the weight of the earlier ones has fallen to 1/e. */
const MEMORY_TASKS = 512;
/** For whoever must see a change at once. */
export const MEMORY_TASKS_SHORT = 32;
/** Before the first execution has ended: a short task, of the kind that is worth a worker at all. */
const SERVICE_MS_GUESS = 50;

export function noService(flow: FlowSignals): ServiceMemory {
  return { finished: flow.finished, spentMs: flow.occupiedMs + flow.runningMs, fadedFinished: 0, fadedMs: 0 };
}

export function observeService(memory: ServiceMemory, flow: FlowSignals, memoryTasks: number = MEMORY_TASKS): ServiceMemory {
  const spentMs = flow.occupiedMs + flow.runningMs;
  const finished = Math.max(0, flow.finished - memory.finished);
  const fade = Math.exp(-finished / memoryTasks);
  const weight = memoryTasks * (1 - fade);
  const newMs = (spentMs - memory.spentMs) * (finished === 0 ? 1 : weight / finished);
  return {
    finished: flow.finished,
    spentMs,
    fadedFinished: memory.fadedFinished * fade + weight,
    fadedMs: Math.max(0, memory.fadedMs * fade + newMs),
  };
}

/** Mean time a task occupies a place, in ms, > 0. */
export function serviceMs({ fadedFinished, fadedMs }: ServiceMemory): number {
  if (fadedFinished < 1) return Math.max(SERVICE_MS_GUESS, fadedMs);
  return Math.max(Number.MIN_VALUE, fadedMs / fadedFinished);
}
