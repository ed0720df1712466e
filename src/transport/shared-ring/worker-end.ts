/**
 * The worker's end of a ring: tasks in from the request ring, replies out through the reply ring.
 *
 * One round of the worker, entered by a wake, by the turn after a long run, or by room in the reply ring:
 *
 *     read and hand over every task -> publish replies -> more came? again
 *       -> tasks unanswered? one turn of the event loop (their promises may settle in it), then look once more
 *       -> nothing to do: look again for a while, where that pays -> park
 *
 * A run of synchronous tasks is interrupted every few ms for one turn of the event loop, so that timers and sockets get theirs.
 */
import type { MessagePort } from 'node:worker_threads';
import { load } from '../../runtime/atomics.js';
import { readThreadUsage } from '../../runtime/thread-usage.js';
import { MillraceError } from '../../errors.js';
import type { ErrorRecord } from '../error-record.js';
import type { CancelCode, PoolFrame, TaskFrame, WorkerFrame } from '../protocol.js';
import type { WorkerEnd, WorkerEndHandler } from '../transport.js';
import { THREAD, uncloneableError } from '../value-path.js';
import { StatusWriter } from './control-block.js';
import { hostEventLoop, type EventLoop } from './event-loop.js';
import { Inbox } from './inbox.js';
import { GATHER_HINT, POOL_PARKED, SLEEP_HINT, WORKER_PARKED, type RingMemory } from './layout.js';
import { Outbox } from './outbox.js';
import { isParked, Parking, wake, wakeForRoom } from './parking.js';
import { PortLane } from './port-lane.js';
import * as records from './records.js';
import { RunClock } from './run-clock.js';
import { WorkerSlots } from './slots.js';
import { SpinPolicy } from './spin-policy.js';
import { SPIN_BATCH_MS, SPIN_MS } from './watch-times.js';
import { readTask } from './task-record.js';
import { soon } from '../../runtime/host-timers.js';

/** Answers at once that count as a batch. */
const BATCH_MIN = 8;
/** A sleep of up to this long would not have happened had we looked. */
const SHORT_SLEEP_MS = 0.25;
/** Looks between two readings of the clock while we spin. */
const LOOKS_PER_CLOCK = 64;
/** Longest run of tasks without a turn of the event loop, in ms. */
const RUN_MS_MAX = 4;
/** Least time between two reports of CPU time and heap, in ms. */
const USAGE_INTERVAL_MS = 250;

export interface RingWorkerOptions {
  /** Cores the process may use; with one, the worker never spins. */
  readonly cores: number;
  /** For tests. */
  readonly loop?: EventLoop;
}

export function createRingWorkerEnd(memory: RingMemory, port: MessagePort, handler: WorkerEndHandler, options: RingWorkerOptions): WorkerEnd {
  return new WorkerRing(memory, port, handler, options);
}

class WorkerRing implements WorkerEnd {
  readonly #memory: RingMemory;
  readonly #handler: WorkerEndHandler;
  readonly #lane: PortLane;
  readonly #outbox: Outbox;
  readonly #inbox: Inbox;
  readonly #slots: WorkerSlots;
  readonly #status: StatusWriter;
  readonly #parking: Parking;
  readonly #loop: EventLoop;
  readonly #clock: RunClock;
  readonly #spin: SpinPolicy;
  readonly #names: string[] = [];
  /** The frame handed over last for each slot, until it is begun or answered. */
  readonly #frames: (TaskFrame | undefined)[];
  /** And its generation. */
  readonly #generations: Int32Array;
  #unsent: (() => void)[] = [];
  /** Tasks handed over and not answered. */
  #unanswered = 0;
  /** Answered since the last flush, and since when the worker has had tasks (or that flush, if later). */
  #answered = 0;
  #occupiedSinceMs = 0;
  /** Answered before the last flush. */
  #lastBatch = 0;
  #lookedTwice = false;
  /** Something was published and the pool was not woken for it. */
  #wakeOwed = false;
  #running = false;
  #parkedSinceMs = 0;
  #usageDueMs = 0;
  #state: 'open' | 'closing' | 'closed' = 'open';
  #failure: Error | undefined;

