/**
 * One function over a range of numbers, cut into chunks that all workers take.
 *
 *   threads:             one share per worker ──> each takes chunk after chunk from a counter in shared memory (`shared/range-share.ts`)
 *   processes, async:    one task per chunk ──> any worker
 *
 * It is done when every chunk has answered, even if a share is still queued behind other tasks: it will find nothing left to do. It fails with the first
 * error; then nobody begins another chunk, and the caller is told once those that run have ended, so that nothing touches shared data any more. A chunk whose
 * worker died is never run again: it may have changed shared data half-way.
 */
import { MillraceError, OptionError, TaskCancelledError, TaskTimeoutError } from '../errors.js';
import { isAbortSignal } from '../runtime/abort-signal.js';
import { ownOptions, wholeNumber } from '../runtime/own-options.js';
import { parseDuration } from '../runtime/units.js';
import { activeShares, chunkCount, ChunkCursor, createRangeControl, stopRange } from '../shared/range-share.js';
import type { RangePlan, ShareResult } from '../shared/range-share.js';
import type { Alarm } from './alarms.js';
import type { RangeOptions } from './pool.js';
import type { PoolTask } from './pool-task.js';
import { isQueued } from './pool-task.js';

/** Chunk tasks submitted at once. */
const TASKS_MAX = 1_024;

const RANGE_OPTIONS: readonly (keyof RangeOptions)[] = ['chunk', 'priority', 'correlationId', 'signal', 'timeout', 'reduce'];

/** The options of a range, checked. */
export interface RangeSettings {
  /** 0 for guided. */
  readonly chunk: number;
  readonly signal: AbortSignal | undefined;
  /** `undefined` for that of the function. */
  readonly timeoutMs: number | undefined;
  readonly reduce: ((accumulated: unknown, value: unknown) => unknown) | undefined;
  /** Options of each task. */
  readonly task: { readonly priority?: string; readonly correlationId?: string };
}

/** What a range needs of its pool. */
export interface RangeSource {
  readonly name: string;
  readonly args: readonly unknown[];
  readonly plan: RangePlan;
  /** Workers share memory with this thread and each other. */
  readonly sharesMemory: boolean;
  readonly signal: AbortSignal | undefined;
  /** For the range as a whole, from now. */
  readonly timeoutMs: number;
  submit(args: readonly unknown[], isShare: boolean): PoolTask;
  setAlarm(afterMs: number, ring: () => void): Alarm;
  cancelAlarm(alarm: Alarm): void;
}

/** @throws OptionError */
export function rangeSettings(options: RangeOptions | undefined): RangeSettings {
  const { chunk = 'auto', signal, timeout, reduce, ...task } = ownOptions<RangeOptions>('range: options', options, RANGE_OPTIONS);
  if (signal !== undefined && !isAbortSignal(signal)) throw new OptionError('range: signal', 'an AbortSignal', signal);
  if (reduce !== undefined && typeof reduce !== 'function') throw new OptionError('range: reduce', 'a function', reduce);
  if (chunk !== 'auto' && typeof chunk !== 'number') throw new OptionError('range: chunk', "'auto' or a whole number >= 1", chunk);
  return {
    chunk: chunk === 'auto' ? 0 : wholeNumber('range: chunk', chunk, 1),
    signal,
    timeoutMs: timeout === undefined ? undefined : parseDuration('range: timeout', timeout, true),
    reduce: reduce as RangeSettings['reduce'],
    task,
  };
}

/** Resolves to what each chunk returned, in the order of the range. */
export function runRange(source: RangeSource): Promise<unknown[]> {
  return new Promise((resolve, reject) => new RangeRun(source, resolve, reject).begin());
}

class RangeRun {
  readonly #source: RangeSource;
  readonly #resolve: (values: unknown[]) => void;
  readonly #reject: (error: unknown) => void;
  readonly #control: SharedArrayBuffer | undefined;
  readonly #cursor: ChunkCursor;
  readonly #count: number;
  readonly #values: unknown[];
  readonly #tasks = new Set<PoolTask>();
  #submitted = 0;
  #answered = 0;
  #failure: { readonly error: unknown } | undefined;
  #settled = false;
  #alarm: Alarm | undefined;

  constructor(source: RangeSource, resolve: (values: unknown[]) => void, reject: (error: unknown) => void) {
    this.#source = source;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#control = source.sharesMemory ? createRangeControl() : undefined;
    this.#cursor = new ChunkCursor(source.plan);
    this.#count = chunkCount(source.plan);
    this.#values = Array.from({ length: this.#count });
  }

