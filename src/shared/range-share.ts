/**
 * A range that workers share: each takes the next chunk from one counter until there is none left, without a message per chunk.
 *
 *     control words:   COUNTER: number of the next chunk     STOP: 1 when no further chunk shall be begun     ACTIVE: shares that have begun and not ended
 *
 *     length 100, 2 shares, guided:   [ 25 | 19 | 14 | 11 | 8 | … | 1 | 1 ]        each chunk is what remains / (2 * shares), at least 1
 *
 * A share adds itself to ACTIVE before it looks at STOP: so who has set STOP and then finds ACTIVE 0 knows that no chunk runs or will be begun.
 *
 * Where chunk k begins follows from k alone, so taking one is a single atomic add: no chunk is taken twice, none is left out, and nobody waits.
 */
import { add, load, store } from '../runtime/atomics.js';

const COUNTER = 0;
const STOP = 1;
const ACTIVE = 2;
const CONTROL_WORDS = 3;

/** How a range is cut. */
export interface RangePlan {
  readonly length: number;
  /** Size of each chunk; 0: guided. */
  readonly chunk: number;
  /** How many take chunks. */
  readonly shares: number;
}

/** What a share of a range answers with: the numbers of its chunks and what each returned; `undefined` for nothing but `undefined`. */
export interface ShareResult {
  readonly chunks: readonly number[];
  readonly values: readonly unknown[] | undefined;
}

/** Arguments of a share's task. */
export type ShareArgs = readonly [control: SharedArrayBuffer, plan: RangePlan, ...args: unknown[]];

/** Finds out where chunks begin and end; forwards only. */
export class ChunkCursor {
  start = 0;
  end = 0;
  #chunk = -1;
  readonly #plan: RangePlan;

  constructor(plan: RangePlan) {
    this.#plan = plan;
  }

  /** Goes to chunk `chunk`, which is not before the present one. `false` past the last. */
  seek(chunk: number): boolean {
    const { length } = this.#plan;
    if (this.#plan.chunk > 0) {
      this.start = chunk * this.#plan.chunk;
      this.end = Math.min(length, this.start + this.#plan.chunk);
      return this.start < length;
    }
    while (this.#chunk < chunk && this.end < length) this.#next();
    return this.#chunk === chunk;
  }

  #next(): void {
    const { length, shares } = this.#plan;
    this.#chunk += 1;
    this.start = this.end;
    this.end = this.start + Math.max(1, Math.ceil((length - this.start) / (2 * shares)));
  }
}

/** How many chunks there are. Some hundred steps at most when guided. */
export function chunkCount(plan: RangePlan): number {
  if (plan.chunk > 0) return Math.ceil(plan.length / plan.chunk);
  const cursor = new ChunkCursor(plan);
  let count = 0;
  while (cursor.seek(count)) count += 1;
  return count;
}

export function createRangeControl(): SharedArrayBuffer {
  return new SharedArrayBuffer(CONTROL_WORDS * 4);
}

/** No share begins another chunk. */
export function stopRange(control: SharedArrayBuffer): void {
  store(new Int32Array(control), STOP, 1);
}

/** Shares that have begun and not ended. One whose thread died counts for ever. */
export function activeShares(control: SharedArrayBuffer): number {
  return load(new Int32Array(control), ACTIVE);
}

/** Does one share: calls `fn(start, end, ...args)` for one chunk after the other. What it throws stops the other shares at their next chunk. */
export function runShare(fn: (...args: unknown[]) => unknown, [control, plan, ...args]: ShareArgs): ShareResult | Promise<ShareResult> {
  return new Share(fn, new Int32Array(control), plan, args).begin();
}

class Share {
  readonly #fn: (...args: unknown[]) => unknown;
  readonly #words: Int32Array;
  readonly #cursor: ChunkCursor;
  readonly #args: readonly unknown[];
  readonly #chunks: number[] = [];
  readonly #values: unknown[] = [];
  #hasValues = false;

  constructor(fn: (...args: unknown[]) => unknown, words: Int32Array, plan: RangePlan, args: readonly unknown[]) {
    this.#fn = fn;
    this.#words = words;
    this.#cursor = new ChunkCursor(plan);
    this.#args = args;
  }

  begin(): ShareResult | Promise<ShareResult> {
    add(this.#words, ACTIVE, 1);
    return this.#run();
  }

  /** Stays synchronous while the function is. */
  #run(): ShareResult | Promise<ShareResult> {
    try {
      for (let chunk = this.#take(); chunk !== NONE; chunk = this.#take()) {
        const value = this.#fn(this.#cursor.start, this.#cursor.end, ...this.#args);
        if (isThenable(value)) return this.#follow(chunk, value);
        this.#add(chunk, value);
      }
    } catch (error) {
      return this.#fail(error);
    }
    add(this.#words, ACTIVE, -1);
    return { chunks: this.#chunks, values: this.#hasValues ? this.#values : undefined };
  }

  async #follow(chunk: number, promise: PromiseLike<unknown>): Promise<ShareResult> {
    try {
      this.#add(chunk, await promise);
    } catch (error) {
      return this.#fail(error);
    }
    return this.#run();
  }

  #fail(error: unknown): never {
    store(this.#words, STOP, 1);
    add(this.#words, ACTIVE, -1);
    throw error;
  }

  #take(): number {
    if (load(this.#words, STOP) !== 0) return NONE;
    const chunk = add(this.#words, COUNTER, 1);
    return this.#cursor.seek(chunk) ? chunk : NONE;
  }

  #add(chunk: number, value: unknown): void {
    this.#chunks.push(chunk);
    this.#values.push(value);
    if (value !== undefined) this.#hasValues = true;
  }
}

const NONE = -1;

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && typeof (value as { then?: unknown }).then === 'function';
}
