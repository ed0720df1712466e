/**
 * One function over many inputs on a pool: what `run` and `demo` have in common.
 *
 * How a job ends, beside running out of inputs. The first cause is kept; a later one can only make the end come sooner.
 *
 *     cause                          intake   waiting inputs   running inputs
 *     bad input                      stops    run              finish
 *     signal, --halt soon            stops    do not run       finish, signals within the grace
 *     second signal, --halt now,
 *     --deadline, reader has left    stops    do not run       are ended
 */
import type { MapOutcome, Pool } from '../pool/pool.js';
import type { Clock, Timer } from '../runtime/clock.js';
import { MillraceError } from '../errors.js';
import { EXIT } from './exit-codes.js';
import type { EndSignal } from './exit-codes.js';
import { haltReached } from './halt.js';
import type { HaltRule } from './halt.js';
import { Intake } from './intake.js';
import type { Entry } from './intake.js';
import type { Verdict } from './joblog.js';
import type { Progress } from './progress.js';
import { RateMeter } from './rate-meter.js';

/** Any task module, as the command line sees it. */
export type AnyTasks = Record<string, (input: unknown) => unknown>;

/** Takes the outcomes; a promise holds the job back until it resolves. */
export interface Sink {
  completed(entry: Entry, value: unknown): void | Promise<void>;
  failed(entry: Entry, thrown: unknown): void | Promise<void>;
}

export interface JobOptions {
  readonly functionName: string;
  readonly inputs: AsyncIterable<unknown>;
  /** How many inputs there are, when that becomes known. */
  readonly total: Promise<number | undefined>;
  readonly keepOrder: boolean;
  /** Inputs held at once, waiting and finished ones included. */
  readonly window: number;
  readonly judge: (input: unknown) => Verdict;
  readonly sink: Sink;
  readonly halt: HaltRule | undefined;
  readonly deadlineMs: number | undefined;
  readonly clock: Clock;
}

/** Why a job ended before its inputs did. */
export type EndCause = { readonly kind: 'signal'; readonly signal: EndSignal } | { readonly kind: 'halt' | 'deadline' | 'input' | 'output' | 'worker' };

export interface JobReport {
  readonly ok: number;
  readonly failed: number;
  /** Inputs a resume left out. */
  readonly skipped: number;
  /** Numbers of inputs that were taken and have no outcome. */
  readonly unfinished: readonly number[];
  /** Number of the first input that was not taken; the number of all when `exhausted`. */
  readonly nextIndex: number;
  readonly exhausted: boolean;
  readonly elapsedMs: number;
  readonly workersMax: number;
  readonly cause: EndCause | undefined;
  /** What was wrong, for `input` and `worker`. */
  readonly error: unknown;
}

/** Time between two looks whether the running inputs have finished. */
const DRAIN_LOOK_MS = 20;
/** After the workers were ended, how long outcomes may still come. */
const ABANDON_MS = 2_000;

/** Errors of the pool that concern the whole run, not one input. */
const WORKER_CODES: ReadonlySet<string> = new Set(['ERR_WORKER_START', 'ERR_MODULE_LOAD', 'ERR_TYPESCRIPT', 'ERR_UNKNOWN_FUNCTION']);
/** Errors of tasks that did not run to their end because the pool was stopped. */
const STOPPED_CODES: ReadonlySet<string> = new Set(['ERR_TASK_CANCELLED', 'ERR_POOL_CLOSED']);

export class Job {
  readonly #pool: Pool<AnyTasks>;
  readonly #options: JobOptions;
  readonly #intake: Intake;
  readonly #startedAt: number;
  readonly #rate: RateMeter;
  readonly #timers = new Set<Timer>();
  #abandon: () => void = () => {};
  #total: number | undefined;
  #ok = 0;
  #failed = 0;
  #workersMax = 0;
  #endedAt: number | undefined;
  #cause: EndCause | undefined;
  #error: unknown;
  #halted = false;
  #ending: 'no' | 'draining' | 'terminating' = 'no';

