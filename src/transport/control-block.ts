/**
 * Where the pool tells running tasks to stop, readable from a synchronous loop that gets no events: one word per slot.
 *
 *     slot        0      1      2      …  4095
 *     Int32     [ 0 ]  [ 2 ]  [ 0 ]    …  [ 0 ]        0: go on; else the CancelCode
 *
 * Threads share the words in memory; processes share such words in a file (`stream-control.ts`). Only the pool writes; it clears a word before it
 * sends a task into that slot.
 */
import { failAssertion } from '../runtime/assert.js';
import { load, store } from '../runtime/atomics.js';
import type { CancelCode } from './protocol.js';

/** Slots of one worker: the most tasks it may hold at once. */
export const SLOTS_MAX = 4096;

const WORD_BYTES = 4;

export interface ControlBlock {
  setCancelled(slot: number, code: CancelCode): void;
  cancelCode(slot: number): CancelCode;
}

/** For threads. Visible to the other side at once; a look costs some ns. */
export class SharedControlBlock implements ControlBlock {
  /** Hand this to the thread (`workerData`), which makes its own block of it. */
  readonly buffer: SharedArrayBuffer;
  readonly #words: Int32Array;

  constructor(buffer: SharedArrayBuffer = new SharedArrayBuffer(SLOTS_MAX * WORD_BYTES)) {
    this.buffer = buffer;
    this.#words = new Int32Array(buffer);
  }

  setCancelled(slot: number, code: CancelCode): void {
    assertSlot(slot);
    store(this.#words, slot, code);
  }

  cancelCode(slot: number): CancelCode {
    assertSlot(slot);
    return load(this.#words, slot) as CancelCode;
  }
}

function assertSlot(slot: number): void {
  if (!(slot >= 0 && slot < SLOTS_MAX)) failAssertion(`slot ${slot} is not below ${SLOTS_MAX}`);
}
