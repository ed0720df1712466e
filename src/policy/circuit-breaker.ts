/**
 * Whether a function may be called at all: a circuit breaker, after Nygard ("Release It!").
 *
 *   closed --- too many errors, or tripped ---> open --- openFor over ---> half-open --- 1, 2, 4 probes in a row succeed ---> closed
 *                                                 ^                            |
 *                                                 '------ a probe fails -------'      open for twice as long each time
 *
 * Probes double instead of one deciding alone: one success out of a function that fails half of the time proves little. A probe that never answers is given up
 * after `openMs`, and its place granted again. Everything is O(1). Time and chance are arguments; ms, on one scale that never goes backwards.
 */
import { OptionError } from '../errors.js';
import { numberWithin, ownOptions, wholeNumber } from '../runtime/own-options.js';
import type { Random } from '../runtime/random.js';
import { parseDuration } from '../runtime/units.js';
import type { BreakerOptions } from '../task/types.js';

/** {@link BreakerOptions} with every default filled in. */
export interface BreakerPlan {
  /** Share of attempts that fail, above which it opens; `Infinity`: only when it is tripped. */
  readonly errorRate: number;
  /** Attempts within the window below which it never opens. */
  readonly minimum: number;
  readonly windowMs: number;
  readonly openMs: number;
  readonly openMsMax: number;
}

export type BreakerState = 'closed' | 'open' | 'half-open';

/** Opens only when it is tripped: for functions that end their workers. */
export const TRIP_ONLY: BreakerPlan = { errorRate: Infinity, minimum: 0, windowMs: 10_000, openMs: 1_000, openMsMax: 30_000 };

const DEFAULTS: BreakerPlan = { errorRate: 0.5, minimum: 20, windowMs: 10_000, openMs: 5_000, openMsMax: 60_000 };
const SLOTS = 10;
const STAGES: readonly number[] = [1, 2, 4];
/** Open times vary by this share up and down, so that many callers do not come back in step. */
const JITTER = 0.2;

/**
 * Checks a `breaker` option and fills in its defaults. `true` stands for all defaults, `undefined` for a breaker that opens for crash loops only, `false` for none.
 *
 * @throws OptionError when a key is unknown or a value has the wrong type or range
 */
export function normaliseBreaker(option: string, value: BreakerOptions | boolean | undefined): BreakerPlan | undefined {
  if (value === undefined) return TRIP_ONLY;
  if (value === false) return undefined;
  if (value === true) return DEFAULTS;
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new OptionError(option, 'true, false or an object such as { errorRate: 0.5 }', value);
  const given = ownOptions<BreakerOptions>(option, value, ['errorRate', 'minimum', 'window', 'openFor']);
  const openMs = given.openFor === undefined ? DEFAULTS.openMs : parseDuration(`${option}.openFor`, given.openFor);
  return {
    errorRate: given.errorRate === undefined ? DEFAULTS.errorRate : numberWithin(`${option}.errorRate`, given.errorRate, 0, 1),
    minimum: given.minimum === undefined ? DEFAULTS.minimum : wholeNumber(`${option}.minimum`, given.minimum, 1),
    windowMs: given.window === undefined ? DEFAULTS.windowMs : parseDuration(`${option}.window`, given.window),
    openMs,
    openMsMax: Math.max(DEFAULTS.openMsMax, openMs),
  };
}

export class CircuitBreaker {
  readonly plan: BreakerPlan;
  readonly #random: Random;
  readonly #attempts: Float64Array = new Float64Array(SLOTS);
  readonly #errors: Float64Array = new Float64Array(SLOTS);
  #slot = -Infinity;
  #state: BreakerState = 'closed';
  #openedTimes = 0;
  #openUntil = 0;
  #stage = 0;
  #granted = 0;
  #succeeded = 0;
  #grantedAt = 0;

  constructor(plan: BreakerPlan, random: Random) {
    this.plan = plan;
    this.#random = random;
  }

  /** The state as of the last call that took a time. */
  get state(): BreakerState {
    return this.#state;
  }

