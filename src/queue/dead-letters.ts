import { Fifo } from '../collections/fifo.js';
import { OptionError } from '../errors.js';
import { ownOptions } from '../runtime/own-options.js';

/** Why a task was given up. */
export type DeadLetterReason = 'attempts-exhausted' | 'not-retryable' | 'retry-budget' | 'queue-full' | 'overload' | 'poison' | 'expired';

/** A task that was given up, with what is needed to look into it and to submit it again. */
export interface DeadLetter {
  /** Id of the task. */
  readonly id: string;
  /** Name of the task function. */
  readonly name: string;
  readonly args: readonly unknown[];
  /** Error of the last attempt, or the one its caller got. */
  readonly error: unknown;
  readonly reason: DeadLetterReason;
  /** Executions it had. */
  readonly attempts: number;
  /** Name of its level. */
  readonly priority: string;
  readonly correlationId: string;
  /** Epoch ms. */
  readonly submittedAt: number;
  /** Epoch ms. */
  readonly diedAt: number;
}

/** Which letters: ids, a predicate, or those with this name and this reason. */
export type DeadLetterFilter = readonly string[] | ((letter: DeadLetter) => boolean) | { readonly name?: string; readonly reason?: DeadLetterReason };

const LETTERS_MAX_DEFAULT = 1_000;

/** A bounded store of dead letters. A full one drops the oldest and counts it. `add` is O(1), everything with a filter O(size). */
export class DeadLetters {
  readonly #max: number;
  #letters: Fifo<DeadLetter> = new Fifo();
  #dropped = 0;

  /** @param max letters kept; 0 keeps none. Default 1,000 */
  constructor(max: number = LETTERS_MAX_DEFAULT) {
    this.#max = max;
  }

  /** Letters kept. */
  get size(): number {
    return this.#letters.length;
  }

  /** Letters lost because the store was full. */
  get dropped(): number {
    return this.#dropped;
  }

  add(letter: DeadLetter): void {
    this.#letters.push(letter);
    if (this.#letters.length <= this.#max) return;
    this.#letters.shift();
    this.#dropped += 1;
  }

  /**
   * The letters that match, newest last; all without a filter.
   *
   * @throws OptionError when the filter is of none of its three forms, or names an unknown property
   */
  list(filter?: DeadLetterFilter): readonly DeadLetter[] {
    const matches = predicate(filter);
    return [...this.#letters].filter((letter) => matches(letter));
  }

  /** As {@link list}, and takes them out. */
  take(filter?: DeadLetterFilter): readonly DeadLetter[] {
    const taken = this.list(filter);
    const gone = new Set(taken);
    const kept = new Fifo<DeadLetter>();
    for (const letter of this.#letters) if (!gone.has(letter)) kept.push(letter);
    this.#letters = kept;
    return taken;
  }

  /** As {@link take}; returns how many there were. */
  purge(filter?: DeadLetterFilter): number {
    return this.take(filter).length;
  }
}

function predicate(filter: DeadLetterFilter | undefined): (letter: DeadLetter) => boolean {
  if (filter === undefined) return () => true;
  if (typeof filter === 'function') return filter;
  if (isIds(filter)) {
    const ids = new Set(filter);
    return (letter) => ids.has(letter.id);
  }
  if (typeof filter !== 'object' || filter === null) throw new OptionError('filter', 'an array of ids, a function, or { name, reason }', filter);
  const { name, reason } = ownOptions<{ name: string; reason: DeadLetterReason }>('filter', filter, ['name', 'reason']);
  return (letter) => (name === undefined || letter.name === name) && (reason === undefined || letter.reason === reason);
}

function isIds(filter: DeadLetterFilter): filter is readonly string[] {
  return Array.isArray(filter);
}