  constructor(pool: Pool<AnyTasks>, options: JobOptions) {
    this.#pool = pool;
    this.#options = options;
    this.#startedAt = options.clock.now();
    this.#rate = new RateMeter(this.#startedAt);
    this.#intake = new Intake(options.inputs, options.judge, () => (this.#cause ??= { kind: 'input' }));
    pool.on('workerReady', () => (this.#workersMax = Math.max(this.#workersMax, pool.stats().workers.ready)));
    void options.total.then((total) => (this.#total = total));
  }

  /** Runs to the end, whatever it is, and closes the pool. Rejects only for errors of the sink. */
  async run(): Promise<JobReport> {
    const abandoned = new Promise<void>((resolve) => (this.#abandon = resolve));
    if (this.#options.deadlineMs !== undefined) this.#after(this.#options.deadlineMs, () => this.terminate({ kind: 'deadline' }));
    try {
      await Promise.race([this.#serve(), abandoned]);
      this.#endedAt = this.#options.clock.now();
      if (this.#ending === 'no') this.#cancelTimers();
      await Promise.race([this.#pool.close(), abandoned]);
    } catch (error) {
      await this.#pool.terminate();
      throw error;
    } finally {
      this.#cancelTimers();
    }
    return this.#report();
  }

  /** Takes no more inputs and lets the running ones finish within `graceMs`. */
  drain(cause: EndCause, graceMs: number): void {
    this.#cause ??= cause;
    if (this.#ending !== 'no') return;
    this.#ending = 'draining';
    this.#pool.pause();
    this.#intake.stop();
    if (graceMs !== Infinity) this.#after(graceMs, () => this.terminate(cause));
    this.#awaitDrained();
  }

  /** Ends the running inputs. */
  terminate(cause: EndCause): void {
    this.#cause ??= cause;
    if (this.#ending === 'terminating') return;
    this.#ending = 'terminating';
    this.#intake.stop();
    this.#after(ABANDON_MS, this.#abandon);
    void this.#pool.terminate();
  }

  /** Whether it takes no more inputs, for whatever cause. */
  get isEnding(): boolean {
    return this.#ending !== 'no';
  }

  /** Inputs that are running now. */
  get running(): number {
    return this.#pool.stats().tasks.inFlight;
  }

  progress(): Progress {
    const { workers, run } = this.#pool.stats();
    const elapsedMs = this.#options.clock.now() - this.#startedAt;
    return {
      done: this.#ok + this.#failed + this.#intake.skipped,
      failed: this.#failed,
      total: this.#total,
      elapsedMs,
      ratePerSecond: this.#rate.sample(this.#startedAt + elapsedMs, this.#ok + this.#failed),
      busy: workers.busy,
      workers: workers.total,
      p50Ms: run.count === 0 ? undefined : run.p50,
      p99Ms: run.count === 0 ? undefined : run.p99,
    };
  }

  async #serve(): Promise<void> {
    if (!(await this.#ready())) return;
    const outcomes = this.#pool.map(this.#options.functionName, this.#intake, {
      onError: 'settle',
      ordered: this.#options.keepOrder,
      concurrency: this.#options.window,
    });
    for await (const outcome of outcomes) {
      const held = this.#settle(outcome);
      if (held !== undefined) await held;
      this.#checkHalt();
    }
  }

  /** Whether a worker could be started; nothing is read before. */
  async #ready(): Promise<boolean> {
    try {
      await this.#pool.ready();
      this.#workersMax = Math.max(this.#workersMax, 1);
      return this.#ending === 'no';
    } catch (error) {
      if (this.#ending === 'no') this.#giveUp(error);
      return false;
    }
  }

  #settle(outcome: MapOutcome<unknown>): void | Promise<void> {
    const entry = this.#intake.entry(outcome.index);
    if (outcome.status === 'fulfilled')
      return isStream(outcome.value) ? this.#complete(entry, outcome.index, outcome.value) : this.#completed(entry, outcome.index, outcome.value);
    const { code } = (outcome.reason ?? {}) as { code?: string };
    const own = outcome.reason instanceof MillraceError && code !== undefined;
    if (own && this.#ending !== 'no' && STOPPED_CODES.has(code)) return;
    if (own && WORKER_CODES.has(code)) return this.#giveUp(outcome.reason);
    return this.#fail(entry, outcome.index, outcome.reason);
  }

  #completed(entry: Entry, position: number, value: unknown): void | Promise<void> {
    const held = this.#options.sink.completed(entry, value);
    this.#ok += 1;
    this.#intake.settle(position);
    return held;
  }

  /** A stream may yet fail, and its sink is done only when it has ended. */
  async #complete(entry: Entry, position: number, stream: unknown): Promise<void> {
    try {
      await this.#options.sink.completed(entry, stream);
    } catch (error) {
      if (this.#ending !== 'no') return;
      return this.#fail(entry, position, error);
    }
    this.#ok += 1;
    this.#intake.settle(position);
  }

  #fail(entry: Entry, position: number, thrown: unknown): void | Promise<void> {
    this.#failed += 1;
    this.#intake.settle(position);
    return this.#options.sink.failed(entry, thrown);
  }

  /** No worker can serve the run: what is left would only fail. */
  #giveUp(error: unknown): void {
    this.#error ??= error;
    this.terminate({ kind: 'worker' });
  }

  #checkHalt(): void {
    const { halt } = this.#options;
    if (halt === undefined || this.#halted || !haltReached(halt, { ok: this.#ok, failed: this.#failed })) return;
    this.#halted = true;
    if (halt.when === 'now') this.terminate({ kind: 'halt' });
    else this.drain({ kind: 'halt' }, Infinity);
  }

  #awaitDrained(): void {
    if (this.running === 0) void this.#pool.close({ timeout: 0 });
    else this.#after(DRAIN_LOOK_MS, () => this.#awaitDrained());
  }

  #after(delayMs: number, fn: () => void): void {
    const timer = this.#options.clock.setTimer(delayMs, () => {
      this.#timers.delete(timer);
      fn();
    });
    this.#timers.add(timer);
  }

  #cancelTimers(): void {
    for (const timer of this.#timers) timer.cancel();
    this.#timers.clear();
  }

  #report(): JobReport {
    return {
      ok: this.#ok,
      failed: this.#failed,
      skipped: this.#intake.skipped,
      unfinished: this.#intake.unfinished(),
      nextIndex: this.#intake.index,
      exhausted: this.#intake.exhausted,
      elapsedMs: (this.#endedAt ?? this.#options.clock.now()) - this.#startedAt,
      workersMax: this.#workersMax,
      cause: this.#cause,
      error: this.#error ?? this.#intake.failure,
    };
  }
}

/** Whether a value is the stream of a generator task function. */
export function isStream(value: unknown): value is AsyncIterable<unknown> & { readonly returned: Promise<unknown> } {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value && 'returned' in value;
}

/** The largest exit code that counts failures: it stands for all larger numbers, and what is above belongs to the shell. */
const FAILURES_COUNTED_MAX = 101;

/** The exit code a report stands for; with `countsFailures` the number of failed inputs, when nothing else ended the run. */
export function exitCodeOf(report: JobReport, countsFailures = false): number {
  switch (report.cause?.kind) {
    case undefined:
      if (countsFailures) return Math.min(report.failed, FAILURES_COUNTED_MAX);
      return report.failed > 0 ? EXIT.failed : EXIT.ok;
    case 'signal':
      return EXIT[report.cause.signal];
    case 'halt':
      return EXIT.halted;
    case 'deadline':
      return EXIT.deadline;
    case 'input':
      return EXIT.usage;
    case 'output':
      return EXIT.ok;
    case 'worker':
      return (report.error as { code?: string }).code === 'ERR_UNKNOWN_FUNCTION' ? EXIT.usage : EXIT.load;
  }
}
