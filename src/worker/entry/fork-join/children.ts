/**
 * What a task has forked. A child is a function and its arguments that wait to be run, here or elsewhere, and then their outcome.
 *
 *     PENDING -> RUNNING -> COMPLETED | FAILED          run by this worker
 *     PENDING -> AWAY -> COMPLETED | FAILED | PENDING   others may take it, or have; PENDING again when it is given back
 *
 * A family is all that one task has forked: those that wait, oldest to newest, and how many run or are away.
 *
 *     oldest <-> … <-> newest        the worker itself takes the newest, or whichever is joined; others are offered the oldest
 *
 * The oldest stand nearest to the root of the tree, so what is given away is as large as can be, and it is given away seldom.
 */
import { TaskCancelledError } from '../../../errors.js';
import type { ForkRoot } from '../../../shared/fork-join/offers.js';
import type { TaskContext } from '../../../task/context.js';
import type { AnyFunction } from '../../../task/types.js';
import type { CancelCode, TaskFrame } from '../../../transport/protocol.js';

export const PENDING = 0;
export const RUNNING = 1;
export const AWAY = 2;
export const COMPLETED = 3;
export const FAILED = 4;
export const DROPPED = 5;
export type ChildState = 0 | 1 | 2 | 3 | 4 | 5;

/** The execution whose children they are. */
export interface ForkParent extends TaskContext {
  readonly frame: TaskFrame;
  readonly settled: boolean;
  family: Family | undefined;
  readonly forks: ForkEngine;
  /** The reason, when it has been told to stop. */
  cancelled(): Error | undefined;
  raise(code: CancelCode): Error;
}

/** What a child is joined by. */
export interface ForkEngine {
  join(child: Child): Promise<unknown>;
}

/** Runs a function in the asynchronous context of the one who forked. */
export type RunInContext = <R>(fn: () => R) => R;

/** One forked child. */
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

/** The children of one task. */
export class Family {
  readonly parent: ForkParent;
  /** The task as other workers know it; found when one of its children is first offered. */
  root: ForkRoot | undefined = undefined;
  oldest: Child | undefined = undefined;
  newest: Child | undefined = undefined;
  /** The task has ended: nobody forks any more. */
  ended = false;
  readonly away: Set<Child> = new Set();
  #running = 0;
  #adopted = 0;
  readonly #onceWithoutAdopted: (() => void)[] = [];
  #onQuiet: (() => void) | undefined;

  constructor(parent: ForkParent) {
    this.parent = parent;
  }

  /** Whether any of them has no outcome. */
  get isOpen(): boolean {
    return this.newest !== undefined || this.away.size > 0 || this.#running > 0;
  }

  add(child: Child): void {
    const { newest } = this;
    child.older = newest;
    if (newest === undefined) this.oldest = child;
    else newest.newer = child;
    this.newest = child;
  }

  /** Takes one out of those that wait. */
  remove(child: Child): void {
    const { older, newer } = child;
    if (older === undefined) this.oldest = newer;
    else older.newer = newer;
    if (newer === undefined) this.newest = older;
    else newer.older = older;
    child.older = undefined;
    child.newer = undefined;
  }

  takeNewest(): Child | undefined {
    const child = this.newest;
    if (child !== undefined) this.remove(child);
    return child;
  }

  /** One of those that waited is with others, or may be. */
  sent(child: Child): void {
    this.remove(child);
    child.state = AWAY;
    this.away.add(child);
  }

  /** It waits here again. */
  returned(child: Child): void {
    this.away.delete(child);
    child.state = PENDING;
    this.add(child);
    child.changed();
  }

  /** It has its outcome from elsewhere. */
  arrived(child: Child): void {
    this.away.delete(child);
    this.#look();
  }

  /** A child of another worker, of the same task, is run among ours. */
  adopted(child: Child): void {
    this.#adopted += 1;
    child.onChange(() => {
      this.#adopted -= 1;
      if (this.#adopted === 0) for (const resolve of this.#onceWithoutAdopted.splice(0)) resolve();
    });
  }

  get hasAdopted(): boolean {
    return this.#adopted > 0;
  }

  /** Resolves when none of those is left. */
  withoutAdopted(): Promise<void> {
    return new Promise((resolve) => {
      if (this.#adopted === 0) resolve();
      else this.#onceWithoutAdopted.push(resolve);
    });
  }

  began(): void {
    this.#running += 1;
  }

  stopped(): void {
    this.#running -= 1;
    this.#look();
  }

  /** Nobody will join those that wait. */
  dropPending(): void {
    this.ended = true;
    for (let child = this.takeNewest(); child !== undefined; child = this.takeNewest()) child.settle(DROPPED, undefined);
    this.#look();
  }

  /** Resolves when none of them is open. */
  quiet(): Promise<void> {
    return new Promise((resolve) => {
      this.#onQuiet = resolve;
      this.#look();
    });
  }

  #look(): void {
    if (this.#onQuiet === undefined || this.isOpen) return;
    const onQuiet = this.#onQuiet;
    this.#onQuiet = undefined;
    onQuiet();
  }
}
