/** Where the outcomes of `run` go: a line on stdout, files, a line in the log, a note for the summary. The log comes last: what it has is done. */
import { shorten } from './format.js';
import type { Entry } from './intake.js';
import { isStream } from './job.js';
import type { Sink } from './job.js';
import type { JobLog } from './joblog.js';
import { toJson } from './json.js';
import type { Output } from './output.js';
import type { ResultFiles } from './result-files.js';
import type { ResultFormat } from './results.js';

const FAILURES_KEPT = 3;
const MESSAGE_LENGTH_MAX = 200;

export class RunSink implements Sink {
  readonly #output: Output;
  readonly #log: JobLog | undefined;
  readonly #format: ResultFormat;
  readonly #files: ResultFiles | undefined;
  readonly #onFailure: (line: string) => void;
  readonly #failures: string[] = [];
  /** Numbers of the inputs whose generator has files and no end yet. */
  readonly #streaming = new Set<number>();

  /** `onFailure` is told of every failure; the first few are kept for the summary too. */
  constructor(output: Output, log: JobLog | undefined, format: ResultFormat, files: ResultFiles | undefined, onFailure: (line: string) => void) {
    this.#files = files;
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
    const files = this.#files;
    if (files === undefined) return this.#completed(entry, value);
    return files
      .begin(entry)
      .then(() => files.value(entry, value))
      .then(() => this.#completed(entry, value));
  }

  #completed(entry: Entry, value: unknown): void | Promise<void> {
    return this.#write(this.#format.value(entry, value), this.#log?.record(entry, 'ok'));
  }

  failed(entry: Entry, thrown: unknown): void | Promise<void> {
    const line = describeFailure(entry, thrown);
    if (this.#failures.length < FAILURES_KEPT) this.#failures.push(line);
    this.#onFailure(line);
    const files = this.#files;
    if (files === undefined) return this.#failed(entry, thrown);
    // What a generator had yielded before it failed stays.
    const begun = this.#streaming.delete(entry.index) ? Promise.resolve() : files.begin(entry);
    return begun.then(() => files.error(entry, thrown)).then(() => this.#failed(entry, thrown));
  }

  #failed(entry: Entry, thrown: unknown): void | Promise<void> {
    return this.#write(this.#format.error(entry, thrown), this.#log?.record(entry, { thrown }));
  }

  async #stream(entry: Entry, stream: AsyncIterable<unknown> & { readonly returned: Promise<unknown> }): Promise<void> {
    let yields = 0;
    if (this.#files !== undefined) {
      await this.#files.begin(entry);
      this.#streaming.add(entry.index);
    }
    for await (const value of stream) {
      await this.#files?.yielded(entry, value);
      await this.#output.write(this.#format.yielded(entry, yields, value));
      yields += 1;
    }
    const returned = await stream.returned;
    await this.#files?.value(entry, returned);
    this.#streaming.delete(entry.index);
    await this.#write(this.#format.returned(entry, yields, returned), this.#log?.record(entry, 'ok'));
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