  /** When it stops being open. */
  get openUntil(): number {
    return this.#openUntil;
  }

  /** Takes note that the time of being open is over; returns whether it just was. */
  elapse(nowMs: number): boolean {
    if (this.#state !== 'open' || nowMs < this.#openUntil) return false;
    this.#state = 'half-open';
    this.#beginStage(0);
    return true;
  }

  /** Whether a call may be made. In half-open it is a probe then, whose outcome is to be told as such. */
  tryEnter(nowMs: number): boolean {
    this.elapse(nowMs);
    if (this.#state !== 'half-open') return this.#state === 'closed';
    if (this.#granted === STAGES[this.#stage] && nowMs >= this.#grantedAt + this.plan.openMs) this.#granted = this.#succeeded;
    if (this.#granted === STAGES[this.#stage]) return false;
    this.#granted += 1;
    this.#grantedAt = nowMs;
    return true;
  }

  /** How long a call that was refused had better wait, in whole ms, at least 1. */
  retryAfterMs(nowMs: number): number {
    const until = this.#state === 'open' ? this.#openUntil : this.#grantedAt + this.plan.openMs;
    return Math.max(1, Math.ceil(until - nowMs));
  }

  /** An attempt has succeeded; returns whether that closed it. */
  succeeded(nowMs: number, isProbe: boolean): boolean {
    if (this.#state === 'closed') this.#count(nowMs, 0);
    if (this.#state !== 'half-open' || !isProbe) return false;
    this.#succeeded += 1;
    if (this.#succeeded < (STAGES[this.#stage] as number)) return false;
    if (this.#stage + 1 < STAGES.length) {
      this.#beginStage(this.#stage + 1);
      return false;
    }
    this.#close();
    return true;
  }

  /** An attempt has failed; returns whether that opened it. */
  failed(nowMs: number, isProbe: boolean): boolean {
    if (this.#state === 'half-open' && isProbe) return this.trip(nowMs);
    if (this.#state !== 'closed') return false;
    this.#count(nowMs, 1);
    return this.#isOverRate() && this.trip(nowMs);
  }

  /** Opens it whatever the rate; returns whether it was not open before. */
  trip(nowMs: number): boolean {
    if (this.#state === 'open') return false;
    const { openMs, openMsMax } = this.plan;
    const spread = 1 - JITTER + 2 * JITTER * this.#random();
    this.#openUntil = nowMs + Math.min(openMsMax, openMs * 2 ** Math.min(20, this.#openedTimes)) * spread;
    this.#openedTimes += 1;
    this.#state = 'open';
    return true;
  }

  #close(): void {
    this.#state = 'closed';
    this.#openedTimes = 0;
    this.#attempts.fill(0);
    this.#errors.fill(0);
  }

  #beginStage(stage: number): void {
    this.#stage = stage;
    this.#granted = 0;
    this.#succeeded = 0;
  }

  #count(nowMs: number, errors: 0 | 1): void {
    if (this.plan.errorRate === Infinity) return;
    this.#advance(Math.floor((nowMs / this.plan.windowMs) * SLOTS));
    const slot = this.#slot % SLOTS;
    this.#attempts[slot] = (this.#attempts[slot] as number) + 1;
    this.#errors[slot] = (this.#errors[slot] as number) + errors;
  }

  #advance(next: number): void {
    for (let slot = Math.max(this.#slot, next - SLOTS) + 1; slot <= next; slot += 1) {
      this.#attempts[slot % SLOTS] = 0;
      this.#errors[slot % SLOTS] = 0;
    }
    this.#slot = Math.max(this.#slot, next);
  }

  #isOverRate(): boolean {
    let attempts = 0;
    let errors = 0;
    for (let slot = 0; slot < SLOTS; slot += 1) {
      attempts += this.#attempts[slot] as number;
      errors += this.#errors[slot] as number;
    }
    return attempts >= this.plan.minimum && errors > attempts * this.plan.errorRate;
  }
}
