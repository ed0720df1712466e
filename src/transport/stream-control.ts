/**
 * What pool and worker process tell each other without a frame, in the words of their shared file:
 *
 *     slot           0             1            …
 *     pool     [ code epoch ] [ code epoch ]    …     code: 0 to go on, else why to stop; epoch: how often the slot's task was taken back
 *     worker   [   begun    ] [   begun    ]    …     generation of the slot's task that has begun last
 *
 * and once in a while the worker writes down what it is at: tick, sequence, clock, CPU time, heap, five doubles in a row.
 *
 * A task carries the generation (counted per slot, in one byte) and the epoch it was sent under. Who may have it is settled like this:
 *
 *     pool takes it back      1. epoch := epoch + 1      2. begun is its generation?  no: taken back      yes: too late
 *     worker begins it        1. begun := generation     2. epoch is still its own?   yes: it begins      no: in doubt
 *
 * Each side writes before it reads, so at least one of them sees the other: a task that was taken back never begins. When both see each other the
 * pool has given up and the worker does not know it: it asks nobody and waits for the verdict, a frame that the pool sends with every attempt.
 */
import { failAssertion } from '../runtime/assert.js';
import { performanceNow } from '../runtime/host-timers.js';
import { SLOTS_MAX } from './control-block.js';
import { CANCEL_NONE } from './protocol.js';
import type { CancelCode } from './protocol.js';
import { MARKS_AT, SLOT_BYTES, STATUS_AT, WORDS_AT } from './stream-file.js';
import type { SharedFile } from './stream-file.js';
import type { WorkerStatus } from './worker-status.js';

/** For how long a worker trusts that a cancel word was clear, in ms: the price of a look is a system call of about 1 µs. */
const READ_INTERVAL_MS = 0.2;

/** Doubles that a status takes. */
const STATUS_FIELDS = 5;

/** Where the epoch stands beside the cancel word. */
const EPOCH = 4;

/** The pool's side. */
export class PoolControl {
  readonly file: SharedFile;
  /** As it stands in the file. */
  readonly #codes: Uint8Array = new Uint8Array(SLOTS_MAX);
  readonly #epochs: Uint32Array = new Uint32Array(SLOTS_MAX);
  readonly #generations: Uint8Array = new Uint8Array(SLOTS_MAX);
  /** The marks as they were seen last. */
  readonly #seen: Uint8Array = new Uint8Array(SLOTS_MAX);
  readonly #byte: Uint8Array = new Uint8Array(1);
  readonly #word: Uint32Array = new Uint32Array(1);
  /** All marks, once the file is closed. */
  #lastMarks: Uint8Array | undefined;

  constructor(file: SharedFile) {
    this.file = file;
  }

  epoch(slot: number): number {
    return this.#epochs[slot] as number;
  }

  /** A new task is put into the slot. Returns its generation: never that of the mark, however many tasks were taken back in a row. */
  enqueue(slot: number): number {
    const next = ((this.#generations[slot] as number) + 1) & 0xff;
    const generation = next === this.#seen[slot] ? (next + 1) & 0xff : next;
    this.#generations[slot] = generation;
    return generation;
  }

  /** A clear word that is cleared costs nothing. */
  setCancelled(slot: number, code: CancelCode): void {
    assertSlot(slot);
    if (this.file.isClosed || this.#codes[slot] === code) return;
    this.#codes[slot] = code;
    this.#write(code, WORDS_AT + slot * SLOT_BYTES);
  }

  /** Takes the task in the slot back. `true`: it has not begun and never will. The worker must be told the verdict with the new epoch. */
  revoke(slot: number): boolean {
    assertSlot(slot);
    if (this.file.isClosed) return false;
    const epoch = ((this.#epochs[slot] as number) + 1) >>> 0;
    this.#epochs[slot] = epoch;
    this.#write(epoch, WORDS_AT + slot * SLOT_BYTES + EPOCH);
    return !this.begun(slot);
  }

  /** Whether the task in the slot may have begun. */
  begun(slot: number): boolean {
    return this.#mark(slot) === this.#generations[slot];
  }

  /** What the worker has last written of itself; `undefined` before it has, and once the file is closed. */
  status(): WorkerStatus | undefined {
    if (this.file.isClosed) return undefined;
    const fields = new Float64Array(STATUS_FIELDS);
    this.file.read(fields, STATUS_AT);
    const [tick, sequence, clockMs, cpuMs, heapBytes] = fields as unknown as readonly [number, number, number, number, number];
    return clockMs === 0 ? undefined : { tick, sequence, clockMs, cpuMs, heapBytes };
  }

  /** Takes a last look at the marks, and closes the file. */
  close(): void {
    if (this.file.isClosed) return;
    const marks = new Uint8Array(SLOTS_MAX);
    this.file.read(marks, MARKS_AT);
    this.#lastMarks = marks;
    this.file.close();
  }

  #mark(slot: number): number {
    if (this.#lastMarks !== undefined) return this.#lastMarks[slot] as number;
    this.file.read(this.#byte, MARKS_AT + slot);
    return (this.#seen[slot] = this.#byte[0] as number);
  }

  #write(value: number, position: number): void {
    this.#word[0] = value;
    this.file.write(this.#word, position);
  }
}

/** The worker's side. */
export class WorkerControl {
  readonly file: SharedFile;
  /** Until when a word is taken for clear. Only "clear" is remembered: a stale "cancelled" could hit the next task of the slot. */
  readonly #clearUntilMs: Float64Array = new Float64Array(SLOTS_MAX);
  readonly #mark: Uint8Array = new Uint8Array(1);
  /** Cancel word and epoch of the slot that was read last. */
  readonly #words: Uint32Array = new Uint32Array(2);
  readonly #now: () => number;

  /** @param now milliseconds, monotonic */
  constructor(file: SharedFile, now: () => number = performanceNow) {
    this.file = file;
    this.#now = now;
  }

  /** Claims a task right before its function is called. `false`: the pool has tried to take it back, and will tell how that ended. */
  begin(slot: number, generation: number, epoch: number): boolean {
    this.#mark[0] = generation;
    this.file.write(this.#mark, MARKS_AT + slot);
    const code = this.#read(slot);
    this.#clearUntilMs[slot] = code === CANCEL_NONE ? this.#now() + READ_INTERVAL_MS : 0;
    return this.#words[1] === epoch;
  }

  /** A cancellation is seen at most 0.2 ms late; until then a look costs one reading of the clock. */
  cancelCode(slot: number): CancelCode {
    assertSlot(slot);
    const nowMs = this.#now();
    if (nowMs < (this.#clearUntilMs[slot] as number)) return CANCEL_NONE;
    const code = this.#read(slot);
    if (code === CANCEL_NONE) this.#clearUntilMs[slot] = nowMs + READ_INTERVAL_MS;
    return code;
  }

  /** Shows the pool what this worker is at: a system call of about 1 µs. */
  show({ tick, sequence, clockMs, cpuMs, heapBytes }: WorkerStatus): void {
    this.file.write(Float64Array.of(tick, sequence, clockMs, cpuMs, heapBytes), STATUS_AT);
  }

  #read(slot: number): CancelCode {
    this.file.read(this.#words, WORDS_AT + slot * SLOT_BYTES);
    return this.#words[0] as CancelCode;
  }
}

function assertSlot(slot: number): void {
  if (!Number.isInteger(slot) || slot < 0 || slot >= SLOTS_MAX) failAssertion(`slot ${slot} is not one of the ${SLOTS_MAX} of a worker`);
}
