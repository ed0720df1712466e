/**
 * What a worker shows of itself without being asked and without a message: the pool reads it while the worker is busy, stuck or dead.
 *
 *     word   0     tick: grows whenever the worker takes up a task or comes by its event loop
 *            1     slot of the task begun last, -1 before the first
 *            2     its generation: with the slot it tells two tasks apart
 *            4-5   sequence of that task within the pool
 *            6-7   ms of the worker's clock when it last read it: not later than the start of the task it is stuck in
 *            8-9   CPU time of the thread in ms, -1 where the runtime does not tell
 *            10-11 bytes of heap used
 *            12-13 ms in which the worker had tasks, and
 *            14    how many it answered in them: together the service time, without a message and without a clock reading a task
 *
 * Plain stores of one writer: a reader sees each word whole but not all of one instant. Nothing here decides who runs a task.
 */
import type { WorkerStatus } from '../worker-status.js';
import { STATUS, type RingMemory } from './layout.js';

const TICK = STATUS;
const SLOT = STATUS + 1;
const GENERATION = STATUS + 2;
const SEQUENCE = STATUS / 2 + 2;
const CLOCK_MS = STATUS / 2 + 3;
const CPU_MS = STATUS / 2 + 4;
const HEAP_BYTES = STATUS / 2 + 5;
const OCCUPIED_MS = STATUS / 2 + 6;
const ANSWERED = STATUS + 14;

/** The worker's side. */
export class StatusWriter {
  readonly #words: Int32Array;
  readonly #doubles: Float64Array;

  constructor(memory: RingMemory) {
    this.#words = memory.words;
    this.#doubles = memory.doubles;
    this.#words[SLOT] = -1;
    this.#doubles[CPU_MS] = -1;
  }

  taskBegun(slot: number, generation: number, sequence: number): void {
    this.#words[TICK] = ((this.#words[TICK] as number) + 1) | 0;
    this.#words[SLOT] = slot;
    this.#words[GENERATION] = generation;
    this.#doubles[SEQUENCE] = sequence;
  }

  clockRead(nowMs: number): void {
    this.#words[TICK] = ((this.#words[TICK] as number) + 1) | 0;
    this.#doubles[CLOCK_MS] = nowMs;
  }

  served(occupiedMs: number, answered: number): void {
    this.#doubles[OCCUPIED_MS] = (this.#doubles[OCCUPIED_MS] as number) + occupiedMs;
    this.#words[ANSWERED] = ((this.#words[ANSWERED] as number) + answered) | 0;
  }

  used(cpuMs: number, heapBytes: number): void {
    this.#doubles[CPU_MS] = cpuMs;
    this.#doubles[HEAP_BYTES] = heapBytes;
  }
}

/** The pool's side of the service time. */
export class ServiceReader {
  readonly #words: Int32Array;
  readonly #doubles: Float64Array;
  #occupiedMs = 0;
  #answered = 0;

  constructor(memory: RingMemory) {
    this.#words = memory.words;
    this.#doubles = memory.doubles;
  }

  /** Mean time a task took the worker since the last call, in ms; NaN when it answered none. */
  read(): number {
    const answered = this.#words[ANSWERED] as number;
    const occupiedMs = this.#doubles[OCCUPIED_MS] as number;
    const tasks = (answered - this.#answered) | 0;
    if (tasks <= 0) return NaN;
    const serviceMs = (occupiedMs - this.#occupiedMs) / tasks;
    this.#answered = answered;
    this.#occupiedMs = occupiedMs;
    return serviceMs;
  }
}

/** Reads a worker's status. Costs no message and works when its thread is blocked or gone. */
export function readStatus(memory: RingMemory): WorkerStatus {
  const { words, doubles } = memory;
  return {
    tick: words[TICK] as number,
    sequence: doubles[SEQUENCE] as number,
    clockMs: doubles[CLOCK_MS] as number,
    cpuMs: doubles[CPU_MS] as number,
    heapBytes: doubles[HEAP_BYTES] as number,
  };
}
