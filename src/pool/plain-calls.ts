/**
 * Plain calls on the event loop that nobody but their caller will ever hear of.
 *
 *     run ──> a seat: function, arguments, the caller's promise ──> its function ends ──> the promise is settled, the seat is free again
 *                │
 *                └─ somebody asks (the pool closes, the worker goes, the function fails, streams or submits a task itself, ...):
 *                   a task is made of the seat, and the worker takes it over as if it had been dispatched
 *
 * So most calls cost no task, no slot and no execution. Nor does every one of them cost two readings of the clock: see `call-clock.ts`.
 */
import { framesCarryContext } from '../runtime/async-context.js';
import { contextImported, enterCall, lateContext, LateContext, leaveCall, withinCall } from '../task/context.js';
import type { TaskContext } from '../task/context.js';
import { DISPATCHED } from '../task/lifecycle.js';
import type { AnyFunction } from '../task/types.js';
import { nothingMoves } from '../transport/move.js';
import { isPromise } from '../worker/entry/executor.js';
import { isThenable, isValueSource } from '../worker/entry/stream-pump.js';
import type { HostCalls, TakenOver } from '../worker/worker.js';
import { CallClock } from './call-clock.js';
import type { PoolCore } from './core.js';
import type { Member } from './member.js';
import { PoolTask, TICKS_PER_MS } from './pool-task.js';
import type { SubmitStacks } from './submit-stack.js';
import type { TaskSettings } from './task-settings.js';

/** Of a seat that is free. */
const NO_CALL: readonly unknown[] = Object.freeze([]);
/** Of all calls without arguments: what is kept of it is no new object. */
const NO_ARGS: readonly unknown[] = Object.freeze([]);

/** A function whose calls are plain. */
interface Known {
  readonly settings: TaskSettings;
  /** The same in all workers, which import the same module. */
  fn: AnyFunction | undefined;
}

type Resolve = (value: unknown) => void;

let captured: Resolve | undefined;

function capture(resolve: Resolve): void {
  captured = resolve;
}

/** A call whose function has not ended. Used again afterwards, so that what follows the function's promise is made once. */
class Seat extends LateContext {
  readonly calls: PlainCalls;
  name = '';
  args: readonly unknown[] = NO_CALL;
  settings: TaskSettings | undefined = undefined;
  member: Member | undefined = undefined;
  sequence = 0;
  /** When it began; where it is not timed, the last reading of the clock before that. */
  begunAt = 0.5;
  /** Of the clock. */
  mark = 0;
  /** Settles the caller's promise; `undefined` until there is one. */
  resolve: Resolve | undefined = undefined;
  /** The task that was made of it, and where its outcome goes. */
  task: PoolTask | undefined = undefined;
  takenOver: TakenOver | undefined = undefined;
  next: Seat | undefined = undefined;
  readonly fulfilled: (value: unknown) => void;
  readonly rejected: (error: unknown) => void;

  constructor(calls: PlainCalls) {
    super();
    this.calls = calls;
    this.fulfilled = (value) => calls.ended(this, value);
    this.rejected = (error) => void calls.pass(this, 'rejected', error);
  }

  context(): TaskContext {
    return this.calls.takeOver(this).context;
  }
}

export class PlainCalls {
  readonly #core: PoolCore;
  readonly #stacks: SubmitStacks;
  readonly #clock: CallClock;
  readonly #seats: Seat[] = [];
  #free: Seat | undefined;
  /** Until when no stack of a submission will be recorded. */
  #spentUntil = -Infinity;
  readonly #known = new Map<string, Known>();
  #version = -1;
  /** Whose functions were called last, and all whose were. */
  #member: Member | undefined;
  readonly #met = new WeakSet<Member>();

  constructor(core: PoolCore, stacks: SubmitStacks) {
    this.#core = core;
    this.#stacks = stacks;
    this.#clock = new CallClock(core);
  }

