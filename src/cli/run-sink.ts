/** Where the outcomes of `run` go: a line on stdout, a line in the log, a note for the summary. */
import { shorten } from './format.js';
import type { Entry } from './intake.js';
import { isStream } from './job.js';
import type { Sink } from './job.js';
import type { JobLog } from './joblog.js';
import { toJson } from './json.js';
import type { Output } from './output.js';
import type { ResultFormat } from './results.js';

const FAILURES_KEPT = 3;
const MESSAGE_LENGTH_MAX = 200;

export class RunSink implements Sink {
  readonly #output: Output;
  readonly #log: JobLog | undefined;
  readonly #format: ResultFormat;
  readonly #onFailure: (line: string) => void;
  readonly #failures: string[] = [];

  /** `onFailure` is told of every failure; the first few are kept for the summary too. */
  constructor(output: Output, log: JobLog | undefined, format: ResultFormat, onFailure: (line: string) => void) {
    this.#output = output;
    this.#log = log;
    this.#format = format;
    this.#onFailure = onFailure;
  }

  /** The first failures, a line each. */
  get failures(): readonly string[] {
    return this.#failures;
  }

  completed(entry: Entry, value: unknown): void | Promise<void> {
    if (isStream(value)) return this.#stream(entry, value);
    return this.#write(this.#format.value(entry, value), this.#log?.record(entry, 'ok'));
  }

  failed(entry: Entry, thrown: unknown): void | Promise<void> {
    const line = describeFailure(entry, thrown);
    if (this.#failures.length < FAILURES_KEPT) this.#failures.push(line);
    this.#onFailure(line);
    return this.#write(this.#format.error(entry, thrown), this.#log?.record(entry, { thrown }));
  }

  async #stream(entry: Entry, stream: AsyncIterable<unknown> & { readonly returned: Promise<unknown> }): Promise<void> {
    let yields = 0;
    for await (const value of stream) {
      await this.#output.write(this.#format.yielded(entry, yields, value));
      yields += 1;
    }
    await this.#write(this.#format.returned(entry, yields, await stream.returned), this.#log?.record(entry, 'ok'));
  }

  #write(line: string, logged: Promise<void> | undefined): void | Promise<void> {
    const written = this.#output.write(line);
    if (written !== undefined && logged !== undefined) return both(written, logged);
    return written ?? logged;
  }
}

async function both(first: Promise<void>, second: Promise<void>): Promise<void> {
  await Promise.all([first, second]);
}

/** `input 7 ("b.jpg"): RangeError: too wide`. */
function describeFailure({ index, input }: Entry, thrown: unknown): string {
  const what = thrown instanceof Error ? `${thrown.name}: ${thrown.message}` : `threw ${toJson(thrown)}`;
  return `input ${index} (${shorten(toJson(input), 60)}): ${shorten(what, MESSAGE_LENGTH_MAX)}`;
}
