/**
 * Values on their way to one asynchronous reader: pushed by the pool, pulled by `next()`.
 *
 *   push -> [ v v v ] -> next          end() / fail(error) take effect after the buffered values have been read
 */
type Waiter<T> = { resolve: (result: IteratorResult<T>) => void; reject: (error: unknown) => void };

export class AsyncBuffer<T> {
  readonly #values: T[] = [];
  readonly #waiters: Waiter<T>[] = [];
  readonly #valuesMax: number;
  #head = 0;
  #ended = false;
  #failed = false;
  #error: unknown;

  /** Past `valuesMax` buffered values the oldest is dropped: for readers that may never come. */
  constructor(valuesMax: number = Infinity) {
    this.#valuesMax = valuesMax;
  }

  get length(): number {
    return this.#values.length - this.#head;
  }

  push(value: T): void {
    if (this.#ended) return;
    const waiter = this.#waiters.shift();
    if (waiter !== undefined) {
      waiter.resolve({ done: false, value });
      return;
    }
    this.#values.push(value);
    if (this.length > this.#valuesMax) this.#take();
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    for (const waiter of this.#waiters.splice(0)) waiter.resolve({ done: true, value: undefined });
  }

  fail(error: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    const first = this.#waiters.shift();
    if (first === undefined) {
      this.#failed = true;
      this.#error = error;
    } else {
      first.reject(error);
    }
    for (const waiter of this.#waiters.splice(0)) waiter.resolve({ done: true, value: undefined });
  }

  /** Forgets what is buffered and ends: the reader has left. */
  discard(): void {
    this.#values.length = 0;
    this.#head = 0;
    this.#failed = false;
    this.end();
  }

  next(): Promise<IteratorResult<T>> {
    if (this.length > 0) return Promise.resolve({ done: false, value: this.#take() });
    if (this.#failed) {
      this.#failed = false;
      return Promise.reject(this.#error);
    }
    if (this.#ended) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve, reject) => {
      this.#waiters.push({ resolve, reject });
    });
  }

  #take(): T {
    const value = this.#values[this.#head] as T;
    this.#values[this.#head] = undefined as T;
    this.#head += 1;
    if (this.#head > 64 && this.#head * 2 > this.#values.length) {
      this.#values.splice(0, this.#head);
      this.#head = 0;
    }
    return value;
  }
}
