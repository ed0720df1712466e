/** A number that threads change without losing each other's changes. 32 bits, wraps around. Each operation takes some 10 ns and waits for nobody. */
import { add, compareExchange, exchange, load, store } from '../runtime/atomics.js';
import { allocate, memoryOf, stateWord } from './shared-object.js';
import type { SharedHandle } from './shared-object.js';

const VALUE = stateWord(0);

export type CounterHandle = SharedHandle<'counter'>;

export class Counter implements SharedHandle<'counter'> {
  readonly type = 'counter' as const;
  readonly memory: SharedArrayBuffer;
  readonly #words: Int32Array;

  constructor(value?: number);
  /** @internal */
  constructor(value: number, memory: SharedArrayBuffer);
  constructor(value: number = 0, memory?: SharedArrayBuffer) {
    this.memory = memory ?? allocate(0, 1);
    this.#words = new Int32Array(this.memory);
    if (memory === undefined) this.#words[VALUE] = value;
  }

  /** The counter behind what a task was given. */
  static from(handle: CounterHandle): Counter {
    return handle instanceof Counter ? handle : new Counter(0, memoryOf('counter', handle));
  }

  get value(): number {
    return load(this.#words, VALUE);
  }

  set value(value: number) {
    store(this.#words, VALUE, value);
  }

  /** Adds `amount`, which may be negative. Returns the value after. */
  add(amount: number): number {
    return (add(this.#words, VALUE, amount) + amount) | 0;
  }

  /** Adds 1. Returns the value after. */
  increment(): number {
    return this.add(1);
  }

  /** Takes 1 away. Returns the value after. */
  decrement(): number {
    return this.add(-1);
  }

  /** Sets the value. Returns the one before. */
  exchange(value: number): number {
    return exchange(this.#words, VALUE, value);
  }

  /** Sets the value to `replacement` if it is `expected`. Returns whether it was. */
  compareExchange(expected: number, replacement: number): boolean {
    return compareExchange(this.#words, VALUE, expected | 0, replacement) === (expected | 0);
  }
}
