/** What stands in for atomic operations in a thread of a fork area that takes turns. */
import type { AtomicOperations } from '../../src/runtime/atomics.js';
import type { LoopDouble } from './doubles.js';
import type { Party } from './turns.js';

/**
 * A bug to put in, without touching the sources:
 * `no-second-look`: the look between saying what one wants to hear of and sleeping sees what was seen before it;
 * `late-bell`: what a bell says takes effect only after the thread's next load, as a processor may do without a fence;
 * `plain-claim`: compare-and-swap becomes a load and a store;
 * `no-wake`: a notify that does nothing.
 */
export type ForkMutation = 'none' | 'no-second-look' | 'late-bell' | 'plain-claim' | 'no-wake';

export const FORK_MUTATIONS: readonly ForkMutation[] = ['none', 'no-second-look', 'late-bell', 'plain-claim', 'no-wake'];

/** Atomic operations that give the other thread its chance before each of them. `ownBell` is the word that only this thread raises. */
export function forkAtomics(party: Party, loop: LoopDouble, ownBell: number, mutation: ForkMutation): AtomicOperations {
  const view = new View(ownBell, mutation);
  const swap = (memory: Int32Array, index: number, change: (seen: number) => number): number => {
    party.step();
    view.settle(memory);
    const seen = memory[index]!;
    memory[index] = change(seen);
    return seen;
  };
  return {
    load(memory, index) {
      party.step();
      return view.load(memory, index);
    },
    store(memory, index, value) {
      party.step();
      view.settle(memory);
      return (memory[index] = value);
    },
    exchange(memory, index, value) {
      party.step();
      return view.exchange(memory, index, value);
    },
    add: (memory, index, value) => swap(memory, index, (seen) => seen + value),
    compareExchange(memory, index, expected, replacement) {
      if (mutation !== 'plain-claim') return swap(memory, index, (seen) => (seen === expected ? replacement : seen));
      party.step();
      const seen = memory[index]!;
      party.step();
      if (seen === expected) memory[index] = replacement;
      return seen;
    },
    notify(memory, index) {
      party.step();
      view.settle(memory);
      return mutation === 'no-wake' ? 0 : party.wakeWaiters(index);
    },
    wait() {
      throw new Error('blocks the thread');
    },
    waitAsync(memory, index, value) {
      party.step();
      view.settle(memory);
      view.sleeps();
      if (memory[index] !== value) return { async: false, value: 'not-equal' };
      party.waitsOn(index);
      const register = (onWake: unknown): undefined => {
        loop.onWake = () => (onWake as (value: string) => void)('ok');
      };
      // oxlint-disable-next-line unicorn/no-thenable -- stands in for a promise; a real one would need the event loop
      return { async: true, value: { then: register } as unknown as PromiseLike<'ok'> };
    },
  };
}

/** Loads and bells, with the bugs that concern them. */
class View {
  readonly #ownBell: number;
  readonly #mutation: ForkMutation;
  readonly #seen: Map<number, number> = new Map();
  #announced = false;
  #delayed: number | undefined;
  #delayedPastLoad = false;

  constructor(ownBell: number, mutation: ForkMutation) {
    this.#ownBell = ownBell;
    this.#mutation = mutation;
  }

  load(memory: Int32Array, index: number): number {
    if (this.#delayedPastLoad) this.settle(memory);
    this.#delayedPastLoad = this.#delayed !== undefined;
    if (this.#announced) return this.#seen.get(index) ?? 0;
    this.#seen.set(index, memory[index]!);
    return memory[index]!;
  }

  exchange(memory: Int32Array, index: number, value: number): number {
    this.settle(memory);
    const seen = memory[index]!;
    const announces = index === this.#ownBell && value > 0;
    this.#announced = announces && this.#mutation === 'no-second-look';
    if (announces && this.#mutation === 'late-bell') this.#delayed = value;
    else memory[index] = value;
    return seen;
  }

  sleeps(): void {
    this.#announced = false;
  }

  /** What was delayed takes effect. */
  settle(memory: Int32Array): void {
    this.#delayedPastLoad = false;
    if (this.#delayed === undefined) return;
    memory[this.#ownBell] = this.#delayed;
    this.#delayed = undefined;
  }
}
