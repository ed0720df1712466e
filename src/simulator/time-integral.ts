import type { Clock } from '../runtime/clock.js';

/** A number that changes in steps, integrated over time. */
export class TimeIntegral {
  readonly #clock: Clock;
  #current = 0;
  #since = 0;
  #integral = 0;
  #max = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get current(): number {
    return this.#current;
  }

  get max(): number {
    return this.#max;
  }

  add(change: number): void {
    this.set(this.#current + change);
  }

  set(value: number): void {
    this.#integral = this.value();
    this.#since = this.#clock.now();
    this.#current = value;
    if (value > this.#max) this.#max = value;
  }

  /** Value times ms, up to now. */
  value(): number {
    return this.#integral + this.#current * (this.#clock.now() - this.#since);
  }

  resetMax(): void {
    this.#max = this.#current;
  }
}
