/**
 * The caller's side of a generator task function: values with credit.
 *
 * The worker may be `credit` values ahead of the reader. Each value read returns its credit, in batches of half the window so that a fast reader
 * does not cost a frame a value. A reader that leaves (`return()`, `break`) ends the generator in the worker.
 */
import type { TaskStream } from '../task/types.js';
import { AsyncBuffer } from './async-buffer.js';

/** What a stream asks of its pool. */
export interface StreamSource {
  /** Grants the worker `count` more values. */
  credit(count: number): void;
  /** Ends the generator. */
  leave(): void;
}

export class PoolStream implements TaskStream<unknown> {
  readonly #buffer = new AsyncBuffer<unknown>();
  readonly #source: StreamSource;
  readonly #batch: number;
  readonly #done: Promise<unknown>;
  #resolveDone!: (value: unknown) => void;
  #rejectDone!: (error: unknown) => void;
  #read = 0;
  #settled = false;
  #left = false;

  constructor(source: StreamSource, credit: number) {
    this.#source = source;
    this.#batch = Math.max(1, credit >> 1);
    this.#done = new Promise((resolve, reject) => {
      this.#resolveDone = resolve;
      this.#rejectDone = reject;
    });
    // The error reaches the reader through next(); nobody need look at `returned`.
    this.#done.catch(() => undefined);
  }

  get returned(): Promise<unknown> {
    return this.#done;
  }

  async next(): Promise<IteratorResult<unknown>> {
    const result = await this.#buffer.next();
    if (result.done !== true) this.#returnCredit();
    return result;
  }

  async return(value?: unknown): Promise<IteratorResult<unknown>> {
    if (!this.#left && !this.#settled) {
      this.#left = true;
      this.#buffer.discard();
      this.#source.leave();
    }
    this.#buffer.discard();
    await this.#done.catch(() => undefined);
    return { done: true, value };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** @internal A value has come. */
  push(value: unknown): void {
    if (!this.#left) this.#buffer.push(value);
  }

  /** @internal The generator has returned. */
  finish(value: unknown): void {
    this.#settled = true;
    this.#buffer.end();
    this.#resolveDone(value);
  }

  /** @internal The generator threw, was cancelled or its worker died. */
  fail(error: unknown): void {
    this.#settled = true;
    this.#buffer.fail(error);
    this.#rejectDone(error);
  }

  #returnCredit(): void {
    this.#read += 1;
    if (this.#read < this.#batch || this.#settled) return;
    this.#source.credit(this.#read);
    this.#read = 0;
  }
}
