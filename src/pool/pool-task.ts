/**
 * The pool's own task object: queue entry, worker frame and user handle in one, so that a submission allocates one object and one promise.
 *
 * Fields are plain and public for speed; the user sees the interface `Task` only. Rare things live in {@link TaskExtra}, made when first needed.
 */
import type { MillraceError } from '../errors.js';
import type { Bulkhead } from '../queue/bulkhead.js';
import type { QueuedTask } from '../queue/queued-task.js';
import { COMPLETED, isInFlight, isTerminal, QUEUED, stateName, transition } from '../task/lifecycle.js';
import type { StateCode, TaskState } from '../task/lifecycle.js';
import type { Task } from '../task/types.js';
import { FLAG_NOTIFY_START, FLAG_RANGE_SHARE, FLAG_URGENT } from '../transport/protocol.js';
import type { WorkerTask } from '../worker/worker.js';
import { AsyncBuffer } from './async-buffer.js';
import type { PoolStream } from './stream.js';
import type { GivenOptions } from './task-functions.js';
import type { TaskSettings } from './task-settings.js';

/** Units of `dispatchedTicks`. */
export const TICKS_PER_MS = 100;

/** How a task lends its place: see `nesting.ts`. */
export interface PlaceLending {
  begin(): void;
  nestedEnded(): void;
  end(): void;
}

/** The rare parts of a task. */
export interface TaskExtra {
  deadlineAt: number;
  deadlineEpochMs: number;
  bytes: number;
  delayMs: number;
  transfer: readonly object[] | undefined;
  correlationId: string | undefined;
  idempotencyKey: string | undefined;
  affinityKey: string | undefined;
  signal: AbortSignal | undefined;
  progress: AsyncBuffer<unknown> | undefined;
  stream: PoolStream | undefined;
  /** Holder of the stack of the submission. */
  submitStack: { readonly stack?: string } | undefined;
  /** Runs `fn` in the asynchronous context of the submitter; recorded where user code runs on the caller's side. */
  inCallerContext: (<R>(fn: () => R) => R) | undefined;
  /** Workers that died while they executed this task. */
  workersKilled: number;
  /** How the last of them died. */
  death: MillraceError | undefined;
  /** Delay before the previous attempt, for decorrelated backoff. */
  retryDelayMs: number;
  /** Clock time at which the task is due, while DELAYED. */
  dueAt: number;
  /** The alarm of the running attempt's timeout. */
  timeoutAlarm: object | undefined;
  deadlineAlarm: object | undefined;
  /** The task's attempt, and the other one beside it. */
  race: object | undefined;
  /** Options of the call itself: the function's defaults, learned later, do not override them. */
  given: GivenOptions | undefined;
  /** Lends its place while tasks that it submitted itself are open. */
  lending: PlaceLending | undefined;
  /** Of the task that submitted this one. */
  lentBy: PlaceLending | undefined;
}

const PROGRESS_MAX = 256;
const FRAME_FLAGS = FLAG_NOTIFY_START | FLAG_URGENT | FLAG_RANGE_SHARE;
const NO_ARGS: readonly unknown[] = Object.freeze([]);

/** The task stood in the queue before. */
export const REQUEUED: number = 1 << 8;
/** Somebody holds the handle: starts are reported so that its state is true. */
export const HANDLE: number = 1 << 9;
/** The task waits for room in the queue. */
export const WAITING: number = 1 << 10;
/** Sent to one worker past the queue (a broadcast, or a task that the caller runs): it holds no credit. */
export const DIRECT: number = 1 << 11;
/** `result` has been resolved with a stream; the task runs on. */
export const STREAMING: number = 1 << 12;
/** Meant for one worker and no other. */
export const BROADCAST: number = 1 << 14;
/** Arguments were transferred: the task cannot be repeated. */
export const TRANSFERRED: number = 1 << 13;
/** A part of a range: the range answers to the caller, not the task. */
export const PART: number = 1 << 15;

