/**
 * fork and join as one worker does them.
 *
 *     fork ──> pending ──join──────────────> run here, at once
 *                 ├──────event loop turns──> run here, one a turn
 *                 └──────offered──> run by another ──> outcome, or pending again
 *
 * A join that has to wait helps: it runs what else this task has forked, newest first, then what others of the same task have on offer. It takes nothing of other
 * tasks: they could take long, and this task's context is that of the worker.
 *
 * A worker that runs a tree of short functions is in microtasks all the time. So every few ms a join lets the event loop have its turn.
 */
import { captureContext, runCaptured } from '../../../runtime/async-context.js';
import { MillraceError, ValueError } from '../../../errors.js';
import { currentContext, runInContext } from '../../../task/context.js';
import type { AnyFunction } from '../../../task/types.js';
import { unknownFunctionError } from '../../../task/unknown-function.js';
import { CANCEL_BY_CALLER } from '../../../transport/protocol.js';
import type { CancelCode } from '../../../transport/protocol.js';
import { hostEventLoop } from '../../../transport/shared-ring/event-loop.js';
import { RunClock } from '../../../transport/shared-ring/run-clock.js';
import type { TaskModule } from '../load-module.js';
import { isThenable, isValueSource } from '../stream-pump.js';
import { AWAY, Child, COMPLETED, FAILED, Family, PENDING, RUNNING } from './children.js';
import type { ForkParent } from './children.js';
import type { ForkHelpers } from './helpers.js';
import { StolenFrame } from './stolen-frame.js';

/** Longest run of joins without a turn of the event loop, in ms. */
const RUN_MS_MAX = 4;

export class ForkJoin {
  /** Keeps the asynchronous context of whoever forks: where callers have one. */
  readonly #keepsContext: boolean;
  readonly #clock = new RunClock(hostEventLoop, RUN_MS_MAX);
  readonly #families = new Set<Family>();
  readonly #names = new Map<unknown, string>();
  #module: TaskModule | undefined;
  #turnArmed = false;
  helpers: ForkHelpers | undefined;

  constructor(options: { readonly keepsContext: boolean }) {
    this.#keepsContext = options.keepsContext;
  }

  use(module: TaskModule): void {
    this.#module = module;
  }

  /** @throws MillraceError when the task has ended or there is no such function */
  fork(parent: ForkParent, task: unknown, args: readonly unknown[]): Child {
    if (parent.settled) throw new MillraceError('ERR_CONTEXT', 'fork() was called by code whose task has ended; join what it waits for before it returns');
    const name = typeof task === 'string' ? task : this.#nameOf(task);
    const call = this.call(name);
    const family = (parent.family ??= this.#open(parent));
    const child = new Child(name, call, args, family);
    if (this.#keepsContext) child.inCaller = captureContext();
    family.add(child);
    this.helpers?.offer(family);
    if (!this.#turnArmed) this.#armTurn();
    return child;
  }

  join(child: Child): Promise<unknown> {
    const { family } = child;
    if (child.state === AWAY) this.helpers?.takeBack(child);
    if (child.state === PENDING) {
      if (this.#clock.afterTask()) return this.#joinNextTurn(child);
      const reason = family.parent.cancelled();
      if (reason !== undefined) return Promise.reject(reason);
      family.remove(child);
      if (family.oldest !== undefined) this.helpers?.offer(family);
      const promise = this.#start(child);
      if (promise !== undefined) return this.#outcomeOf(child, promise);
    }
    return child.isSettled ? child.result() : this.#wait(child);
  }

  /** The function of that name. */
  call(name: string): AnyFunction {
    const functions = this.#module?.functions;
    const found = functions?.get(name);
    if (found === undefined) throw unknownFunctionError(name, [...(functions?.keys() ?? [])]);
    return found.call;
  }

  /** The task has ended: what it forked and did not join ends as well. Returns a promise of that when it takes time. */
  end(family: Family): Promise<void> | undefined {
    // What we have begun for another worker of the same task has forked into this family, and somebody waits for it.
    if (family.hasAdopted && family.parent.frame instanceof StolenFrame && family.parent.cancelled() === undefined)
      return family.withoutAdopted().then(() => this.end(family));
    this.#recall(family);
    family.dropPending();
    if (!family.isOpen) {
      this.#families.delete(family);
      return undefined;
    }
    family.parent.raise(CANCEL_BY_CALLER);
    this.cancelAway(family, CANCEL_BY_CALLER);
    return family.quiet().then(() => void this.#families.delete(family));
  }

  /** The task was told to stop: so are its children that run elsewhere. */
  cancelAway(family: Family, code: CancelCode): void {
    for (const child of family.away) this.helpers?.cancel(child, code);
  }

  /** Runs a child of the same task for another worker. `settled` is called with its outcome. */
  adopt(name: string, args: readonly unknown[], family: Family, settled: (child: Child) => void): Child {
    const child = new Child(name, this.call(name), args, family);
    family.adopted(child);
    child.onChange(() => settled(child));
    return child;
  }

  /** The task whose family fits. */
  parentOf(fits: (family: Family) => boolean): ForkParent | undefined {
    for (const family of this.#families) if (fits(family)) return family.parent;
    return undefined;
  }

  #open(parent: ForkParent): Family {
    if (this.#families.size === 0) this.#clock.start();
    const family = new Family(parent);
    this.#families.add(family);
    return family;
  }

  #nameOf(task: unknown): string {
    const known = this.#names.get(task);
    if (known !== undefined) return known;
    for (const [name, { call }] of this.#module?.functions ?? []) this.#names.set(call, name);
    const name = this.#names.get(task);
    if (name === undefined) {
      throw new MillraceError('ERR_UNKNOWN_FUNCTION', `fork: ${describe(task)} is no function that the task module exports; export it, or give its name`);
    }
    return name;
  }

  #recall(family: Family): void {
    for (const child of [...family.away]) this.helpers?.takeBack(child);
  }

  /** Runs the child, which settles when the function does. Nobody has joined it yet. */
  #begin(child: Child): void {
    const promise = this.#start(child);
    if (promise === undefined) return;
    promise.then(
      (value) => this.#complete(child, value),
      (error: unknown) => this.#settle(child, FAILED, error),
    );
  }

  /** Calls the child's function. `undefined`: the child has its outcome; otherwise whoever called settles it when this promise does. */
  #start(child: Child): Promise<unknown> | undefined {
    child.state = RUNNING;
    child.family.began();
    try {
      const value: unknown = this.#keepsContext ? runCaptured(child.inCaller, () => this.#call(child)) : this.#call(child);
      if (isThenable(value)) return Promise.resolve(value);
      this.#complete(child, value);
    } catch (error) {
      this.#settle(child, FAILED, error);
    }
    return undefined;
  }

  #call(child: Child): unknown {
    const { call, args, family } = child;
    return currentContext() === family.parent ? call(...args) : runInContext(family.parent, () => call(...args));
  }

  /** Settles the child with the promise of its function. One promise more, no turn of a waiting loop: most joins of an asynchronous function come here. */
  #outcomeOf(child: Child, promise: Promise<unknown>): Promise<unknown> {
    return promise.then(
      (value) => {
        this.#complete(child, value);
        if (child.state === FAILED) throw child.outcome;
        return child.outcome;
      },
      (error: unknown) => {
        this.#settle(child, FAILED, error);
        throw error;
      },
    );
  }

  #complete(child: Child, value: unknown): void {
    if (typeof value === 'object' && value !== null && isValueSource(value)) {
      this.#settle(child, FAILED, new ValueError('result', 'a generator, which a forked child cannot return'));
    } else this.#settle(child, COMPLETED, value);
  }

