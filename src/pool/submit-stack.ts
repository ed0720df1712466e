/**
 * Records the stack of a submission, to be joined to the worker's error.
 *
 * In `auto` mode a bucket of {@link RECORDS_PER_SECOND_MAX} tokens bounds the cost: a pool that is fed faster records none for the rest of the
 * second, so a burst pays one comparison a task.
 */

const RECORDS_PER_SECOND_MAX = 1_000;
const FRAMES_MAX = 12;

/** The public method that was called: a recorded stack begins above it. */
export type Above = (...args: never[]) => unknown;

export class SubmitStacks {
  readonly #mode: boolean | 'auto';
  #tokens = RECORDS_PER_SECOND_MAX;
  #secondStart = -Infinity;

  constructor(mode: boolean | 'auto') {
    this.#mode = mode;
  }

  /** Until when none will be recorded, whatever is submitted: `-Infinity` while some are. */
  get spentUntil(): number {
    if (this.#mode === false) return Infinity;
    return this.#mode === true || this.#tokens > 0 ? -Infinity : this.#secondStart + 1_000;
  }

  /** A holder whose `stack` is formatted only when read; `undefined` when none is recorded. `above` is the public method that was called. */
  record(nowMs: number, above: Above): { readonly stack?: string } | undefined {
    if (this.#mode === false || (this.#mode === 'auto' && !this.#take(nowMs))) return undefined;
    const holder: { stack?: string } = {};
    const limit = Error.stackTraceLimit;
    limitTraces(FRAMES_MAX);
    Error.captureStackTrace(holder, above);
    limitTraces(limit);
    return holder;
  }

  #take(nowMs: number): boolean {
    if (this.#tokens > 0) {
      this.#tokens -= 1;
      return true;
    }
    if (nowMs - this.#secondStart < 1_000) return false;
    this.#secondStart = nowMs;
    this.#tokens = RECORDS_PER_SECOND_MAX - 1;
    return true;
  }
}

/**
 * Makes the error of a refusal: with a stack where the submission has one recorded, without where it has not. A pool that has to refuse does so
 * a hundred thousand times a second, and a stack costs more than all the rest of it.
 */
export function refusalError<E>(isRecorded: boolean, make: () => E): E {
  if (isRecorded) return make();
  const limit = Error.stackTraceLimit;
  limitTraces(0);
  try {
    return make();
  } finally {
    limitTraces(limit);
  }
}

/** As far as it can be set: not where the intrinsics are frozen. */
function limitTraces(frames: number): void {
  try {
    Error.stackTraceLimit = frames;
  } catch {
    // A trace is then as long as the program has it.
  }
}