/** Let through by a breaker that is half-open: its outcome decides. */
export const PROBE: number = 1 << 16;
/** Counted among the open tasks of its bulkhead. */
export const COUNTED: number = 1 << 17;
/** A second attempt beside that of a task of a caller: it is nobody's, and counts as no task. */
export const HEDGE: number = 1 << 18;

let captured: ((value: unknown) => void) | undefined;

/** The executor of all promises of tasks: a closure for each would cost as much as the promise. */
function capture(resolve: (value: unknown) => void): void {
  captured = resolve;
}

/** Rejects the promise that is resolved with it. Tasks keep one resolving function instead of two: a million of them wait at a time. */
class Rejection {
  readonly #error: unknown;

  constructor(error: unknown) {
    this.#error = error;
  }

  // oxlint-disable-next-line unicorn/no-thenable -- being one is its purpose
  then(_resolve: unknown, reject: (error: unknown) => void): void {
    reject(this.#error);
  }
}

export class PoolTask implements Task, QueuedTask, WorkerTask {
  readonly name: string;
  settings: TaskSettings;
  stateCode: StateCode = QUEUED;
  level: number;
  /** Its position while it is queued, its slot while a worker has it: it is never both. */
  place = -1;
  submittedAt: number;
  readonly sequence: number;
  attempt = 0;
  /** What the pool has noted of the task: the constants above, and the flags of its frame. */
  marks = 0;
  /** Time of the last hand-over in units of 10 µs, wrapping at 2^32: an integer, so that it costs no allocation. */
  dispatchedTicks = 0;
  /** The member that holds the task while it is in flight. */
  holder: object | undefined = undefined;
  /** The arguments until it settles, the outcome from then on. */
  payload: unknown;
  extra: TaskExtra | undefined = undefined;
  promise: Promise<unknown> | undefined = undefined;
  resolve: ((value: unknown) => void) | undefined = undefined;

  constructor(name: string, args: readonly unknown[], settings: TaskSettings, sequence: number, submittedAt: number) {
    this.name = name;
    // A million of them may wait: an empty array each would be kept, and copied by the collector, for nothing.
    this.payload = args.length === 0 ? NO_ARGS : args;
    this.settings = settings;
    this.level = settings.level;
    this.sequence = sequence;
    this.submittedAt = submittedAt;
  }

  get args(): readonly unknown[] {
    return isTerminal(this.stateCode) ? NO_ARGS : (this.payload as readonly unknown[]);
  }

  get position(): number {
    return this.place;
  }

  set position(position: number) {
    this.place = position;
  }

  get slot(): number {
    return this.place;
  }

  set slot(slot: number) {
    this.place = slot;
  }

  get id(): string {
    return this.settings.owner.taskId(this.sequence);
  }

  get state(): TaskState {
    return stateName(this.stateCode);
  }

  get attempts(): number {
    return this.attempt;
  }

  /** What of the marks crosses to the worker. */
  get flags(): number {
    return this.marks & FRAME_FLAGS;
  }

  get givenCorrelationId(): string | undefined {
    return this.extra?.correlationId;
  }

  get correlationId(): string {
    return this.extra?.correlationId ?? this.id;
  }

  get deadlineAt(): number {
    return this.extra === undefined ? Infinity : this.extra.deadlineAt;
  }

  get deadlineEpochMs(): number {
    return this.extra === undefined ? 0 : this.extra.deadlineEpochMs;
  }

  get bytes(): number {
    return this.extra === undefined ? 0 : this.extra.bytes;
  }

  get affinityKey(): string | undefined {
    return this.extra?.affinityKey;
  }

  get bulkhead(): Bulkhead | undefined {
    return this.settings.bulkhead;
  }

  get transfer(): readonly object[] | undefined {
    return this.extra?.transfer;
  }

  get requeued(): boolean {
    return (this.marks & REQUEUED) !== 0;
  }

