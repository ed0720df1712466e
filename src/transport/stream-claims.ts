/**
 * Which tasks of a worker process may begin and may be answered.
 *
 *     arrived ──> waiting ──begin──> begun ──answered──> over
 *                  │ ^  └─mayAnswer (cancelled while it waited) ──> begun
 *       taken back │ │
 *                  v └───── too late ── in doubt <──begin── waiting
 *                 over                      └── taken back ──> over
 *
 * One entry a slot, for the task that came last: an older one of the slot has been taken back, and its frame may still wait in the serve loop.
 */
import type { TaskFrame } from './protocol.js';
import type { WorkerControl } from './stream-control.js';

const OVER = 0;
const WAITING = 1;
const BEGUN = 2;
const IN_DOUBT = 3;

interface Entry {
  state: 0 | 1 | 2 | 3;
  generation: number;
  epoch: number;
  /** `undefined` when its arguments could not be decoded, and once it is over. */
  task: TaskFrame | undefined;
  /** Hands it to the serve loop. */
  handOver: (() => void) | undefined;
}

export class StreamClaims {
  readonly #control: WorkerControl;
  readonly #entries: (Entry | undefined)[] = [];

  constructor(control: WorkerControl) {
    this.#control = control;
  }

  arrived(slot: number, generation: number, epoch: number, task: TaskFrame | undefined, handOver: () => void): void {
    const entry = this.#entries[slot];
    if (entry === undefined) {
      this.#entries[slot] = { state: WAITING, generation, epoch, task, handOver };
    } else {
      entry.state = WAITING;
      entry.generation = generation;
      entry.epoch = epoch;
      entry.task = task;
      entry.handOver = handOver;
    }
    handOver();
  }

  /** Right before the function of a task is called. `false`: it was taken back, or the pool will tell. */
  begin(task: TaskFrame): boolean {
    const entry = this.#entries[task.slot];
    return entry !== undefined && entry.task === task && entry.state === WAITING && this.#claim(task.slot, entry);
  }

  /** Whether an answer may be sent: not when the pool has taken the task back. A task that is answered without having begun is claimed by that. */
  mayAnswer(slot: number): boolean {
    const entry = this.#entries[slot];
    if (entry === undefined || entry.state === BEGUN || entry.state === OVER) return true;
    return entry.state === WAITING && this.#claim(slot, entry);
  }

  answered(slot: number): void {
    const entry = this.#entries[slot];
    if (entry !== undefined) close(entry);
  }

  /** The pool has tried to take the task in the slot back, and this is how it ended. */
  settle(slot: number, epoch: number, isTakenBack: boolean): void {
    const entry = this.#entries[slot];
    if (entry === undefined) return;
    if (isTakenBack) return close(entry);
    entry.epoch = epoch;
    if (entry.state !== IN_DOUBT) return;
    entry.state = WAITING;
    entry.handOver?.();
  }

  #claim(slot: number, entry: Entry): boolean {
    const isMine = this.#control.begin(slot, entry.generation, entry.epoch);
    entry.state = isMine ? BEGUN : IN_DOUBT;
    return isMine;
  }
}

function close(entry: Entry): void {
  entry.state = OVER;
  entry.task = undefined;
  entry.handOver = undefined;
}
