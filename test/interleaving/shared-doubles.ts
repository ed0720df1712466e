/** What stands in for atomic operations in a thread that takes turns and blocks. */
import type { AtomicOperations } from '../../src/runtime/atomics.js';
import { pointWord } from '../../src/shared/shared-object.js';
import type { LoopDouble } from './doubles.js';
import type { Party } from './turns.js';

/**
 * A bug to put in, without touching the sources:
 * `no-second-look`: the attempt between announcing to wait and sleeping sees what was seen before it;
 * `no-announcement`: the flag that somebody waits is never set;
 * `late-announcement`: it takes effect only after the thread's next load, as a processor may do without a fence;
 * `plain-claim`: compare-and-swap becomes a load and a store;
 * `plain-add`: an atomic add becomes a load and a store;
 * `no-wake`: a notify that does nothing.
 */
export type SharedMutation = 'none' | 'no-second-look' | 'no-announcement' | 'late-announcement' | 'plain-claim' | 'plain-add' | 'no-wake';

export const SHARED_MUTATIONS: readonly SharedMutation[] = [
  'none',
  'no-second-look',
  'no-announcement',
  'late-announcement',
  'plain-claim',
  'plain-add',
  'no-wake',
];

/** Words of the WAITING flags of an object's first two points: see `wait-point.ts`. */
const WAITING_WORDS = [pointWord(0) + 1, pointWord(1) + 1];

/** Atomic operations that give the other thread its chance before each of them. `table` is the memory of the thread table. */
export function blockingAtomics(party: Party, loop: LoopDouble, table: SharedArrayBuffer, mutation: SharedMutation): AtomicOperations {
  const view = new View(table, mutation);
  const swap = (memory: Int32Array, index: number, mutated: boolean, change: (seen: number) => number): number => {
    party.step();
    view.settle();
    const seen = Atomics.load(memory, index);
    if (mutated) party.step();
    Atomics.store(memory, index, change(seen));
    view.note(memory, index);
    return seen;
  };
  return {
    load(memory, index) {
      party.step();
      return view.load(memory, index);
    },
    store(memory, index, value) {
      party.step();
      return view.store(memory, index, value);
    },
    exchange: (memory, index, value) => swap(memory, index, false, () => value),
    add: (memory, index, value) => swap(memory, index, mutation === 'plain-add', (seen) => seen + value),
    // Without the bug nothing can come between the load and the store: the turn passes in `step` only.
    compareExchange: (memory, index, expected, replacement) => swapIf(swap, memory, index, mutation === 'plain-claim', expected, replacement),
    notify(_memory, index) {
      party.step();
      view.settle();
      return mutation === 'no-wake' ? 0 : party.wakeWaiters(index);
    },
    wait(memory, index, value) {
      party.step();
      view.settle();
      if (memory[index] !== value) return 'not-equal';
      party.waitsOn(index);
      while (!party.takeWake()) party.block();
      view.wake();
      return 'ok';
    },
    waitAsync(memory, index, value) {
      party.step();
      view.settle();
      if (memory[index] !== value) return { async: false, value: 'not-equal' };
      party.waitsOn(index);
      // oxlint-disable-next-line unicorn/no-thenable -- stands in for a promise; a real one would need the event loop
      return { async: true, value: { then: (onWake) => register(loop, onWake) } as PromiseLike<'ok'> };
    },
  };
}

type Swap = (memory: Int32Array, index: number, mutated: boolean, change: (seen: number) => number) => number;

function swapIf(swap: Swap, memory: Int32Array, index: number, mutated: boolean, expected: number, replacement: number): number {
  return swap(memory, index, mutated, (seen) => (seen === expected ? replacement : mutated ? Atomics.load(memory, index) : seen));
}

function register(loop: LoopDouble, onWake: unknown): never {
  loop.onWake = () => (onWake as (value: string) => void)('ok');
  return undefined as never;
}

/** Loads and stores, with the bugs that concern them. */
class View {
  readonly #table: SharedArrayBuffer;
  readonly #mutation: SharedMutation;
  readonly #seen: Map<SharedArrayBuffer, Map<number, number>> = new Map();
  /** Memory of the object that this thread has announced to wait for. */
  #announced: unknown;
  #delayed: { readonly memory: Int32Array; readonly index: number; readonly value: number } | undefined;
  #delayedPastLoad = false;

  constructor(table: SharedArrayBuffer, mutation: SharedMutation) {
    this.#table = table;
    this.#mutation = mutation;
  }

  load(memory: Int32Array, index: number): number {
    if (this.#delayedPastLoad) this.settle();
    this.#delayedPastLoad = this.#delayed !== undefined;
    if (this.#announced === memory.buffer) return this.#seen.get(memory.buffer as SharedArrayBuffer)?.get(index) ?? Atomics.load(memory, index);
    this.note(memory, index);
    return Atomics.load(memory, index);
  }

  store(memory: Int32Array, index: number, value: number): number {
    this.settle();
    const isAnnouncement = memory.buffer !== this.#table && WAITING_WORDS.includes(index) && value === 1;
    if (isAnnouncement && this.#mutation === 'no-announcement') return value;
    if (isAnnouncement && this.#mutation === 'no-second-look') this.#announced = memory.buffer;
    if (isAnnouncement && this.#mutation === 'late-announcement') {
      this.#delayed = { memory, index, value };
      return value;
    }
    Atomics.store(memory, index, value);
    this.note(memory, index);
    return value;
  }

  /** Remembers what a word was last seen to be. */
  note(memory: Int32Array, index: number): void {
    const buffer = memory.buffer as SharedArrayBuffer;
    let words = this.#seen.get(buffer);
    if (words === undefined) this.#seen.set(buffer, (words = new Map()));
    words.set(index, Atomics.load(memory, index));
  }

  /** What was delayed takes effect. */
  settle(): void {
    this.#delayedPastLoad = false;
    if (this.#delayed === undefined) return;
    Atomics.store(this.#delayed.memory, this.#delayed.index, this.#delayed.value);
    this.#delayed = undefined;
  }

  /** After a sleep everything is looked at anew. */
  wake(): void {
    this.#announced = undefined;
  }
}