  /** Whether the code that runs now is within such a call of this pool. */
  get isCalling(): boolean {
    const context = lateContext();
    return context instanceof Seat && context.calls === this;
  }

  /** Calls the function; `undefined` when the call has to be a task from the beginning. */
  call(name: string, args: readonly unknown[]): Promise<unknown> | undefined {
    const core = this.#core;
    const clock = this.#clock;
    // First, because a burst asks it for each of the many that have to wait.
    if (!core.scheduler.hasCredit) return undefined;
    if (core.phase !== 'open' || core.paused || core.degraded !== undefined || core.guard !== undefined || core.observed) return undefined;
    if (!core.events.isSilent || core.waiting.size > 0 || withinCall() || framesCarryContext || contextImported() || !nothingMoves()) return undefined;
    // Asked first of the last reading, so that the clock is not read for calls that go another way.
    if (clock.ms >= this.#spentUntil && !this.#isSpent()) return undefined;
    const known = (core.functions.version === this.#version ? this.#known.get(name) : undefined) ?? this.#learn(name);
    if (known === undefined) return undefined;
    const member = core.scheduler.passNow();
    if (member === undefined) return undefined;
    if (member !== this.#member) this.#meet(member);
    let { mark } = clock;
    if (clock.left > 0) clock.left -= 1;
    else {
      mark = clock.begin();
      core.retryBudget.onFirstAttempt(clock.ms, clock.stride);
    }
    const fn = known.fn ?? this.#find(known, member, name);
    if (fn === undefined || (clock.ms >= this.#spentUntil && !this.#isSpent())) {
      core.scheduler.release(member, clock.ms);
      return undefined;
    }
    const seat = this.#free ?? this.#addSeat();
    this.#free = seat.next;
    seat.name = name;
    seat.args = args.length === 0 ? NO_ARGS : args;
    seat.settings = known.settings;
    seat.member = member;
    seat.begunAt = clock.at;
    seat.mark = mark;
    core.counters.submitted += 1;
    seat.sequence = core.counters.submitted;
    core.opened();
    core.wait.more += 1;
    if (member.inFlight === 0) member.batchSince = clock.ms;
    member.inFlight += 1;
    core.inFlight += 1;
    let value: unknown;
    let isFollowed: boolean;
    enterCall(seat);
    try {
      value = fn(...(args as never[]));
      isFollowed = isPromise(value);
    } catch (error) {
      leaveCall();
      return this.pass(seat, 'rejected', error).result;
    }
    leaveCall();
    if (!isFollowed || seat.takenOver !== undefined) return this.#returned(seat, value);
    const promise = new Promise(capture);
    seat.resolve = captured;
    captured = undefined;
    void (value as Promise<unknown>).then(seat.fulfilled, seat.rejected);
    return promise;
  }

  /** The function of a call has ended with this value. */
  ended(seat: Seat, value: unknown): void {
    if (this.#endsWith(seat, value)) this.#complete(seat, value);
    else this.pass(seat, 'fulfilled', value);
  }

  /** Makes a task of the call, if it is none yet, and hands its outcome to the worker. */
  pass(seat: Seat, how: 'fulfilled' | 'rejected', outcome: unknown): PoolTask {
    const takenOver = this.takeOver(seat);
    const task = seat.task as PoolTask;
    this.#leave(seat);
    takenOver[how](outcome);
    return task;
  }

  /** Makes a task of the call, if it is none yet, which the worker has from now on. */
  takeOver(seat: Seat): TakenOver {
    if (seat.takenOver !== undefined) return seat.takenOver;
    const task = new PoolTask(seat.name, seat.args, seat.settings as TaskSettings, seat.sequence, Math.floor(seat.begunAt));
    const member = seat.member as Member;
    task.move(DISPATCHED);
    task.attempt = 1;
    task.holder = member;
    task.dispatchedTicks = this.#ticksOf(seat.begunAt);
    // Whose promise it is has it: nobody asks the task for one.
    task.resolve = seat.resolve;
    seat.task = task;
    return (seat.takenOver = (member.worker.hostCalls as HostCalls<PoolTask>).takeOver(task));
  }

  /** In the units of the pool's time, which may have been read before the call began: never later than that. */
  #ticksOf(begunAt: number): number {
    const core = this.#core;
    core.enter();
    const now = core.ticks();
    core.leave();
    const begun = Math.floor(begunAt * TICKS_PER_MS) | 0;
    return ((now - begun) | 0) < 0 ? now : begun;
  }

  #isSpent(): boolean {
    this.#spentUntil = this.#stacks.spentUntil;
    return this.#clock.ms < this.#spentUntil;
  }

  /** `undefined` where calls of the function are not plain, or nobody knows it. */
  #learn(name: string): Known | undefined {
    const { functions } = this.#core;
    if (functions.version !== this.#version) this.#known.clear();
    this.#version = functions.version;
    const settings = functions.plain(name);
    if (settings === undefined) return undefined;
    const known = { settings, fn: undefined };
    this.#known.set(name, known);
    return known;
  }

  #find(known: Known, member: Member, name: string): AnyFunction | undefined {
    return (known.fn = member.worker.hostCalls?.find(name));
  }

  #meet(member: Member): void {
    this.#member = member;
    const { hostCalls } = member.worker;
    if (hostCalls === undefined || this.#met.has(member)) return;
    this.#met.add(member);
    hostCalls.onLook = () => {
      for (const seat of this.#seats) if (seat.args !== NO_CALL && seat.member === member) this.takeOver(seat);
    };
  }

  #addSeat(): Seat {
    const seat = new Seat(this);
    this.#seats.push(seat);
    return seat;
  }

  #returned(seat: Seat, value: unknown): Promise<unknown> {
    if (!this.#endsWith(seat, value)) return this.pass(seat, 'fulfilled', value).result;
    this.#complete(seat, value);
    return Promise.resolve(value);
  }

  /** Whether the call ends here with this value, and nobody needs to know more of it. */
  #endsWith(seat: Seat, value: unknown): boolean {
    const { events, observed } = this.#core;
    if (seat.takenOver !== undefined || (seat.member as Member).state !== 'ready' || !events.isSilent || observed) return false;
    if ((typeof value !== 'object' && typeof value !== 'function') || value === null) return true;
    // Its getters are the user's code, which may have ended the pool.
    return isResult(value) && seat.takenOver === undefined && (seat.member as Member).state === 'ready';
  }

  #complete(seat: Seat, value: unknown): void {
    const core = this.#core;
    const clock = this.#clock;
    const { resolve } = seat;
    const member = seat.member as Member;
    if (seat.mark === clock.mark) core.run.more += 1;
    else this.#time(seat);
    core.counters.completed += 1;
    core.inFlight -= 1;
    member.answered += 1;
    member.inFlight -= 1;
    if (member.inFlight === 0) member.idleSince = clock.ms;
    const { scheduler } = core;
    scheduler.release(member, clock.ms);
    if (scheduler.depth > 0 || core.waiting.size > 0) core.wake();
    seat.args = NO_CALL;
    seat.resolve = undefined;
    seat.next = this.#free;
    this.#free = seat;
    if (resolve !== undefined) resolve(value);
    core.closedUnheard();
  }

  #time(seat: Seat): void {
    const core = this.#core;
    const runMs = this.#clock.end(seat.begunAt, seat.mark);
    core.run.record(runMs);
    core.onRun?.(seat.name, runMs);
  }

  /** The seat is free. */
  #leave(seat: Seat): void {
    seat.args = NO_CALL;
    seat.resolve = undefined;
    seat.task = undefined;
    seat.takenOver = undefined;
    seat.next = this.#free;
    this.#free = seat;
  }
}

/** Whether an object that a function has returned is its result, and neither promises one nor streams. */
function isResult(value: object): boolean {
  try {
    return !isThenable(value) && !isValueSource(value);
  } catch {
    // Whoever looks at it again fails again, and says so.
    return false;
  }
}
