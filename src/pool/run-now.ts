/**
 * The short way of a plain call on the event loop: where nothing waits and a place is free, its function is called within the submission, in the
 * caller's own asynchronous context.
 *
 * The long way costs a look at the queue in a microtask of its own, two readings of the clock and the keeping of the caller's context: several times
 * what the call itself does. It is for all that has options, retries, limits or a priority of its own, and for what tasks submit while they are being called: a
 * chain of such calls would grow the stack.
 */
import { DISPATCHED } from '../task/lifecycle.js';
import { nothingMoves } from '../transport/move.js';
import type { PoolCore } from './core.js';
import type { PoolTask } from './pool-task.js';
import { PlainCalls } from './plain-calls.js';
import type { Above, SubmitStacks } from './submit-stack.js';
import type { TaskSettings } from './task-settings.js';

/** Makes an open task that stands nowhere. */
type MakeTask = (name: string, args: readonly unknown[], settings: TaskSettings, above: Above) => PoolTask;

/** Hands a task to a worker that is free for it, within the call. */
export interface NowDispatcher {
  runNow(task: PoolTask): void;
}

export class RunNow {
  readonly #core: PoolCore;
  readonly #make: MakeTask;
  readonly #dispatcher: NowDispatcher;
  /** Workers are not replaced after so many tasks. */
  readonly #unlimited: boolean;
  readonly #plain: PlainCalls;
  #calling = false;

  constructor(core: PoolCore, make: MakeTask, dispatcher: NowDispatcher, stacks: SubmitStacks) {
    this.#plain = new PlainCalls(core, stacks);
    this.#core = core;
    this.#make = make;
    this.#dispatcher = dispatcher;
    this.#unlimited = core.settings.recycle.tasksMax === Infinity;
  }

  /** Not where the overload control counts what comes in. */
  static serves(core: PoolCore, overload: { readonly guards: boolean }): boolean {
    return core.settings.callsAtOnce && !overload.guards;
  }

  /** Calls a function without making a task of it; `undefined` when it has to be one. */
  call(name: string, args: readonly unknown[]): Promise<unknown> | undefined {
    return this.#calling || !this.#unlimited ? undefined : this.#plain.call(name, args);
  }

  /** Calls the function of a task with no options; `undefined` when it has to go the long way. */
  tryCall(name: string, args: readonly unknown[], above: Above): PoolTask | undefined {
    const core = this.#core;
    const { scheduler } = core;
    if (this.#calling || this.#plain.isCalling || core.phase !== 'open' || core.paused || core.degraded !== undefined || core.guard !== undefined)
      return undefined;
    if (!scheduler.hasCredit || scheduler.paused || scheduler.depth > 0 || core.waiting.size > 0 || core.events.has('submitted')) return undefined;
    const settings = core.functions.plain(name);
    if (settings === undefined) return undefined;
    this.#calling = true;
    try {
      core.enter();
      const task = this.#make(name, args, settings, above);
      core.retryBudget.onFirstAttempt(core.stamp());
      if (task.extra === undefined && this.#unlimited && core.events.isSilent && nothingMoves()) this.#callPlain(task);
      else this.#dispatcher.runNow(task);
      return task;
    } finally {
      this.#calling = false;
    }
  }

  /** As the dispatcher does it, for a task that has nothing but its function and its arguments, while nobody listens to anything. */
  #callPlain(task: PoolTask): void {
    const core = this.#core;
    task.dispatchedTicks = core.ticks();
    core.leave();
    core.wait.record(0);
    const member = core.scheduler.pass();
    task.move(DISPATCHED);
    task.attempt = 1;
    task.holder = member;
    if (member.inFlight === 0) member.batchSince = task.submittedAt;
    member.inFlight += 1;
    member.dispatched += 1;
    core.inFlight += 1;
    member.worker.dispatch(task);
    member.worker.flush();
  }
}
