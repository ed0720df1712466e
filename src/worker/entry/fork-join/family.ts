/**
 * The children of one task: those that wait, oldest to newest, and how many run or are away.
 *
 *     oldest <-> … <-> newest        the worker itself takes the newest, or whichever is joined; others are offered the oldest
 *
 * The oldest stand nearest to the root of the tree, so what is given away is as large as can be, and it is given away seldom.
 */
import type { TaskContext } from '../../../task/context.js';
import type { CancelCode, TaskFrame } from '../../../transport/protocol.js';
import type { ForkRoot } from '../../../shared/fork-join/offers.js';
import { AWAY, DROPPED, PENDING } from './child.js';
import type { Child } from './child.js';

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