  #settle(child: Child, state: typeof COMPLETED | typeof FAILED, outcome: unknown): void {
    child.settle(state, outcome);
    child.family.stopped();
  }

  /** Waits for a child that runs, here or elsewhere, and helps meanwhile. */
  async #wait(child: Child): Promise<unknown> {
    const { family } = child;
    for (;;) {
      if (child.state === AWAY) this.helpers?.collect();
      if (child.isSettled) return child.result();
      if (child.state === PENDING) return this.join(child);
      // Before anything is taken: what was taken is begun at once, since to whoever joins it meanwhile it would look as if it still waited.
      if (child.state === AWAY && this.#clock.afterTask()) {
        await this.#nextTurn();
        continue;
      }
      // Whoever runs it here does what there is to do.
      const other = child.state === RUNNING ? child : (family.takeNewest() ?? this.helpers?.takeOther(family));
      if (other === undefined && !this.#isWorthWaiting(family)) continue;
      if (other !== undefined && other !== child) {
        this.#begin(other);
        if (other.isSettled) continue;
      }
      await this.#change(child, other);
    }
  }

  #isWorthWaiting(family: Family): boolean {
    return this.helpers === undefined || this.helpers.listen(family, this.#onChange);
  }

  /** Resolves when the child, or the other one, has changed, or helpers have something to say. */
  #change(child: Child, other: Child | undefined): Promise<void> {
    return new Promise((resolve) => {
      child.onChange(resolve);
      if (other === undefined) this.#changes.push(resolve);
      else other.onChange(resolve);
    });
  }

  #changes: (() => void)[] = [];
  readonly #onChange = (): void => {
    const changes = this.#changes;
    this.#changes = [];
    for (const change of changes) change();
  };

  async #joinNextTurn(child: Child): Promise<unknown> {
    await this.#nextTurn();
    return this.join(child);
  }

  #nextTurn(): Promise<void> {
    return new Promise((resolve) => {
      hostEventLoop.nextTurn(() => {
        this.#clock.start();
        resolve();
      });
    });
  }

  #armTurn(): void {
    this.#turnArmed = true;
    hostEventLoop.nextTurn(this.#onTurn);
  }

  /** The event loop turns, so those who forked wait for something else: one child of each begins. */
  readonly #onTurn = (): void => {
    this.#turnArmed = false;
    this.#clock.start();
    let waiting = false;
    for (const family of this.#families) {
      const child = family.parent.cancelled() === undefined ? family.takeNewest() : undefined;
      if (child !== undefined) this.#begin(child);
      waiting ||= family.newest !== undefined;
    }
    if (waiting && !this.#turnArmed) this.#armTurn();
  };
}

function describe(task: unknown): string {
  return typeof task === 'function' ? `the function ${task.name === '' ? 'without a name' : task.name}` : `a value of type ${typeof task}`;
}