  get result(): Promise<unknown> {
    return (this.promise ??= this.#makePromise());
  }

  /** What logs show of a task: neither its arguments nor its result, which may be large, secret, or no JSON. */
  toJSON(): Pick<Task, 'id' | 'name' | 'state' | 'attempts' | 'correlationId'> {
    const { id, name, state, attempts, correlationId } = this;
    return { id, name, state, attempts, correlationId };
  }

  get progress(): AsyncIterableIterator<unknown> {
    const buffer = this.progressBuffer();
    return {
      next: () => buffer.next(),
      return: () => {
        buffer.discard();
        return Promise.resolve({ done: true, value: undefined });
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  isComplete(): boolean {
    return isTerminal(this.stateCode);
  }

  getError(): unknown {
    return isTerminal(this.stateCode) && this.stateCode !== COMPLETED ? this.payload : undefined;
  }

  cancel(reason?: unknown): boolean {
    return this.settings.owner.cancelTask(this, reason);
  }

  /** @internal */
  move(to: StateCode): void {
    this.stateCode = transition(this.stateCode, to);
  }

  /** @internal Gives the task its outcome. Called once: `move` into a terminal state has no way out. */
  settle(to: StateCode, outcome: unknown): void {
    this.move(to);
    this.payload = outcome;
    this.holder = undefined;
    const { extra, resolve } = this;
    if (extra !== undefined) this.#settleExtra(extra, to, outcome);
    if (resolve === undefined) return;
    this.resolve = undefined;
    resolve(to === COMPLETED ? outcome : new Rejection(outcome));
  }

  /** @internal The function returned a generator: `result` resolves to the stream while the task runs on. */
  openStream(stream: PoolStream): void {
    this.ensureExtra().stream = stream;
    this.marks |= STREAMING;
    this.resolve?.(stream);
    this.resolve = undefined;
  }

  /** @internal */
  progressBuffer(): AsyncBuffer<unknown> {
    const extra = this.ensureExtra();
    if (extra.progress === undefined) {
      extra.progress = new AsyncBuffer(PROGRESS_MAX);
      if (isTerminal(this.stateCode)) extra.progress.end();
    }
    return extra.progress;
  }

  /** @internal */
  ensureExtra(): TaskExtra {
    return (this.extra ??= {
      deadlineAt: Infinity,
      deadlineEpochMs: 0,
      bytes: 0,
      delayMs: 0,
      transfer: undefined,
      correlationId: undefined,
      idempotencyKey: undefined,
      affinityKey: undefined,
      signal: undefined,
      progress: undefined,
      stream: undefined,
      submitStack: undefined,
      inCallerContext: undefined,
      workersKilled: 0,
      death: undefined,
      retryDelayMs: 0,
      dueAt: 0,
      timeoutAlarm: undefined,
      deadlineAlarm: undefined,
      race: undefined,
      given: undefined,
      lending: undefined,
      lentBy: undefined,
    });
  }

  #settleExtra(extra: TaskExtra, to: StateCode, outcome: unknown): void {
    extra.transfer = undefined;
    extra.submitStack = undefined;
    extra.inCallerContext = undefined;
    extra.progress?.end();
    if (extra.stream === undefined) return;
    if (to === COMPLETED) extra.stream.finish(outcome);
    else extra.stream.fail(outcome);
  }

  #makePromise(): Promise<unknown> {
    if ((this.marks & STREAMING) !== 0) return Promise.resolve(this.extra?.stream);
    if (!isTerminal(this.stateCode)) {
      const promise = new Promise(capture);
      this.resolve = captured;
      captured = undefined;
      return promise;
    }
    return this.stateCode === COMPLETED ? Promise.resolve(this.payload) : Promise.reject(this.payload);
  }
}

// What `console.log` shows is what `JSON.stringify` does.
Object.defineProperty(PoolTask.prototype, Symbol.for('nodejs.util.inspect.custom'), {
  value(this: PoolTask, _depth: number, options: object, inspect: (value: object, options: object) => string): string {
    return `Task ${inspect(this.toJSON(), options)}`;
  },
});

/** Whether the task waits for a worker. */
export function isQueued(task: PoolTask): boolean {
  return !isTerminal(task.stateCode) && !isInFlight(task.stateCode);
}
