/** What stands in for the host in a thread that takes turns: atomic operations, the event loop and a message port. */
import type { MessagePort } from 'node:worker_threads';
import type { AtomicOperations } from '../../src/runtime/atomics.js';
import { POOL_PARKED, REPLY_TAIL, REQUEST_TAIL, WORKER_PARKED } from '../../src/transport/shared-ring/layout.js';
import type { EventLoop } from '../../src/transport/shared-ring/event-loop.js';
import type { Party } from './turns.js';

/**
 * A bug to put in, without touching the sources:
 * `no-second-look`: the look between announcing to park and parking sees what was seen before it;
 * `plain-claim`: compare-and-swap becomes a load and a store;
 * `late-publish`: the store of a tail takes effect only after the thread's next load, as a processor may do without a fence;
 * `no-wake`: a notify that does nothing.
 */
export type Mutation = 'none' | 'no-second-look' | 'plain-claim' | 'late-publish' | 'no-wake';

export const MUTATIONS: readonly Mutation[] = ['none', 'no-second-look', 'plain-claim', 'late-publish', 'no-wake'];

/** Event loop of a thread that takes turns. Time passes by being asked for. */
export class LoopDouble implements EventLoop {
  readonly #party: Party;
  readonly #queue: (() => void)[] = [];
  #nowMs = 1;
  onWake: (() => void) | undefined;

  constructor(party: Party) {
    this.#party = party;
  }

  nowMs(): number {
    return (this.#nowMs += 0.04);
  }

  nextTurn(fn: () => void): void {
    this.#queue.push(fn);
  }

  /** Turns until `isDone`; sleeps where the host would. */
  turnUntil(isDone: () => boolean): void {
    while (!isDone()) {
      const fn = this.#queue.shift() ?? this.#wakeCallback();
      if (fn === undefined) this.#party.block();
      else fn();
    }
  }

  #wakeCallback(): (() => void) | undefined {
    return this.#party.takeWake() ? this.onWake : undefined;
  }
}

/** Atomic operations that give the other thread its chance before each of them. */
export function atomicsDouble(party: Party, loop: LoopDouble, mutation: Mutation): AtomicOperations {
  const words = new MutableWords(mutation);
  return {
    load(memory, index) {
      party.step();
      return words.load(memory, index);
    },
    store(memory, index, value) {
      party.step();
      return words.store(memory, index, value);
    },
    exchange(memory, index, value) {
      party.step();
      words.settle(memory);
      return Atomics.exchange(memory, index, value);
    },
    add(memory, index, value) {
      party.step();
      words.settle(memory);
      return Atomics.add(memory, index, value);
    },
    compareExchange(memory, index, expected, replacement) {
      party.step();
      words.settle(memory);
      if (mutation !== 'plain-claim') return Atomics.compareExchange(memory, index, expected, replacement);
      const seen = memory[index]!;
      party.step();
      if (seen === expected) memory[index] = replacement;
      return seen;
    },
    notify(memory, index) {
      party.step();
      words.settle(memory);
      return mutation === 'no-wake' ? 0 : party.wakeWaiters(index);
    },
    wait() {
      throw new Error('blocks the thread');
    },
    waitAsync(memory, index, value) {
      party.step();
      words.settle(memory);
      if (memory[index] !== value) return { async: false, value: 'not-equal' };
      party.waitsOn(index);
      // oxlint-disable-next-line unicorn/no-thenable -- stands in for a promise; a real one would need the event loop
      return { async: true, value: { then: (onWake) => register(loop, onWake) } as PromiseLike<'ok'> };
    },
  };
}

function register(loop: LoopDouble, onWake: unknown): never {
  loop.onWake = () => (onWake as (value: string) => void)('ok');
  return undefined as never;
}

/** Loads and stores, with the bugs that concern them. */
class MutableWords {
  readonly #mutation: Mutation;
  readonly #seen: Map<number, number> = new Map();
  #announced = false;
  #delayed: { readonly index: number; readonly value: number } | undefined;
  #delayedPastLoad = false;

  constructor(mutation: Mutation) {
    this.#mutation = mutation;
  }

  load(memory: Int32Array, index: number): number {
    if (this.#delayedPastLoad) this.settle(memory);
    this.#delayedPastLoad = this.#delayed !== undefined;
    const value = this.#announced && isTail(index) ? (this.#seen.get(index) ?? 0) : Atomics.load(memory, index);
    if (isTail(index)) this.#announced = false;
    this.#seen.set(index, value);
    return value;
  }

  store(memory: Int32Array, index: number, value: number): number {
    this.settle(memory);
    this.#announced = this.#mutation === 'no-second-look' && isParked(index) && value !== 0;
    if (this.#mutation === 'late-publish' && isTail(index)) this.#delayed = { index, value };
    else Atomics.store(memory, index, value);
    return value;
  }

  /** What was delayed takes effect. */
  settle(memory: Int32Array): void {
    if (this.#delayed === undefined) return;
    Atomics.store(memory, this.#delayed.index, this.#delayed.value);
    this.#delayed = undefined;
    this.#delayedPastLoad = false;
  }
}

function isTail(index: number): boolean {
  return index === REQUEST_TAIL || index === REPLY_TAIL;
}

function isParked(index: number): boolean {
  return index === WORKER_PARKED || index === POOL_PARKED;
}

/** A port that carries nothing. */
export function deadPort(): MessagePort {
  const nothing = (): undefined => undefined;
  return { on: nothing, once: nothing, unref: nothing, close: nothing, postMessage: nothing } as unknown as MessagePort;
}
