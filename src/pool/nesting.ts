/**
 * Tasks that tasks of the same pool submit, on the event loop, where a function can reach the pool it runs in.
 *
 *     a task runs ──submits──> nested task          while it has nested tasks without an outcome, it lends its place
 *
 * A function that waits for what it submitted needs no place of its own meanwhile; without that, as many of them as there are places would wait for tasks
 * that nobody can run. It cannot be seen whether it waits, so it lends its place as soon as it could: concurrency is then a bound on functions that
 * have nothing to wait for.
 */
import { framesCarryContext } from '../runtime/async-context.js';
import { currentContext, markContextImported } from '../task/context.js';
import { isInFlight } from '../task/lifecycle.js';
import { Execution } from '../worker/entry/execution.js';
import type { PoolCore } from './core.js';
import type { Member } from './member.js';
import { DIRECT, PoolTask } from './pool-task.js';
import type { PlaceLending } from './pool-task.js';

export class Nesting {
  readonly #core: PoolCore;

  constructor(core: PoolCore) {
    this.#core = core;
  }

  /** A task has come into being, in the asynchronous context of its submitter. */
  created(task: PoolTask): void {
    const parent = submitterOf(task);
    if (parent === undefined) return;
    // Where following the context is dear nobody has followed it so far; from now on it pays.
    if (!framesCarryContext) markContextImported();
    const extra = parent.ensureExtra();
    const lending = (extra.lending ??= new Lending(this.#core, parent.holder as Member));
    lending.begin();
    task.ensureExtra().lentBy = lending;
  }
}

/** One task's place, lent while it has nested tasks. */
class Lending implements PlaceLending {
  readonly #core: PoolCore;
  readonly #member: Member;
  #nested = 0;
  #ended = false;

  constructor(core: PoolCore, member: Member) {
    this.#core = core;
    this.#member = member;
  }

  begin(): void {
    this.#nested += 1;
    if (this.#nested === 1 && !this.#ended) this.#lend(1);
  }

  /** A nested task has its outcome. */
  nestedEnded(): void {
    this.#nested -= 1;
    if (this.#nested === 0 && !this.#ended) this.#lend(-1);
  }

  /** The task itself has its outcome: its place is free anyway. */
  end(): void {
    if (this.#nested > 0 && !this.#ended) this.#lend(-1);
    this.#ended = true;
  }

  #lend(change: 1 | -1): void {
    const member = this.#member;
    member.lent += change;
    if (member.state !== 'ready') return;
    this.#core.scheduler.setCredit(member, member.creditMax + member.lent);
    this.#core.wake();
  }
}

/** The task of the same pool whose code submits this one. */
function submitterOf(task: PoolTask): PoolTask | undefined {
  const context = currentContext();
  if (!(context instanceof Execution) || context.settled) return undefined;
  const { frame } = context;
  if (!(frame instanceof PoolTask) || frame.settings.owner !== task.settings.owner) return undefined;
  // What runs past the queue holds no place that it could lend.
  return isInFlight(frame.stateCode) && frame.holder !== undefined && (frame.marks & DIRECT) === 0 ? frame : undefined;
}
