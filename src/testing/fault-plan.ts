/**
 * Which attempts are hit by which fault: rules in the order they were made, and a seed for those that leave it to chance. Pure: the same calls and the
 * same attempts give the same strikes.
 */
import { OptionError } from '../errors.js';
import { numberWithin, ownOptions, wholeNumber } from '../runtime/own-options.js';
import { seededRandom } from '../runtime/random.js';
import type { Random } from '../runtime/random.js';
import { parseDuration } from '../runtime/units.js';
import type { Duration } from '../runtime/units.js';
import { Gate } from './gate.js';

/** What a fault does to an attempt. */
export type FaultKind = 'crash' | 'hang' | 'oom' | 'fail' | 'slow' | 'hold' | 'drop' | 'duplicate';

/** Which attempts of a function a fault hits; without any of these, all of them. */
export interface FaultWhen {
  /** The nth attempt of the function since the fault was set, from 1; or several of them. A retry is an attempt of its own. */
  readonly nth?: number | readonly number[];
  /** Each attempt whose number divides by this. */
  readonly every?: number;
  /** Chance of each attempt, from the plan's seed. */
  readonly probability?: number;
  /** At most so many strikes. */
  readonly times?: number;
}

/** A fault that was set. */
export interface Fault {
  readonly kind: FaultKind;
  /** How often it has struck. */
  readonly strikes: number;
  /** It strikes no more. What it has struck stays struck. */
  end(): void;
}

/** A fault that keeps attempts at a gate before their function is called. */
export interface HeldFault extends Fault {
  readonly gate: Gate;
}

/** One attempt that was hit. */
export interface Strike {
  readonly kind: FaultKind;
  readonly taskName: string;
  readonly attempt: number;
  readonly workerId: string;
}

/** What strikes an attempt: the rule, with what it needs. */
export interface Rule extends Fault {
  readonly error: unknown;
  readonly delayMs: number;
  readonly gate: Gate | undefined;
}

export class FaultPlan {
  readonly #random: Random;
  readonly #rules: FaultRule[] = [];
  readonly #strikes: Strike[] = [];

  /** @param options.seed of the chance in `probability`. Default 1. */
  constructor(options?: { readonly seed?: number }) {
    const { seed } = ownOptions<{ seed: number }>('FaultPlan', options, ['seed']);
    this.#random = seededRandom(wholeNumber('FaultPlan: seed', seed ?? 1, 0));
  }

  /** What has been hit, in order. */
  get strikes(): readonly Strike[] {
    return this.#strikes;
  }

  /** The worker dies while it executes the function. */
  crash(name: string, when?: FaultWhen): Fault {
    return this.#add('crash', name, when);
  }

  /** The function never returns, and its worker's event loop is blocked; on an event loop of ours it is a promise that never settles. */
  hang(name: string, when?: FaultWhen): Fault {
    return this.#add('hang', name, when);
  }

  /** The worker runs out of memory while it executes the function. */
  oom(name: string, when?: FaultWhen): Fault {
    return this.#add('oom', name, when);
  }

  /** The function is not called; it seems to have thrown `error`. */
  fail(name: string, error: unknown, when?: FaultWhen): Fault {
    return this.#add('fail', name, when, { error });
  }

  /** The function begins, by the pool's clock, `delay` late: its worker is busy meanwhile. */
  slow(name: string, delay: Duration, when?: FaultWhen): Fault {
    return this.#add('slow', name, when, { delayMs: parseDuration('slow: delay', delay) });
  }

  /** The attempt waits at a gate, executing as far as the pool can see, until the test opens it. */
  hold(name: string, when?: FaultWhen): HeldFault {
    const gate = new Gate();
    return this.#add('hold', name, when, { gate }) as FaultRule & { readonly gate: Gate };
  }

  /** The function runs, and its answer is lost: only a timeout, a deadline or a cancellation ends the attempt. */
  drop(name: string, when?: FaultWhen): Fault {
    return this.#add('drop', name, when);
  }

  /** The function is called twice; the first answer counts. */
  duplicate(name: string, when?: FaultWhen): Fault {
    return this.#add('duplicate', name, when);
  }

  /** Ends all faults, and opens all gates. */
  clear(): void {
    for (const rule of this.#rules.splice(0)) {
      rule.end();
      rule.gate?.open();
    }
  }

  /** @internal An attempt is handed to a worker: what strikes it, if anything. Every rule counts it. */
  strike(taskName: string, attempt: number, workerId: string): Rule | undefined {
    let found: FaultRule | undefined;
    for (const rule of this.#rules) if (rule.counts(taskName, this.#random) && found === undefined) found = rule;
    if (found === undefined) return undefined;
    found.strikes += 1;
    this.#strikes.push({ kind: found.kind, taskName, attempt, workerId });
    return found;
  }

  #add(kind: FaultKind, name: string, when: FaultWhen | undefined, parts: Partial<Pick<Rule, 'error' | 'delayMs' | 'gate'>> = {}): FaultRule {
    if (typeof name !== 'string' || name === '') throw new OptionError(`${kind}: name`, "the name of a task function, or '*' for all", name);
    const rule = new FaultRule(kind, name, checkWhen(kind, when), parts);
    this.#rules.push(rule);
    return rule;
  }
}

class FaultRule implements Rule {
  readonly kind: FaultKind;
  readonly error: unknown;
  readonly delayMs: number;
  readonly gate: Gate | undefined;
  strikes = 0;
  readonly #name: string;
  readonly #when: FaultWhen;
  #seen = 0;
  #ended = false;

  constructor(kind: FaultKind, name: string, when: FaultWhen, { error, delayMs = 0, gate }: Partial<Pick<Rule, 'error' | 'delayMs' | 'gate'>>) {
    this.kind = kind;
    this.error = error;
    this.delayMs = delayMs;
    this.gate = gate;
    this.#name = name;
    this.#when = when;
  }

  end(): void {
    this.#ended = true;
  }

  /** Counts an attempt; whether it would be hit. */
  counts(taskName: string, random: Random): boolean {
    if (this.#name !== '*' && this.#name !== taskName) return false;
    this.#seen += 1;
    const { nth, every, probability, times } = this.#when;
    // Drawn whether it matters or not, so that what one rule does does not shift the chance of another.
    const isDrawn = probability === undefined || random() < probability;
    if (this.#ended || this.strikes >= (times ?? Infinity)) return false;
    if (nth !== undefined && !(typeof nth === 'number' ? [nth] : nth).includes(this.#seen)) return false;
    return isDrawn && (every === undefined || this.#seen % every === 0);
  }
}

function checkWhen(kind: FaultKind, when: FaultWhen | undefined): FaultWhen {
  const own = ownOptions<FaultWhen>(kind, when, ['nth', 'every', 'probability', 'times']);
  for (const nth of own.nth === undefined ? [] : [own.nth].flat()) wholeNumber(`${kind}: nth`, nth, 1);
  if (own.every !== undefined) wholeNumber(`${kind}: every`, own.every, 1);
  if (own.probability !== undefined) numberWithin(`${kind}: probability`, own.probability, 0, 1);
  if (own.times !== undefined) wholeNumber(`${kind}: times`, own.times, 0);
  return own;
}
