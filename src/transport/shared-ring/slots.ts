/**
 * Whether a task still waits in the ring, runs, or was taken back: one state word a slot.
 *
 *     pool: QUEUED --> RUNNING (worker, by compare-and-swap) --> DONE (worker)
 *                 \--> REVOKED (pool, by compare-and-swap)
 *
 * Both steps out of QUEUED are a compare-and-swap on the same word, so exactly one of the two sides gets the task. Whatever the pool revokes
 * it for (cancelled, stolen by a sibling, taken back), the worker's duty is the same: drop it without a reply.
 *
 * The word is `generation << 3 | state`. A revoked slot is free at once although its record is still on its way: the next task in the slot has
 * the next generation, so the old record's compare-and-swap fails.
 */
import { compareExchange, load } from '../../runtime/atomics.js';
import type { RingMemory } from './layout.js';

export const FREE = 0;
export const QUEUED = 1;
export const RUNNING = 2;
export const DONE = 3;
export const REVOKED = 4;

/** State of a slot. `QUEUED`: the task has not begun there, and never did if the worker is dead. */
export type SlotState = 0 | 1 | 2 | 3 | 4;

const STATE_BITS = 3;
const STATE_MASK = (1 << STATE_BITS) - 1;

/** The pool's side. */
export class PoolSlots {
  readonly #words: Int32Array;
  readonly #first: number;
  readonly #generations: Int32Array;

  constructor(memory: RingMemory) {
    this.#words = memory.words;
    this.#first = memory.statesWord;
    this.#generations = new Int32Array(memory.slotsMax);
  }

  /** Puts a new task into a free slot and returns its generation. A plain store: the record that makes it known is published after it. */
  enqueue(slot: number): number {
    const generation = ((this.#generations[slot] as number) + 1) & (0x7fff_ffff >>> STATE_BITS);
    this.#generations[slot] = generation;
    this.#words[this.#first + slot] = (generation << STATE_BITS) | QUEUED;
    return generation;
  }

  /** Generation of the task that was put into the slot last. */
  generation(slot: number): number {
    return this.#generations[slot] as number;
  }

  /** Takes the task back. `true`: it has not begun and never will. */
  revoke(slot: number): boolean {
    const word = (this.#generations[slot] as number) << STATE_BITS;
    return compareExchange(this.#words, this.#first + slot, word | QUEUED, word | REVOKED) === (word | QUEUED);
  }

  state(slot: number): SlotState {
    return (load(this.#words, this.#first + slot) & STATE_MASK) as SlotState;
  }
}

/** The worker's side. */
export class WorkerSlots {
  readonly #words: Int32Array;
  readonly #first: number;

  constructor(memory: RingMemory) {
    this.#words = memory.words;
    this.#first = memory.statesWord;
  }

  /** Claims the task. `false`: it was revoked and must not run. */
  begin(slot: number, generation: number): boolean {
    const word = generation << STATE_BITS;
    return compareExchange(this.#words, this.#first + slot, word | QUEUED, word | RUNNING) === (word | QUEUED);
  }

  /** The function has ended. A plain store: nobody else writes the word of a running task, and the reply is published after it. */
  finish(slot: number): void {
    const index = this.#first + slot;
    this.#words[index] = ((this.#words[index] as number) & ~STATE_MASK) | DONE;
  }
}
