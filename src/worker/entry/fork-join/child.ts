/**
 * One forked child: a function and its arguments that wait to be run, here or elsewhere, and then their outcome.
 *
 *     PENDING -> RUNNING -> COMPLETED | FAILED          run by this worker
 *     PENDING -> AWAY -> COMPLETED | FAILED | PENDING   others may take it, or have; PENDING again when it is given back
 */
import { TaskCancelledError } from '../../../errors.js';
import type { AnyFunction } from '../../../task/types.js';
import type { Family } from './family.js';

export const PENDING = 0;
export const RUNNING = 1;
export const AWAY = 2;
export const COMPLETED = 3;
export const FAILED = 4;
export const DROPPED = 5;
export type ChildState = 0 | 1 | 2 | 3 | 4 | 5;

/** Runs a function in the asynchronous context of the one who forked. */
export type RunInContext = <R>(fn: () => R) => R;

export class Child {
  readonly name: string;
  readonly call: AnyFunction;
  readonly family: Family;
  args: readonly unknown[];
  state: ChildState = PENDING;
  /** The result or the error. */
  outcome: unknown = undefined;
  /** Its neighbours among the pending of its family. */
  older: Child | undefined = undefined;
  newer: Child | undefined = undefined;
  /** Names it where it is away. */
  offer = -1;
  /** Its arguments cannot cross: only this worker can run it. */
  homebound = false;
  inCaller: RunInContext | undefined = undefined;
  #waiters: (() => void)[] | undefined = undefined;

  constructor(name: string, call: AnyFunction, args: readonly unknown[], family: Family) {
    this.name = name;
    this.call = call;
    this.args = args;
    this.family = family;
  }

  get isSettled(): boolean {
    return this.state >= COMPLETED;
  }

  /** It has its outcome. The first stays. */
  settle(state: typeof COMPLETED | typeof FAILED | typeof DROPPED, outcome: unknown): void {
    if (this.isSettled) return;
    this.state = state;
    this.outcome = outcome;
    this.args = NO_ARGS;
    this.changed();
  }

  /** Calls `fn` once, when it has settled or is pending again. */
  onChange(fn: () => void): void {
    (this.#waiters ??= []).push(fn);
  }

  changed(): void {
    const waiters = this.#waiters;
    if (waiters === undefined) return;
    this.#waiters = undefined;
    for (const waiter of waiters) waiter();
  }

  /** The outcome as a promise. */
  result(): Promise<unknown> {
    if (this.state === COMPLETED) return Promise.resolve(this.outcome);
    return Promise.reject(this.state === FAILED ? this.outcome : this.#droppedError());
  }

  #droppedError(): TaskCancelledError {
    return new TaskCancelledError(`the forked child ${this.name} was not joined before its task ended`, { taskName: this.name, started: false });
  }
}

const NO_ARGS: readonly unknown[] = Object.freeze([]);
