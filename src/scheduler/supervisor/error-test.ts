/**
 * Which worker is to blame for errors: one sequential test (CUSUM) a worker, standardised by task function with the rates of the *other* workers.
 *
 *     score = max(0, score + weight of the outcome)          0 ........ 6.9 suspect ........ 9.2 isolate
 *
 * A score that high is a sign; the verdict needs proof: since the score left 0 the worker has had at least {@link RATIO_MIN} times the errors that the others had with
 * the same functions in the same time, and they have executed at least {@link EVIDENCE_MIN} of them. A function that fails everywhere therefore blames nobody.
 *
 * Nothing is counted until something fails (`watching`), and nothing any more when it has been well for long. A success costs one look-up and two additions,
 * an error O(functions that fail). No clock, no chance.
 */
import { errorWeight, EXPECTED_MIN, successWeight } from './error-weights.js';
import { Cell, FunctionRecord } from './function-record.js';

/** Score from which a worker is suspect: a wrong suspicion in 320,000 tasks at 1 % errors. */
export const SUSPECT_AT = 6.9;
/** Score from which it is isolated: a wrong one in 42 million. */
export const ISOLATE_AT = 9.2;
const RATIO_MIN = 3;
const EVIDENCE_MIN = 20;
/** Functions watched at once; errors of further ones are not counted. */
const FUNCTIONS_MAX = 64;

/**
 * What an outcome means for the worker. `unproven`: suspect, but the others have not done enough of the same to compare. `trust`: it was suspect and is
 * no longer.
 */
export type Verdict = 'none' | 'suspect' | 'unproven' | 'isolate' | 'trust';

/** What a verdict rests on: errors since the score left 0, and how many there would be at the others' rates. */
export interface Finding {
  readonly score: number;
  readonly executions: number;
  readonly errors: number;
  readonly expectedErrors: number;
}

export class ErrorTests {
  readonly #records = new Map<string, FunctionRecord>();
  readonly #tests = new Set<WorkerTest>();

  /** Whether any function has failed lately: otherwise successes need not be told. */
  get watching(): boolean {
    return this.#records.size > 0;
  }

  /** A worker that executes tasks from now on. */
  join(): WorkerTest {
    const test = new WorkerTest(this);
    this.#tests.add(test);
    for (const record of this.#records.values()) test.watch(record);
    return test;
  }

  /** It executes no more. What a worker that was to blame has done counts no longer as what is usual. */
  leave(test: WorkerTest, isBlamed: boolean): void {
    this.#tests.delete(test);
    test.leave(isBlamed);
  }

  /** Functions that have failed lately. */
  failing(): readonly string[] {
    return [...this.#records.keys()];
  }

  /** Share of errors of a function in its last thousand executions or so; `undefined` when it does not fail. */
  errorRate(name: string): number | undefined {
    const record = this.#records.get(name);
    return record === undefined ? undefined : record.errors / Math.max(1, record.executions);
  }

  /** @internal Begins to count a function that has failed; `false` when there are too many of them. */
  watch(name: string): boolean {
    if (this.#records.size >= FUNCTIONS_MAX) return false;
    const record = new FunctionRecord(name);
    this.#records.set(name, record);
    for (const test of this.#tests) test.watch(record);
    return true;
  }

  /** @internal The memory of a function is full: half of it is forgotten, and the function altogether when it has been well for long. */
  forget(record: FunctionRecord): void {
    for (const test of this.#tests) test.settle();
    record.halve();
    if (record.isForgotten) this.#unwatch(record);
  }

  #unwatch(record: FunctionRecord): void {
    this.#records.delete(record.name);
    for (const test of this.#tests) test.unwatch(record);
  }
}

/** The test of one worker. */
export class WorkerTest {
  readonly #cells = new Map<string, Cell>();
  readonly #all: ErrorTests;
  #score = 0;
  #isSuspect = false;

  constructor(all: ErrorTests) {
    this.#all = all;
  }

  /** The score as of now. */
  get score(): number {
    this.settle();
    return this.#score;
  }

  /** It has executed a task of function `name` well. */
  succeeded(name: string): Verdict {
    const cell = this.#cells.get(name);
    if (cell === undefined) return 'none';
    cell.succeeded();
    if (cell.record.isFull) this.#all.forget(cell.record);
    if (!this.#isSuspect) return 'none';
    this.settle();
    return this.#score > 0 ? 'none' : this.#acquit();
  }

  /** A task of function `name` has failed on it. */
  failed(name: string): Verdict {
    if (!this.#cells.has(name) && !this.#all.watch(name)) return 'none';
    const cell = this.#cells.get(name) as Cell;
    this.settle();
    if (this.#score === 0) for (const each of this.#cells.values()) each.beginExcursion();
    this.#score += errorWeight(cell.expected());
    cell.failed();
    if (cell.record.isFull) this.#all.forget(cell.record);
    return this.judge();
  }

  /** The verdict as of now; asked for again when the others have done more. */
  judge(): Verdict {
    if (this.#score < SUSPECT_AT) return 'none';
    const { errors, expectedErrors, evidence } = this.#compare();
    if (evidence < EVIDENCE_MIN) return this.#suspect('unproven');
    if (errors < RATIO_MIN * expectedErrors) return this.#acquit();
    return this.#suspect(this.#score < ISOLATE_AT ? 'suspect' : 'isolate');
  }

  finding(): Finding {
    const { executions, errors, expectedErrors } = this.#compare();
    return { score: this.score, executions, errors, expectedErrors };
  }

  /** Takes the successes since the last error off the score. */
  settle(): void {
    for (const cell of this.#cells.values()) {
      const successes = cell.takeUnsettled();
      if (this.#score > 0 && successes > 0) this.#score = Math.max(0, this.#score - successes * successWeight(cell.expected()));
    }
  }

  watch(record: FunctionRecord): void {
    const cell = new Cell(record);
    cell.beginExcursion();
    this.#cells.set(record.name, cell);
  }

  unwatch(record: FunctionRecord): void {
    this.#cells.delete(record.name);
  }

  leave(isBlamed: boolean): void {
    for (const cell of this.#cells.values()) cell.leave(isBlamed);
    this.#cells.clear();
  }

  #suspect(verdict: 'suspect' | 'unproven' | 'isolate'): Verdict {
    this.#isSuspect = true;
    return verdict;
  }

  #acquit(): Verdict {
    this.#score = 0;
    if (!this.#isSuspect) return 'none';
    this.#isSuspect = false;
    return 'trust';
  }

  #compare(): { executions: number; errors: number; expectedErrors: number; evidence: number } {
    const sum = { executions: 0, errors: 0, expectedErrors: 0, evidence: 0 };
    for (const cell of this.#cells.values()) {
      const { executions, errors, others, othersErrors } = cell.excursion();
      if (executions === 0) continue;
      sum.executions += executions;
      sum.errors += errors;
      sum.expectedErrors += executions * Math.max(EXPECTED_MIN, othersErrors / Math.max(1, others));
      if (errors > 0) sum.evidence += others;
    }
    return sum;
  }
}
