/**
 * The log behind `--joblog`, `--resume` and `--resume-failed`: lines of JSON, only ever appended to.
 *
 *     {"run":{"module":"./tasks.js","function":"resize","at":"2026-01-31T12:00:00.000Z"}}     a fresh run: what stands above no longer counts
 *     {"index":0,"hash":"9f86d0…","status":"ok","at":"…"}
 *     {"index":1,"hash":"60303a…","status":"failed","at":"…","error":{"name":"Error","message":"…"}}
 *     {"run":{…,"resumed":true}}                                                              a resumed run: what stands above counts on
 *     {"index":1,"hash":"60303a…","status":"ok","again":true,"at":"…"}                        an input recorded as failed above
 *
 * Inputs are known by the hash of their value, so the order and the numbering of the inputs may change between runs; equal inputs are
 * counted, not merged. A line cut short by a crash is passed over. Memory for a resume is one entry for each distinct input in the log.
 */
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, existsSync } from 'node:fs';
import type { WriteStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { CommandError } from './exit-codes.js';
import { readLines } from './inputs/lines.js';
import { errorRecord, toJson } from './json.js';

export type ResumeMode = 'fresh' | 'resume' | 'resume-failed';

/** What a log is about: resuming another function's log would skip inputs that never ran. */
export interface JobIdentity {
  readonly module: string;
  readonly function: string;
}

/** What a log knows of an input that comes along. */
export type Verdict = { readonly run: false } | { readonly run: true; readonly hash: string; readonly again: boolean };

/** Inputs of earlier runs by hash: how many of the kind are done, how many last failed. */
export class JobHistory {
  readonly #done = new Map<string, number>();
  readonly #failed = new Map<string, number>();
  readonly #mode: ResumeMode;

  constructor(mode: ResumeMode) {
    this.#mode = mode;
  }

  /** Takes one line of the log. */
  learn(record: { readonly hash: string; readonly status: string; readonly again?: boolean }): void {
    if (record.status === 'ok') {
      add(this.#done, record.hash, 1);
      if (record.again === true) add(this.#failed, record.hash, -1);
    } else if (record.status === 'failed' && record.again !== true) {
      add(this.#failed, record.hash, 1);
    }
  }

  forget(): void {
    this.#done.clear();
    this.#failed.clear();
  }

  /** Whether an input is to be run; each call uses up one record. */
  judge(input: unknown): Verdict {
    const hash = hashInput(input);
    if (this.#mode === 'resume' && take(this.#done, hash)) return { run: false };
    const again = take(this.#failed, hash);
    return this.#mode === 'resume-failed' && !again ? { run: false } : { run: true, hash, again };
  }
}

/** Names an input by its value. */
export function hashInput(input: unknown): string {
  return createHash('sha256').update(toJson(input)).digest('hex').slice(0, 32);
}

function add(counts: Map<string, number>, hash: string, change: number): void {
  counts.set(hash, (counts.get(hash) ?? 0) + change);
}

function take(counts: Map<string, number>, hash: string): boolean {
  const count = counts.get(hash) ?? 0;
  if (count > 0) counts.set(hash, count - 1);
  return count > 0;
}

/** Reads the log at `path` as far as it concerns a run of `identity`. */
export async function readHistory(path: string, mode: ResumeMode, identity: JobIdentity): Promise<JobHistory> {
  const history = new JobHistory(mode);
  if (mode === 'fresh' || !existsSync(path)) return history;
  for await (const { text, number } of readLines(path, createReadStream(path), false)) {
    const record = parseRecord(text);
    if (record?.run !== undefined) begin(record.run, history, identity, `${path}, line ${number}`);
    else if (typeof record?.hash === 'string') history.learn(record as { hash: string; status: string });
  }
  return history;
}

interface LogRecord {
  readonly run?: JobIdentity & { readonly resumed?: boolean };
  readonly hash?: string;
  readonly status?: string;
  readonly again?: boolean;
}

function parseRecord(text: string): LogRecord | undefined {
  try {
    return JSON.parse(text) as LogRecord;
  } catch {
    return undefined;
  }
}

function begin(run: NonNullable<LogRecord['run']>, history: JobHistory, identity: JobIdentity, place: string): void {
  if (run.resumed !== true) history.forget();
  if (run.module !== identity.module || run.function !== identity.function) {
    throw new CommandError(
      `${place}: the log is of ${run.function} in ${run.module}, not of ${identity.function} in ${identity.module}; resume with the same module and function, or use another --joblog`,
    );
  }
}

/** Appends to a log. */
export class JobLog {
  readonly #stream: WriteStream;
  readonly #failure: Promise<never>;
  #drained: Promise<void> | undefined;

  private constructor(stream: WriteStream, path: string) {
    this.#stream = stream;
    this.#failure = new Promise((_, reject) =>
      stream.on('error', (error) => reject(new CommandError(`${path}: the log cannot be written (${error.message})`, { cause: error }))),
    );
    this.#failure.catch(() => {});
  }

  /** Opens the log at `path` and notes the beginning of a run. */
  static async open(path: string, mode: ResumeMode, identity: JobIdentity): Promise<JobLog> {
    const cut = await endsInMidLine(path);
    const log = new JobLog(createWriteStream(path, { flags: 'a' }), path);
    const run = { ...identity, at: new Date().toISOString(), ...(mode === 'fresh' ? {} : { resumed: true }) };
    await log.#append(`${cut ? '\n' : ''}${JSON.stringify({ run })}\n`);
    return log;
  }

  /** Notes the outcome of an input; `thrown` is left out for `ok`. Resolves when more may follow. */
  record(
    entry: { readonly index: number; readonly hash: string; readonly again: boolean },
    outcome: { readonly thrown: unknown } | 'ok',
  ): Promise<void> | undefined {
    const line = {
      index: entry.index,
      hash: entry.hash,
      status: outcome === 'ok' ? 'ok' : 'failed',
      ...(entry.again ? { again: true } : {}),
      at: new Date().toISOString(),
      ...(outcome === 'ok' ? {} : { error: errorRecord(outcome.thrown) }),
    };
    if (this.#stream.write(`${JSON.stringify(line)}\n`)) return this.#drained;
    this.#drained ??= Promise.race([new Promise<void>((resolve) => this.#stream.once('drain', resolve)), this.#failure]).finally(
      () => (this.#drained = undefined),
    );
    return this.#drained;
  }

  /** Resolves when all of it is in the file. */
  close(): Promise<void> {
    return Promise.race([new Promise<void>((resolve) => this.#stream.once('finish', resolve).end()), this.#failure]);
  }

  #append(text: string): Promise<void> {
    return Promise.race([new Promise<void>((resolve) => this.#stream.write(text, (error) => (error ? undefined : resolve()))), this.#failure]);
  }
}

/** Whether the last line of the file lacks its end. */
async function endsInMidLine(path: string): Promise<boolean> {
  if (!existsSync(path)) return false;
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    if (size === 0) return false;
    const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
    return buffer[0] !== 0x0a;
  } finally {
    await file.close();
  }
}
