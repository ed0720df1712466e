/**
 * Draws values from a generator, as many as there is credit for.
 *
 *   grant(n) ──> [ next() ──> value ]* ──> done ──> finished(return value)
 *   leave()  ──> return() ──────────────────────> finished(return value)      the reader has left
 *   abort(e) ──> return() ──────────────────────> failed(e)                   cancelled, or a value could not cross
 *
 * A synchronous generator is drawn from without a tick between values; `return()` is called at once also while `next()` is pending, because an
 * iterator that waits for an event would otherwise never end (a generator takes it after its current step). Exactly one of `finished` and
 * `failed` is called.
 */

/** A generator object, or anything that behaves like one. */
export interface ValueSource {
  next(): IteratorResult<unknown> | PromiseLike<IteratorResult<unknown>>;
  return?(value?: unknown): IteratorResult<unknown> | PromiseLike<IteratorResult<unknown>>;
}

/** Where the values go. */
export interface ValueSink {
  value(value: unknown): void;
  finished(value: unknown): void;
  failed(error: unknown): void;
  /** Called before the end is told; may call `abort`. */
  barrier(): void;
  /** The reason when the task was told to stop and no event could say so. */
  cancelled(): Error | undefined;
  /** Runs a step of the generator in the task's context. */
  within<R>(fn: () => R): R;
}

export class StreamPump {
  readonly #source: ValueSource;
  readonly #sink: ValueSink;
  #credit = 0;
  #drawing = false;
  #ended = false;
  /** Set when the generator is to end before it is done. */
  #stop: { readonly aborted: boolean; readonly error: unknown } | undefined;
  #closing: Promise<unknown> | undefined;

  constructor(source: ValueSource, sink: ValueSink) {
    this.#source = source;
    this.#sink = sink;
  }

  grant(count: number): void {
    this.#credit += count;
    if (!this.#drawing && !this.#ended && this.#stop === undefined) void this.#draw();
  }

  leave(): void {
    this.#end({ aborted: false, error: undefined });
  }

  abort(error: unknown): void {
    this.#end({ aborted: true, error });
  }

  #end(stop: { aborted: boolean; error: unknown }): void {
    if (this.#ended || this.#stop?.aborted === true) return;
    const first = this.#stop === undefined;
    this.#stop = stop;
    if (first) void this.#close().catch(() => undefined);
    if (first && !this.#drawing) void this.#finishStopped();
  }

  async #draw(): Promise<void> {
    this.#drawing = true;
    try {
      while (this.#credit > 0 && this.#stop === undefined) {
        const reason = this.#sink.cancelled();
        if (reason !== undefined) {
          this.abort(reason);
          break;
        }
        const step = this.#sink.within(() => this.#source.next());
        const { done, value } = isThenable(step) ? await step : step;
        const settled = isThenable(value) ? await value : value;
        if (done === true) return this.#finish(settled);
        if (this.#stop !== undefined) break;
        this.#credit -= 1;
        this.#sink.value(settled);
      }
    } catch (error) {
      return this.#fail(error);
    } finally {
      this.#drawing = false;
    }
    if (this.#stop !== undefined) await this.#finishStopped();
  }

  /** Calls `return()` once. */
  #close(): Promise<unknown> {
    return (this.#closing ??= (async () => (await this.#sink.within(() => this.#source.return?.(undefined)))?.value)());
  }

  async #finishStopped(): Promise<void> {
    try {
      this.#finish(await this.#close());
    } catch (error) {
      this.#fail(error);
    }
  }

  #finish(value: unknown): void {
    if (this.#ended) return;
    this.#sink.barrier();
    this.#ended = true;
    if (this.#stop?.aborted === true) this.#sink.failed(this.#stop.error);
    else this.#sink.finished(value);
  }

  #fail(error: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#sink.failed(this.#stop?.aborted === true ? this.#stop.error : error);
  }
}

/** Whether a result is to be streamed: generator objects and async iterators. Collections and their iterators are values. */
export function isValueSource(value: object): value is ValueSource {
  const { next, [Symbol.asyncIterator]: asyncIterator } = value as { next?: unknown; [Symbol.asyncIterator]?: unknown };
  if (typeof next !== 'function') return false;
  return typeof asyncIterator === 'function' || Object.prototype.toString.call(value) === '[object Generator]';
}

export function isThenable(value: unknown): value is PromiseLike<unknown> & object {
  return (typeof value === 'object' || typeof value === 'function') && value !== null && typeof (value as { then?: unknown }).then === 'function';
}