  constructor(memory: RingMemory, port: MessagePort, handler: WorkerEndHandler, options: RingWorkerOptions) {
    this.#memory = memory;
    this.#handler = handler;
    this.#loop = options.loop ?? hostEventLoop;
    this.#clock = new RunClock(this.#loop, RUN_MS_MAX);
    this.#spin = new SpinPolicy(options.cores > 1 ? SPIN_MS : 0, SHORT_SLEEP_MS);
    this.#slots = new WorkerSlots(memory);
    this.#frames = Array.from({ length: memory.slotsMax }, () => undefined);
    this.#generations = new Int32Array(memory.slotsMax);
    this.#status = new StatusWriter(memory);
    // The port's listener is also the handle that keeps the thread alive while it is parked.
    this.#lane = new PortLane(port, () => this.#onPortClosed());
    this.#outbox = new Outbox(memory, memory.reply, memory.replyArea, this.#lane, () => false);
    this.#inbox = new Inbox(memory, memory.request, memory.requestArea, this.#lane);
    this.#parking = new Parking(memory.words, WORKER_PARKED, this.#hasWork, this.#onWake);
    this.#loop.nextTurn(this.#round);
  }

  begin(task: TaskFrame): boolean {
    // Another frame of this slot came after it: the pool has taken this one back and used the slot again.
    if (this.#frames[task.slot] === task) return this.#claim(task.slot, task.sequence);
    this.#unanswered -= 1;
    return false;
  }

  sendResult(slot: number, value: unknown, transfer: readonly object[] | undefined): void {
    if (this.#state !== 'open' || !this.#mayAnswer(slot)) return;
    try {
      this.#outbox.encode(value, transfer);
    } catch (cause) {
      const error = uncloneableError(value, 'result', cause, THREAD, transfer);
      this.#unsent.push(() => this.#handler.onUnsentResult(slot, error));
      return;
    }
    this.#answer(records.KIND_RESULT, slot);
  }

  sendError(slot: number, error: ErrorRecord): void {
    if (this.#state !== 'open' || !this.#mayAnswer(slot)) return;
    this.#outbox.encode(error, undefined);
    this.#answer(records.KIND_ERROR, slot);
  }

  send(frame: WorkerFrame): void {
    if (this.#state !== 'open') return;
    try {
      this.#outbox.encode(frame, undefined);
    } catch (cause) {
      const value = frame.type === 'log' ? frame.fields : 'value' in frame ? frame.value : frame;
      const error = uncloneableError(value, frame.type, cause);
      this.#unsent.push(() => this.#handler.onUnsentFrame(frame, error));
      return;
    }
    this.#outbox.append(records.KIND_FRAME, 0);
  }

  flush(): void {
    if (this.#state !== 'open') return;
    this.#flushRound();
    if (this.#wakeOwed) this.#wakePool();
  }

  get #holdsReserve(): boolean {
    return this.#memory.words[GATHER_HINT] !== 0;
  }

  /** With a reserve, a wake that is owed waits for the serve loop's own flush. */
  #flushRound(): void {
    if (this.#wakeOwed && !this.#holdsReserve) this.#wakePool();
    this.#account();
    while (this.#unsent.length > 0) this.#reportUnsent();
    this.#publish();
    // Replies that found no room need a wake when there is some. While we run, the end of the round sees to it.
    if (this.#outbox.heldBytes > 0 && !this.#running && !this.#park()) this.#loop.nextTurn(this.#round);
  }

  show(isDue: boolean): boolean {
    if (this.#state !== 'open' || this.#unsent.length > 0 || (isDue && !(this.#holdsReserve ? this.#outbox.takeRead() : this.#outbox.isRead))) return false;
    this.#account();
    if (this.#outbox.publish()) this.#wakeOwed = true;
    return this.#outbox.heldBytes === 0;
  }

  hasMore(): boolean {
    return this.#holdsReserve && this.#inbox.refresh();
  }

  cancelCode(slot: number): CancelCode {
    return load(this.#memory.words, this.#memory.cancelsWord + slot) as CancelCode;
  }

  close(): void {
    if (this.#state !== 'open') return;
    this.#state = 'closing';
    this.#closeWhenPublished();
  }

  readonly #onWake = (): void => {
    if (this.#state === 'closing') return this.#closeWhenPublished();
    if (this.#state === 'closed') return;
    if (this.#parkedSinceMs > 0) this.#spin.slept(this.#loop.nowMs() - this.#parkedSinceMs);
    this.#parkedSinceMs = 0;
    this.#round();
  };

  readonly #round = (): void => {
    if (this.#running || this.#state !== 'open') return;
    this.#clock.start();
    this.#goOn();
  };

  #run(): void {
    for (;;) {
      if (!this.#handOver()) return;
      this.#flushRound();
      if (this.#state !== 'open') return;
      if (this.#inbox.refresh()) continue;
      if (this.#unanswered > 0 && !this.#lookedTwice) {
        this.#lookedTwice = true;
        return this.#loop.nextTurn(this.#round);
      }
      if (this.#unanswered === 0 && this.#pays() && this.#look()) continue;
      if (this.#park()) return;
    }
  }

  /** Hands over what the pool has published. `false`: the event loop must have a turn first, or what was handed over; the rest comes after it. */
  #handOver(): boolean {
    if (!this.#inbox.refresh()) return true;
    this.#lookedTwice = false;
    for (let word = this.#inbox.next(); word >= 0; word = this.#inbox.next()) {
      this.#deliver(word);
      if (this.#state !== 'open') break;
      if (this.#inbox.releaseDue) this.#release();
      if (this.#clock.afterTask()) {
        this.#release();
        this.#flushRound();
        this.#showStatus(this.#clock.nowMs);
        this.#loop.nextTurn(this.#round);
        return false;
      }
      if (!this.#inbox.takeFill()) continue;
      soon(this.#goOn);
      return false;
    }
    this.#release();
    return true;
  }

  /** The functions that large buffers were handed over to have run, and their answers are on their way: so both sides copy at the same time. */
  readonly #goOn = (): void => {
    if (this.#running || this.#state !== 'open') return;
    this.#running = true;
    try {
      this.#run();
    } finally {
      this.#running = false;
    }
  };

  #pays(): boolean {
    return this.#spin.pays && (this.#memory.words[SLEEP_HINT] === 0 || this.#lastBatch >= BATCH_MIN);
  }

  /** Looks for the spin budget. Returns whether something came. */
  #look(): boolean {
    const startMs = this.#loop.nowMs();
    const inBatches = this.#lastBatch >= BATCH_MIN;
    let lookedMs = 0;
    let longestMs: number;
    do {
      for (let look = 0; look < LOOKS_PER_CLOCK; look += 1) {
        if (!this.#inbox.refresh()) continue;
        this.#spin.hit(lookedMs);
        return true;
      }
      longestMs = inBatches && !isParked(this.#memory.words, POOL_PARKED) ? SPIN_BATCH_MS : this.#spin.budgetMs;
      lookedMs = this.#loop.nowMs() - startMs;
    } while (lookedMs < this.#spin.lookMs(longestMs));
    this.#spin.miss();
    return false;
  }

  #park(): boolean {
    this.#parkedSinceMs = this.#loop.nowMs();
    this.#showStatus(this.#parkedSinceMs);
    return this.#parking.park(this.#outbox.heldBytes > 0);
  }

  readonly #hasWork = (): boolean => this.#inbox.refresh() || this.#outbox.canMove;

  #deliver(word: number): void {
    const kind = records.kindOf(this.#memory.words[word + records.WORD_KIND] as number);
    if (kind === records.KIND_TASK) return this.#deliverTask(word);
    let value: unknown;
    try {
      value = this.#inbox.value(word, records.HEADER_BYTES);
    } catch (cause) {
      return this.#fail(new MillraceError('ERR_PROTOCOL', 'a frame of the pool could not be rebuilt', { cause }));
    }
    if (kind === records.KIND_NAME) this.#names[this.#memory.words[word + records.WORD_SLOT] as number] = value as string;
    else this.#handler.onFrame(value as PoolFrame);
  }

  #deliverTask(word: number): void {
    const { words } = this.#memory;
    const slot = words[word + records.WORD_SLOT] as number;
    if (this.#unanswered === 0 && this.#answered === 0) this.#occupiedSinceMs = this.#loop.nowMs();
    this.#unanswered += 1;
    this.#generations[slot] = words[word + records.WORD_GENERATION] as number;
    let value: unknown;
    try {
      value = this.#inbox.value(word, records.TASK_HEADER_BYTES);
    } catch (cause) {
      this.#frames[slot] = undefined;
      const error = new MillraceError('ERR_PROTOCOL', 'the arguments could not be rebuilt in the worker', { cause });
      if (this.#claim(slot, -1)) this.#handler.onUndecodable(slot, error);
      return;
    }
    const frame = readTask(this.#memory, word, this.#names, value);
    this.#frames[slot] = frame;
    this.#handler.onTask(frame);
  }

  /** Makes the task that was read last from this slot ours. `false`: it was taken back. */
  #claim(slot: number, sequence: number): boolean {
    const generation = this.#generations[slot] as number;
    this.#frames[slot] = undefined;
    if (this.#slots.begin(slot, generation)) {
      this.#status.taskBegun(slot, generation, sequence);
      return true;
    }
    this.#unanswered -= 1;
    return false;
  }

  /** A task that is answered without having been begun (cancelled while it waited in the worker) must be ours as well. */
  #mayAnswer(slot: number): boolean {
    const waiting = this.#frames[slot];
    return waiting === undefined || this.#claim(slot, waiting.sequence);
  }

  #answer(kind: number, slot: number): void {
    this.#slots.finish(slot);
    this.#unanswered -= 1;
    this.#answered += 1;
    this.#outbox.append(kind, slot);
    if (this.#outbox.isDue) this.#publish();
  }

  /** Shows how long the tasks answered since the last time have taken: one reading of the clock a batch. */
  #account(): void {
    if (this.#answered === 0) return;
    const now = this.#loop.nowMs();
    this.#status.served(now - this.#occupiedSinceMs, this.#answered);
    this.#lastBatch = this.#answered;
    this.#answered = 0;
    this.#occupiedSinceMs = now;
  }

  #publish(): void {
    if (this.#outbox.publish()) this.#wakePool();
  }

  #wakePool(): void {
    this.#wakeOwed = false;
    wake(this.#memory.words, POOL_PARKED);
  }

  #release(): void {
    if (this.#inbox.release()) wakeForRoom(this.#memory.words, POOL_PARKED);
  }

  #reportUnsent(): void {
    const unsent = this.#unsent;
    this.#unsent = [];
    for (const report of unsent) report();
  }

  #showStatus(nowMs: number): void {
    this.#status.clockRead(nowMs);
    if (nowMs < this.#usageDueMs) return;
    this.#usageDueMs = nowMs + USAGE_INTERVAL_MS;
    const { cpuMs, heapBytes } = readThreadUsage();
    this.#status.used(cpuMs, heapBytes);
  }

  /** What was flushed before `close` still leaves; the port closes after the last of it. */
  #closeWhenPublished(): void {
    do this.#publish();
    while (this.#outbox.heldBytes > 0 && !this.#parking.park(true));
    if (this.#outbox.heldBytes === 0) this.#lane.close();
  }

  #fail(error: Error): void {
    this.#failure = error;
    this.#state = 'closing';
    this.#lane.close();
  }

  #onPortClosed(): void {
    if (this.#state === 'closed') return;
    if (this.#state === 'open') while (this.#inbox.refresh() && this.#state === 'open') this.#handOver();
    this.#state = 'closed';
    this.#parking.close();
    this.#handler.onClose(this.#failure);
  }
}