  begin(): void {
    const { signal, timeoutMs } = this.#source;
    if (signal?.aborted === true) return this.#abort(this.#cancelled(signal.reason, 'its signal had already aborted'));
    if (this.#count === 0) return this.#end();
    signal?.addEventListener('abort', this.#onAbort, { once: true });
    if (timeoutMs !== Infinity) this.#alarm = this.#source.setAlarm(timeoutMs, this.#onTimeout);
    if (this.#control === undefined) this.#submitChunks();
    else this.#submitShares(this.#control);
  }

  #submitShares(control: SharedArrayBuffer): void {
    const { plan, args } = this.#source;
    for (let share = Math.min(plan.shares, this.#count); share > 0; share -= 1) {
      this.#submit([control, plan, ...args], true, (result) => this.#take(result as ShareResult));
    }
  }

  /** As many as may wait at once. */
  #submitChunks(): void {
    while (this.#failure === undefined && this.#submitted < this.#count && this.#tasks.size < TASKS_MAX) {
      const chunk = this.#submitted++;
      this.#cursor.seek(chunk);
      this.#submit([this.#cursor.start, this.#cursor.end, ...this.#source.args], false, (value) => this.#put(chunk, value));
    }
  }

  #submit(args: readonly unknown[], isShare: boolean, onValue: (value: unknown) => void): void {
    const task = this.#source.submit(args, isShare);
    this.#tasks.add(task);
    task.result.then(
      (value) => this.#ended(task, () => onValue(value)),
      (error: unknown) => this.#ended(task, () => this.#fail(error)),
    );
  }

  #ended(task: PoolTask, takeOutcome: () => void): void {
    this.#tasks.delete(task);
    takeOutcome();
    this.#goOn();
  }

  #take({ chunks, values }: ShareResult): void {
    for (const [index, chunk] of chunks.entries()) this.#put(chunk, values?.[index]);
  }

  #put(chunk: number, value: unknown): void {
    this.#values[chunk] = value;
    this.#answered += 1;
  }

  /** A task has settled. */
  #goOn(): void {
    if (this.#settled) return;
    if (this.#failure !== undefined) this.#rejectWhenStill();
    else if (this.#answered === this.#count) this.#end();
    else if (this.#control === undefined) this.#submitChunks();
    else if (this.#tasks.size === 0) this.#abort(lostError(this.#source.name));
  }

  /** The first error: those that run end their chunk, nobody begins another. */
  #fail(error: unknown): void {
    if (this.#failure !== undefined || this.#settled) return;
    this.#failure = { error: error instanceof TaskCancelledError ? this.#cancelled(error.cause, error.message) : error };
    this.#stop();
  }

  #stop(): void {
    if (this.#control !== undefined) stopRange(this.#control);
    for (const task of this.#tasks) if (isQueued(task)) task.cancel();
  }

  /** Whoever has taken a chunk has ended it: now nothing of the range goes on. */
  #rejectWhenStill(): void {
    if (this.#tasks.size > 0 && (this.#control === undefined || activeShares(this.#control) > 0)) return;
    this.#finish();
    this.#reject(this.#failure?.error);
  }

  /** Ends at once; functions that run are told to stop. */
  #abort(error: unknown): void {
    if (this.#settled) return;
    this.#failure ??= { error };
    this.#finish();
    if (this.#control !== undefined) stopRange(this.#control);
    for (const task of this.#tasks) task.cancel(error);
    this.#reject(this.#failure.error);
  }

  #end(): void {
    this.#finish();
    this.#stop();
    this.#resolve(this.#values);
  }

  #finish(): void {
    this.#settled = true;
    this.#source.signal?.removeEventListener('abort', this.#onAbort);
    if (this.#alarm !== undefined) this.#source.cancelAlarm(this.#alarm);
  }

  readonly #onAbort = (): void => this.#abort(this.#cancelled(this.#source.signal?.reason, 'its signal aborted'));

  readonly #onTimeout = (): void => {
    const { name, timeoutMs } = this.#source;
    this.#alarm = undefined;
    this.#abort(new TaskTimeoutError('ERR_TASK_TIMEOUT', `range ${name} timed out: it was not done after ${timeoutMs} ms`, timeoutMs));
  };

  #cancelled(cause: unknown, why: string): TaskCancelledError {
    return new TaskCancelledError(`range ${this.#source.name} was cancelled: ${why}`, { taskName: this.#source.name, started: this.#tasks.size > 0, cause });
  }
}

function lostError(name: string): MillraceError {
  return new MillraceError('ERR_WORKER_CRASHED', `a worker ended while it computed a part of range ${name}`);
}
