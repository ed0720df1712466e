/**
 * Calls task functions and follows what they return to its end; how many at once is the caller's affair.
 *
 *   start(frame) -> call -> value ----------------------------------> completed
 *                        -> promise -> value ----------------------> completed
 *                        -> generator (or a promise of one) -> stream, yielded…, completed
 *                        -> throws, rejects ------------------------> failed
 *
 * Shared by the serve loop of threads and processes, which turns reports into frames, and by the event-loop worker, which turns them
 * into calls. Nothing that a function does, throws or returns makes `start` throw.
 */
import { framesCarryContext } from '../../runtime/async-context.js';
import { callWithContext, contextImported, currentContext, enterContext, leaveContext, runInContext } from '../../task/context.js';
import { unknownFunctionError } from '../../task/unknown-function.js';
import { runShare } from '../../shared/range-share.js';
import type { ShareArgs } from '../../shared/range-share.js';
import { FLAG_NOTIFY_START, FLAG_RANGE_SHARE, FLAG_URGENT } from '../../transport/protocol.js';
import type { CancelCode, TaskFrame } from '../../transport/protocol.js';
import type { TakenOver } from '../worker.js';
import { Execution } from './execution.js';
import type { ExecutionScope } from './execution.js';
import type { Family } from './fork-join/children.js';
import type { TaskFunction, TaskModule } from './load-module.js';
import { isThenable, isValueSource, StreamPump } from './stream-pump.js';
import type { ValueSource } from './stream-pump.js';

export interface ExecutorOptions extends ExecutionScope {
  /** Values a stream may send before its reader has asked for any. */
  readonly streamCredit: number;
  /** One task at a time (urgent ones apart): the context is a plain variable then. */
  readonly exclusive: boolean;
  /** Keeps the caller's asynchronous context for the steps of a generator; `undefined` where callers have none. */
  readonly captureCaller: (() => <R>(fn: () => R) => R) | undefined;
}

/**
 * What the tasks that execute in a slot one after the other can share. A slot has one function, which returns one promise, and is given to no other before
 * that has settled: so what follows the promise is made once a slot and not once a task.
 */
interface Seat {
  readonly fulfilled: (value: unknown) => void;
  readonly rejected: (error: unknown) => void;
  /** The last one that came by {@link Executor.call}. */
  last: Execution | undefined;
}

// oxlint-disable-next-line typescript/unbound-method -- compared, not called
const promiseThen = Promise.prototype.then;

export class Executor {
  readonly #options: ExecutorOptions;
  readonly #executions: (Execution | undefined)[] = [];
  readonly #seats: Seat[] = [];
  #live = 0;
  #module: TaskModule | undefined;

  constructor(options: ExecutorOptions) {
    this.#options = options;
  }

  use(module: TaskModule): void {
    this.#module = module;
    this.#options.forks.use(module);
  }

  /** The function of that name, for `start`. */
  find(name: string): TaskFunction | undefined {
    return this.#module?.functions.get(name);
  }

  /** Tasks whose functions have not ended. */
  get live(): number {
    return this.#live;
  }

