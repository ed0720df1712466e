/**
 * Where the pool tells running tasks to stop, readable from a synchronous loop that gets no events: one word per slot.
 *
 *     slot        0      1      2      …  4095
 *     Int32     [ 0 ]  [ 2 ]  [ 0 ]    …  [ 0 ]        0: go on; else the CancelCode
 *
 * Threads share the words in memory. Processes share them in a file without a name: the pool writes, the worker reads.
 * Only the pool writes; it clears a word before it sends a task into that slot.
 */
import { closeSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assert } from '../runtime/assert.js';
import { load, store } from '../runtime/atomics.js';
import { systemRandom } from '../runtime/random.js';
import { CANCEL_NONE, type CancelCode } from './protocol.js';

/** Slots of one worker: the most tasks it may hold at once. */
export const SLOTS_MAX = 4096;

/** For how long a process trusts that a word was clear, in ms: the price of a look is a system call of about 1 µs. */
const FILE_READ_INTERVAL_MS = 0.2;

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

/**
 * For processes: `create()` in the pool, whose `fd` the child inherits through `stdio`, and `attach(fd)` in the child.
 * A cancellation is seen at most 0.2 ms late; until then a look costs one reading of the clock. The file is gone from its directory before
 * anyone could see it (where the platform allows: at `close()` elsewhere), so nothing is left behind by a crash.
 */
export class FileControlBlock implements ControlBlock {
  readonly fd: number;
  /** What stands in the file, so that clearing a clear word costs nothing; the pool's side only. */
  readonly #written: Int32Array = new Int32Array(SLOTS_MAX);
  /** Until when a word is taken for clear. Only "clear" is remembered: a stale "cancelled" could hit the next task of the slot. */
  readonly #clearUntilMs: Float64Array = new Float64Array(SLOTS_MAX);
  readonly #word: Int32Array = new Int32Array(1);
  #leftover: string | undefined;
  #closed = false;

  private constructor(fd: number, leftover: string | undefined) {
    this.fd = fd;
    this.#leftover = leftover;
  }

  /** @throws the file system's error when the directory for temporary files is not writable */
  static create(directory: string = tmpdir()): FileControlBlock {
    // Only if it is new is it opened, so chance need not be hard to guess.
    const path = join(directory, `millrace-${process.pid}-${systemRandom().toString(36).slice(2)}.ctl`);
    const fd = openSync(path, 'wx+', 0o600);
    return new FileControlBlock(fd, unlink(path) ? undefined : path);
  }

  static attach(fd: number): FileControlBlock {
    return new FileControlBlock(fd, undefined);
  }

  setCancelled(slot: number, code: CancelCode): void {
    assertSlot(slot);
    if (this.#closed || this.#written[slot] === code) return;
    this.#written[slot] = code;
    this.#word[0] = code;
    writeSync(this.fd, this.#word, 0, WORD_BYTES, slot * WORD_BYTES);
  }

  cancelCode(slot: number): CancelCode {
    assertSlot(slot);
    const nowMs = performance.now();
    if (nowMs < (this.#clearUntilMs[slot] as number) || this.#closed) return CANCEL_NONE;
    // Past the end of the file nothing was ever written: the read leaves the word at 0.
    this.#word[0] = CANCEL_NONE;
    readSync(this.fd, this.#word, 0, WORD_BYTES, slot * WORD_BYTES);
    const code = this.#word[0] as CancelCode;
    if (code === CANCEL_NONE) this.#clearUntilMs[slot] = nowMs + FILE_READ_INTERVAL_MS;
    return code;
  }

  /** Closes the file. Idempotent; words read as clear afterwards. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    closeSync(this.fd);
    if (this.#leftover !== undefined) unlink(this.#leftover);
    this.#leftover = undefined;
  }
}

function assertSlot(slot: number): void {
  assert(slot >= 0 && slot < SLOTS_MAX, `slot ${slot} is not below ${SLOTS_MAX}`);
}

function unlink(path: string): boolean {
  try {
    unlinkSync(path);
    return true;
  } catch {
    return false;
  }
}
