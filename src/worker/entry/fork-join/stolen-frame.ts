/** A child of another worker's task, as the worker that runs it sees it: the frame of that task. */
import type { ForkRoot } from '../../../shared/fork-join/offers.js';
import type { TaskFrame } from '../../../transport/protocol.js';
import type { Child, Family } from './children.js';

/** What crosses with a child: its function and arguments, then what `context()` tells of the task. */
export type ChildPayload = readonly [
  name: string,
  args: readonly unknown[],
  taskName: string,
  sequence: number,
  attempt: number,
  deadlineEpochMs: number,
  correlationId: string | undefined,
];

export function payloadOf({ name, args, family }: Child): ChildPayload {
  const { frame } = family.parent;
  return [name, args, frame.name, frame.sequence, frame.attempt, frame.deadlineEpochMs, frame.givenCorrelationId];
}

export class StolenFrame implements TaskFrame {
  readonly slot: number;
  readonly name: string;
  readonly args: readonly unknown[];
  readonly transfer: undefined = undefined;
  readonly sequence: number;
  readonly attempt: number;
  readonly flags = 0;
  readonly deadlineEpochMs: number;
  readonly givenCorrelationId: string | undefined;
  readonly root: ForkRoot;

  constructor(slot: number, [, args, taskName, sequence, attempt, deadlineEpochMs, correlationId]: ChildPayload, root: ForkRoot) {
    this.slot = slot;
    this.name = taskName;
    this.args = args;
    this.sequence = sequence;
    this.attempt = attempt;
    this.deadlineEpochMs = deadlineEpochMs;
    this.givenCorrelationId = correlationId;
    this.root = root;
  }
}

/** The task that a family belongs to, also when it was itself taken from another worker. `seat` is ours. */
export function rootOf(family: Family, seat: number): ForkRoot {
  return (family.root ??= findRoot(family.parent.frame, seat));
}

function findRoot(frame: TaskFrame, seat: number): ForkRoot {
  if (frame instanceof StolenFrame) return frame.root;
  return { key: (Math.imul(frame.sequence, 31) + frame.attempt) | 0 || 1, seat, slot: frame.slot };
}