  /** Calls the function. Reports may come before it returns. */
  start(frame: TaskFrame, taskFunction: TaskFunction | undefined): void {
    const execution = new Execution(frame, this.#options);
    this.#executions[execution.slot] = execution;
    this.#live += 1;
    try {
      if (taskFunction === undefined) throw unknownFunctionError(frame.name, [...(this.#module?.functions.keys() ?? [])]);
      execution.throwIfCancelled();
      if ((frame.flags & FLAG_NOTIFY_START) !== 0) this.#options.reporter.started(execution.slot);
      const call = (frame.flags & FLAG_RANGE_SHARE) === 0 ? taskFunction.call : shareOf(taskFunction.call);
      this.#take(execution, this.#call(execution, call, frame.args));
    } catch (error) {
      this.#fail(execution, error);
    }
  }

  /**
   * As {@link start}, in the thread of the pool itself: nobody can have cancelled the task by now. While no code of the thread can ask for a context,
   * a task without flags costs no execution of its own.
   */
  call(frame: TaskFrame, taskFunction: TaskFunction | undefined): void {
    if (taskFunction === undefined || frame.flags !== 0 || framesCarryContext || contextImported()) return this.start(frame, taskFunction);
    const execution = this.#executionFor(frame);
    this.#executions[execution.slot] = execution;
    this.#live += 1;
    try {
      this.#take(execution, callWithContext(execution, taskFunction.call, frame.args));
    } catch (error) {
      this.#fail(execution, error);
    }
  }

  /** Follows a task from here on whose function has been called already, in the thread of the pool itself. */
  takeOver(frame: TaskFrame): TakenOver {
    const execution = new Execution(frame, this.#options);
    this.#executions[execution.slot] = execution;
    this.#live += 1;
    const { fulfilled, rejected } = this.#seatOf(execution.slot);
    return { context: execution, fulfilled, rejected };
  }

  #executionFor(frame: TaskFrame): Execution {
    const seat = this.#seatOf(frame.slot);
    const { last } = seat;
    if (last?.reuse(frame) === true) return last;
    return (seat.last = new Execution(frame, this.#options));
  }

  /** Raises the signal of a task; a generator is ended as well. Returns whether the slot is executing. */
  cancel(slot: number, code: CancelCode): boolean {
    const execution = this.#executions[slot];
    if (execution !== undefined) this.#raise(execution, code);
    return execution !== undefined;
  }

  /** The reader of a stream takes `count` more values. */
  credit(slot: number, count: number): void {
    this.#executions[slot]?.pump?.grant(count);
  }

  /** The reader of a stream has left. */
  endStream(slot: number): void {
    this.#executions[slot]?.pump?.leave();
  }

  /** Ends a stream because of one of its values. */
  failStream(slot: number, error: Error): void {
    this.#executions[slot]?.pump?.abort(error);
  }

  /** The frame's owner is about to use it for something else. Returns how to cancel this very execution; `undefined` when it has ended. */
  detach(slot: number): ((code: CancelCode) => void) | undefined {
    const execution = this.#executions[slot];
    if (execution === undefined) return undefined;
    execution.detach();
    return (code) => {
      if (!execution.settled) this.#raise(execution, code);
    };
  }

  /** Tells all tasks to stop. */
  cancelAll(code: CancelCode): void {
    for (const execution of this.#executions) if (execution !== undefined) this.cancel(execution.slot, code);
  }

  /** The slot of the task whose code is running, as far as that can be told; -1 otherwise. */
  guiltySlot(): number {
    const current = currentContext();
    if (current instanceof Execution && this.#executions[current.slot] === current) return current.slot;
    return this.#live === 1 ? this.#executions.findIndex((execution) => execution !== undefined) : -1;
  }

  #isExclusive(execution: Execution): boolean {
    return this.#options.exclusive && (execution.frame.flags & FLAG_URGENT) === 0;
  }

  #call(execution: Execution, fn: TaskFunction['call'], args: readonly unknown[]): unknown {
    if (this.#isExclusive(execution)) {
      // Left when the task has ended.
      enterContext(execution);
      return fn(...args);
    }
    if (contextImported() || (this.#options.captureCaller !== undefined && framesCarryContext)) return runInContext(execution, () => fn(...args));
    // Nobody can ask for the context but the pool, when the function submits a task to it: it is told while the call lasts.
    return callWithContext(execution, fn, args);
  }

  /** Follows a returned or resolved value. */
  #take(execution: Execution, value: unknown): void {
    if ((typeof value !== 'object' && typeof value !== 'function') || value === null) this.#complete(execution, value);
    else if (isPromise(value)) this.#followPromise(execution, value);
    else if (isThenable(value)) void this.#follow(execution, value);
    else if (isValueSource(value)) this.#stream(execution, value);
    else this.#complete(execution, value);
  }

  /** As {@link #follow}, without a promise of its own for an async function. */
  #followPromise({ slot }: Execution, promise: Promise<unknown>): void {
    const { fulfilled, rejected } = this.#seatOf(slot);
    void promise.then(fulfilled, rejected);
  }

  #seatOf(slot: number): Seat {
    return (this.#seats[slot] ??= this.#makeSeat(slot));
  }

  #makeSeat(slot: number): Seat {
    return {
      last: undefined,
      fulfilled: (value) => {
        const execution = this.#executions[slot] as Execution;
        try {
          this.#take(execution, value);
        } catch (error) {
          this.#fail(execution, error);
        }
      },
      rejected: (error) => this.#fail(this.#executions[slot] as Execution, error),
    };
  }

  async #follow(execution: Execution, promise: PromiseLike<unknown>): Promise<void> {
    try {
      this.#take(execution, await promise);
    } catch (error) {
      this.#fail(execution, error);
    }
  }

  #stream(execution: Execution, source: ValueSource): void {
    const { reporter, streamCredit } = this.#options;
    const { slot } = execution;
    const inCaller = this.#options.captureCaller?.();
    execution.pump = new StreamPump(source, {
      value: (value) => reporter.yielded(slot, value),
      finished: (value) => this.#complete(execution, value),
      failed: (error) => this.#fail(execution, error),
      barrier: () => reporter.barrier(),
      cancelled: () => execution.cancelled(),
      within: (fn) => (inCaller === undefined ? this.#within(execution, fn) : inCaller(() => this.#within(execution, fn))),
    });
    reporter.stream(slot);
    execution.pump.grant(streamCredit);
  }

  #within<R>(execution: Execution, fn: () => R): R {
    return this.#isExclusive(execution) || !contextImported() ? fn() : runInContext(execution, fn);
  }

  #complete(execution: Execution, value: unknown): void {
    if (execution.family?.ended === false && this.#endFamily(execution.family, () => this.#complete(execution, value))) return;
    if (this.#end(execution)) this.#options.reporter.completed(execution.slot, value);
  }

  #fail(execution: Execution, error: unknown): void {
    if (execution.family?.ended === false && this.#endFamily(execution.family, () => this.#fail(execution, error))) return;
    // Thrown by whoever was told the outcome: a bug of ours, not to be taken for the task's and not to be hidden.
    if (!this.#end(execution)) throw error;
    this.#options.reporter.failed(execution.slot, error);
  }

  /** A task has ended only when its children have. `true`: they take time, `then` will be called. */
  #endFamily(family: Family, then: () => void): boolean {
    const ending = this.#options.forks.end(family);
    void ending?.then(then);
    return ending !== undefined;
  }

  #raise(execution: Execution, code: CancelCode): void {
    const reason = execution.raise(code);
    execution.pump?.abort(reason);
    if (execution.family !== undefined) this.#options.forks.cancelAway(execution.family, code);
  }

  #end(execution: Execution): boolean {
    if (execution.settled) return false;
    execution.settled = true;
    this.#executions[execution.slot] = undefined;
    this.#live -= 1;
    leaveContext(execution);
    return true;
  }
}

/** Whether it is a promise of the runtime itself, whose `then` does what `await` does and nothing else. */
export function isPromise(value: unknown): value is Promise<unknown> {
  return value instanceof Promise && value.constructor === Promise && value.then === promiseThen;
}

/** The function called for one chunk of a range after the other. */
function shareOf(fn: TaskFunction['call']): TaskFunction['call'] {
  return (...args: unknown[]) => runShare(fn, args as unknown as ShareArgs);
}
