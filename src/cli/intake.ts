/**
 * The inputs on their way to the pool: numbered, those a resume skips left out, and stoppable at any time.
 *
 *     source ──> judge ──> pool.map        entry(k) tells which input the k-th that map pulled was;
 *                  └─> skipped             settle(k) forgets it: what is left in the end was never finished
 */
import type { Verdict } from './joblog.js';
import type { NumberedInput } from './results.js';

/** An input that was handed to the pool. */
export interface Entry extends NumberedInput {
  readonly hash: string;
  readonly again: boolean;
}

const DONE: IteratorReturnResult<undefined> = { done: true, value: undefined };

export class Intake implements AsyncIterableIterator<unknown> {
  readonly #source: AsyncIterator<unknown>;
  readonly #judge: (input: unknown) => Verdict;
  readonly #open = new Map<number, Entry>();
  readonly #pending = new Set<(result: IteratorResult<unknown>) => void>();
  #pulled = 0;
  #stopped = false;
  #index = 0;
  #skipped = 0;
  #exhausted = false;
  #failure: unknown;

  /** `onFailure` is called when the source throws; the intake has then ended, what it gave out goes on. */
  readonly #onFailure: () => void;

  constructor(source: AsyncIterable<unknown>, judge: (input: unknown) => Verdict, onFailure: () => void) {
    this.#source = source[Symbol.asyncIterator]();
    this.#judge = judge;
    this.#onFailure = onFailure;
  }

  /** Number of the next input that nobody has taken. */
  get index(): number {
    return this.#index;
  }

  get skipped(): number {
    return this.#skipped;
  }

  /** Whether the source has given all it had. */
  get exhausted(): boolean {
    return this.#exhausted;
  }

  /** What the source threw. */
  get failure(): unknown {
    return this.#failure;
  }

  /** Numbers of the inputs that were handed out and never settled. */
  unfinished(): number[] {
    return [...this.#open.values()].map(({ index }) => index).sort((a, b) => a - b);
  }

  /** The `position`-th input that was handed out. */
  entry(position: number): Entry {
    return this.#open.get(position) as Entry;
  }

  settle(position: number): void {
    this.#open.delete(position);
  }

  /** Gives out nothing more, even if the source is just being waited for. */
  stop(): void {
    this.#stopped = true;
    for (const resolve of this.#pending) resolve(DONE);
    this.#pending.clear();
  }

  next(): Promise<IteratorResult<unknown>> {
    if (this.#stopped) return Promise.resolve(DONE);
    return new Promise((resolve) => {
      this.#pending.add(resolve);
      void this.#deliver(resolve);
    });
  }

  return(): Promise<IteratorResult<unknown>> {
    this.stop();
    return Promise.resolve(DONE);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async #deliver(resolve: (result: IteratorResult<unknown>) => void): Promise<void> {
    const result = await this.#advance();
    this.#pending.delete(resolve);
    resolve(result);
  }

  async #advance(): Promise<IteratorResult<unknown>> {
    for (;;) {
      const next = await this.#read();
      if (this.#stopped || next.done === true) return DONE;
      const index = this.#index++;
      const verdict = this.#judge(next.value);
      if (!verdict.run) {
        this.#skipped += 1;
        continue;
      }
      this.#open.set(this.#pulled++, { index, input: next.value, hash: verdict.hash, again: verdict.again });
      return { done: false, value: next.value };
    }
  }

  async #read(): Promise<IteratorResult<unknown>> {
    try {
      const next = await this.#source.next();
      this.#exhausted ||= next.done === true;
      return next;
    } catch (error) {
      this.#failure = error;
      this.#onFailure();
      return DONE;
    }
  }
}
