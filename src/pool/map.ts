/**
 * One task per input, with bounded memory.
 *
 *   inputs --pull--> [ window: at most `concurrency` tasks running, or finished and not yet read ] --next()--> reader
 *
 * Inputs are pulled only while the window has room, and room appears only as the reader reads: whatever the length of the input, no more than
 * `concurrency` inputs and results are held. The first `next()` starts it. Input iterators run in the caller's asynchronous context.
 */
import { OptionError } from '../errors.js';
import { captureContext, runCaptured } from '../runtime/async-context.js';
import type { RunInContext } from '../runtime/async-context.js';
import { isThenable } from '../worker/entry/stream-pump.js';
import type { MapOutcome } from './pool.js';
import type { PoolTask } from './pool-task.js';

/** What a map needs of its pool. */
export interface MapSource {
  submit(input: unknown): PoolTask;
  readonly ordered: boolean;
  readonly concurrency: number;
  readonly onError: 'throw' | 'settle';
}

interface Entry {
  readonly task: PoolTask;
  outcome: MapOutcome<unknown> | undefined;
}

type AnyIterator = Iterator<unknown> | AsyncIterator<unknown>;

/** It reads no further ahead than twice so many inputs for each worker, unless it is told to. */
export const MAP_PLACES_MAX = 256;

/** @throws OptionError when `inputs` cannot be iterated */
export function mapInputs(inputs: Iterable<unknown> | AsyncIterable<unknown>, source: MapSource): AsyncIterableIterator<unknown> {
  const run = new MapRun(iteratorOf(inputs), source, captureContext());
  return run.read();
}

class MapRun {
  readonly #iterator: AnyIterator;
  readonly #source: MapSource;
  readonly #context: RunInContext | undefined;
  /** Ordered: every entry of the window, oldest first. */
  readonly #inOrder: Entry[] = [];
  /** Unordered: the finished entries of the window, first finished first. */
  readonly #finished: Entry[] = [];
  readonly #running = new Set<Entry>();
  #held = 0;
  #index = 0;
  #pulling = false;
  #exhausted = false;
  #stopped = false;
  #inputError: { readonly error: unknown } | undefined;
  #wake: (() => void) | undefined;

  constructor(iterator: AnyIterator, source: MapSource, context: RunInContext | undefined) {
    this.#iterator = iterator;
    this.#source = source;
    this.#context = context;
  }

  async *read(): AsyncGenerator<unknown, void, undefined> {
    try {
      for (;;) {
        this.#fill();
        const entry = this.#take();
        if (entry !== undefined) yield this.#result(entry);
        else if (this.#exhausted && this.#held === 0) return this.#end();
        else await this.#change();
      }
    } catch (error) {
      await this.#leave().catch(() => undefined);
      throw error;
    } finally {
      await this.#leave();
    }
  }

  /** What came before an error of the input has been read: now it is the reader's. */
  #end(): void {
    if (this.#inputError !== undefined) throw this.#inputError.error;
  }

  /** Pulls inputs until the window is full or the iterator makes us wait. */
  #fill(): void {
    while (!this.#pulling && !this.#exhausted && !this.#stopped && this.#held < this.#source.concurrency) {
      try {
        const pulled = runCaptured(this.#context, () => this.#iterator.next());
        if (isThenable(pulled)) this.#await(pulled as Promise<IteratorResult<unknown>>);
        else this.#accept(pulled);
      } catch (error) {
        this.#fail(error);
      }
    }
  }

  #await(pulled: Promise<IteratorResult<unknown>>): void {
    this.#pulling = true;
    pulled.then(
      (result) => {
        this.#pulling = false;
        this.#accept(result);
        this.#fill();
        this.#changed();
      },
      (error: unknown) => {
        this.#pulling = false;
        this.#fail(error);
        this.#changed();
      },
    );
  }

  #accept(pulled: IteratorResult<unknown>): void {
    // Asked for its `done`, anything else would be an input for ever.
    if (Object(pulled) !== pulled) this.#fail(new OptionError('map: inputs', 'an iterator whose next() answers { done, value }', pulled));
    else if (pulled.done === true) this.#exhausted = true;
    else if (!this.#stopped) this.#start(pulled.value);
  }

  #fail(error: unknown): void {
    this.#exhausted = true;
    this.#inputError = { error };
  }

  /** Submits one input. Its outcome is recorded when it comes, so no rejection is ever unhandled. */
  #start(input: unknown): void {
    const index = this.#index++;
    const entry: Entry = { task: this.#source.submit(input), outcome: undefined };
    this.#held += 1;
    this.#running.add(entry);
    if (this.#source.ordered) this.#inOrder.push(entry);
    entry.task.result.then(
      (value) => this.#settled(entry, { status: 'fulfilled', value, index, input }),
      (reason: unknown) => this.#settled(entry, { status: 'rejected', reason, index, input }),
    );
  }

  #settled(entry: Entry, outcome: MapOutcome<unknown>): void {
    entry.outcome = outcome;
    this.#running.delete(entry);
    if (!this.#source.ordered) this.#finished.push(entry);
    this.#changed();
  }

  #take(): Entry | undefined {
    const next = this.#source.ordered ? (this.#inOrder[0]?.outcome === undefined ? undefined : this.#inOrder.shift()) : this.#finished.shift();
    if (next !== undefined) this.#held -= 1;
    return next;
  }

  #result(entry: Entry): unknown {
    const outcome = entry.outcome as MapOutcome<unknown>;
    if (this.#source.onError === 'settle') return outcome;
    if (outcome.status === 'rejected') throw outcome.reason;
    return outcome.value;
  }

  #change(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }

  #changed(): void {
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  /** The reader has left, or something failed: nothing of the window goes on. An input that is still to answer is told, but not waited for. */
  async #leave(): Promise<void> {
    if (this.#stopped) return;
    this.#stopped = true;
    for (const entry of this.#running) entry.task.cancel('the reader of map() has left');
    if (this.#exhausted) return;
    const returned = runCaptured(this.#context, () => this.#iterator.return?.());
    if (this.#pulling) Promise.resolve(returned).catch(() => undefined);
    else await returned;
  }
}

function iteratorOf(inputs: Iterable<unknown> | AsyncIterable<unknown>): AnyIterator {
  if ((typeof inputs === 'object' && inputs !== null) || typeof inputs === 'string') {
    const iterable = inputs as Partial<Iterable<unknown> & AsyncIterable<unknown>>;
    const iterator = iterable[Symbol.asyncIterator]?.() ?? iterable[Symbol.iterator]?.();
    if (iterator !== undefined) return iterator;
  }
  throw new OptionError('map: inputs', 'an iterable or an async iterable', inputs);
}
