/**
 * What the workers have made of one task function that has failed: executions and errors, in all and by worker.
 *
 * Counts are over a sliding memory of some {@link MEMORY} executions: they are halved when it is full. So a function that begins to fail everywhere is known to
 * do so before any worker is blamed for it.
 */
import { EXPECTED_MIN } from './error-weights.js';

const MEMORY = 1_024;
/** Executions without an error that a rate is tempered with while little is known. */
const PRIOR = 50;
/** Tolerance: a rate of errors up to this multiple of what the other workers have is no sign of a bad worker. */
const TOLERATED = 2;
/** Errors left in the memory when a function counts as well again. */
const FORGOTTEN = 0.1;

export class FunctionRecord {
  readonly name: string;
  executions = 0;
  errors = 0;
  readonly cells: Set<Cell> = new Set();

  constructor(name: string) {
    this.name = name;
  }

  get isFull(): boolean {
    return this.executions >= MEMORY;
  }

  get isForgotten(): boolean {
    return this.errors < FORGOTTEN;
  }

  /** Forgets half of what is known. */
  halve(): void {
    this.executions /= 2;
    this.errors /= 2;
    for (const cell of this.cells) cell.halve();
  }
}

/** One function on one worker. The excursion is the stretch since the worker's score last left 0. */
export class Cell {
  readonly record: FunctionRecord;
  executions = 0;
  errors = 0;
  /** Successes the score does not hold yet. */
  #unsettled = 0;
  #executionsBefore = 0;
  #errorsBefore = 0;
  #othersBefore = 0;
  #othersErrorsBefore = 0;

  constructor(record: FunctionRecord) {
    this.record = record;
    record.cells.add(this);
  }

  succeeded(): void {
    this.executions += 1;
    this.#unsettled += 1;
    this.record.executions += 1;
  }

  failed(): void {
    this.executions += 1;
    this.errors += 1;
    this.record.executions += 1;
    this.record.errors += 1;
  }

  /** The successes since the last call. */
  takeUnsettled(): number {
    const successes = this.#unsettled;
    this.#unsettled = 0;
    return successes;
  }

  /** The rate of errors that is in order: by what the other workers have, and what this one may have by chance. */
  expected(): number {
    const { executions, errors } = this.record;
    const rate = (errors - this.errors) / (executions - this.executions + PRIOR);
    return Math.min(1, Math.max(EXPECTED_MIN, TOLERATED * rate));
  }

  beginExcursion(): void {
    const { executions, errors } = this.record;
    this.#executionsBefore = this.executions;
    this.#errorsBefore = this.errors;
    this.#othersBefore = executions - this.executions;
    this.#othersErrorsBefore = errors - this.errors;
  }

  /** What has happened in the excursion, here and on the other workers. */
  excursion(): { readonly executions: number; readonly errors: number; readonly others: number; readonly othersErrors: number } {
    const { executions, errors } = this.record;
    return {
      executions: this.executions - this.#executionsBefore,
      errors: this.errors - this.#errorsBefore,
      others: executions - this.executions - this.#othersBefore,
      othersErrors: errors - this.errors - this.#othersErrorsBefore,
    };
  }

  halve(): void {
    this.executions /= 2;
    this.errors /= 2;
    this.#executionsBefore /= 2;
    this.#errorsBefore /= 2;
    this.#othersBefore /= 2;
    this.#othersErrorsBefore /= 2;
  }

  /** The worker has gone: what it did stays known, unless it was to blame. */
  leave(isBlamed: boolean): void {
    this.record.cells.delete(this);
    if (!isBlamed) return;
    this.record.executions -= this.executions;
    this.record.errors -= this.errors;
  }
}
