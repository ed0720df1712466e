/**
 * The life of a task as one pure table.
 *
 *   QUEUED -> DISPATCHED -> EXECUTING -> COMPLETED | FAILED | CANCELLED
 *     ^  \        |  \          |
 *     |   \       v   \         v
 *   DELAYED <-----+----\--------+          (retry wait, scheduled start)
 *
 * A task holds its state in one field; {@link transition} is the only way to change it and throws on a step that is not in the table.
 * Terminal states have no way out: that is what "settles exactly once" rests on.
 */
import { MillraceError } from '../errors.js';

/** The state of a task. */
export type TaskState = 'QUEUED' | 'DELAYED' | 'DISPATCHED' | 'EXECUTING' | 'COMPLETED' | 'FAILED' | 'CANCELLED';

/** State codes: small integers, so that the state of a million queued tasks costs nothing. */
export const QUEUED = 0;
export const DELAYED = 1;
export const DISPATCHED = 2;
export const EXECUTING = 3;
export const COMPLETED = 4;
export const FAILED = 5;
export const CANCELLED = 6;

/** One of the state codes above. */
export type StateCode = 0 | 1 | 2 | 3 | 4 | 5 | 6;

const NAMES: readonly TaskState[] = ['QUEUED', 'DELAYED', 'DISPATCHED', 'EXECUTING', 'COMPLETED', 'FAILED', 'CANCELLED'];

/** `NEXT[from]` is a bit set of the states that may follow `from`. */
const NEXT: readonly number[] = [
  /* QUEUED     */ bits(DISPATCHED, FAILED, CANCELLED),
  /* DELAYED    */ bits(QUEUED, FAILED, CANCELLED),
  /* DISPATCHED */ bits(EXECUTING, QUEUED, DELAYED, COMPLETED, FAILED, CANCELLED),
  /* EXECUTING  */ bits(QUEUED, DELAYED, COMPLETED, FAILED, CANCELLED),
  /* COMPLETED  */ 0,
  /* FAILED     */ 0,
  /* CANCELLED  */ 0,
];

/** Returns `to` when the table connects the two states, throws `ERR_ILLEGAL_TRANSITION` otherwise. */
export function transition(from: StateCode, to: StateCode): StateCode {
  if (((NEXT[from] as number) & (1 << to)) === 0) {
    throw new MillraceError('ERR_ILLEGAL_TRANSITION', `illegal task transition ${stateName(from)} -> ${stateName(to)}`);
  }
  return to;
}

/** Whether the task has its outcome. */
export function isTerminal(state: StateCode): boolean {
  return state >= COMPLETED;
}

/** Whether the task has been handed to a worker and has no outcome yet. */
export function isInFlight(state: StateCode): boolean {
  return state === DISPATCHED || state === EXECUTING;
}

export function stateName(state: StateCode): TaskState {
  return NAMES[state] as TaskState;
}

function bits(...states: StateCode[]): number {
  return states.reduce<number>((set, state) => set | (1 << state), 0);
}
