/**
 * The pool's end of a ring: tasks out through the request ring, replies in from the reply ring.
 *
 * Who looks at the reply ring, at any moment exactly one of these:
 *
 *     parked      the worker wakes us when it replies (or makes room, if we hold records)
 *     watching    the rechecker looks in every turn of the event loop, for at most the spin budget after the last sign of life
 * `flush` with tasks in flight goes from parked to watching where that pays; `look` goes back. The protocol is in README.md.
 */
import type { MessagePort } from 'node:worker_threads';
import { keepFreedMemory } from '../../runtime/allocator.js';
import { store } from '../../runtime/atomics.js';
import { failAssertion } from '../../runtime/assert.js';
import { MillraceError } from '../../errors.js';
import type { ErrorRecord } from '../error-record.js';
import { NameNumbers } from '../name-numbers.js';
import type { CancelCode, PoolFrame, TaskFrame, WorkerFrame } from '../protocol.js';
import type { PoolEnd, PoolEndHandler } from '../transport.js';
import { THREAD, uncloneableError } from '../value-path.js';
import type { WorkerStatus } from '../worker-status.js';
import { readStatus, ServiceReader } from './control-block.js';
import { Inbox } from './inbox.js';
import { GATHER_HINT, POOL_PARKED, SLEEP_HINT, WORKER_PARKED, type RingMemory } from './layout.js';
import { Outbox } from './outbox.js';
import { Parking, wake, wakeForRoom } from './parking.js';
import { PortLane } from './port-lane.js';
import * as records from './records.js';
import { hostRechecker, type Rechecker, type Watcher } from './rechecker.js';
import { PoolSlots, QUEUED, type SlotState } from './slots.js';
import { SpinPolicy } from './spin-policy.js';
import { SpinTrial } from './spin-trial.js';
import { TakenBack } from './taken-back.js';
import { writeTask } from './task-record.js';
import { WATCH_MS, WATCH_BATCH_MS, BATCH_MIN, WATCH_CROWDED_MS, SHORT_SLEEP_MS, LINGER_MS, LINGER_RUN_MS, LINGER_NEAR_MS } from './watch-times.js';

/** Looks between two readings of the clock. */
const LOOKS_PER_CLOCK = 16;

/** After so many bytes of large buffers the memory that they leave behind is worth keeping (P). */
const KEEP_BYTES_MIN = 1 << 23;

/** The pool's end of a ring can tell more than the contract asks. */
export interface RingPoolEnd extends PoolEnd {
  /** Where the task in this slot stands, read from shared memory: valid after the worker's death too. */
  state(slot: number): SlotState;
}

export interface RingPoolOptions {
  /** Cores this process may use; with one, the pool's side never looks again but always sleeps. */
  readonly cores: number;
  /** For tests. */
  readonly rechecker?: Rechecker;
}

export function createRingPoolEnd(memory: RingMemory, port: MessagePort, handler: PoolEndHandler, options: RingPoolOptions): RingPoolEnd {
  return new PoolRing(memory, port, handler, options);
}

class PoolRing implements RingPoolEnd, Watcher {
  readonly #memory: RingMemory;
  readonly #handler: PoolEndHandler;
  readonly #lane: PortLane;
  readonly #outbox: Outbox;
  readonly #inbox: Inbox;
  readonly #slots: PoolSlots;
  readonly #service: ServiceReader;
  readonly #names: NameNumbers = new NameNumbers();
  #namesSent = 0;
  /** Most tasks follow one of the same name. */
  #lastName: string | undefined;
  #lastNameId = 0;
  readonly #parking: Parking;
  readonly #rechecker: Rechecker;
  readonly #spin: SpinPolicy;
  readonly #linger: SpinPolicy;
  readonly #trial: SpinTrial = new SpinTrial();
  readonly #cores: number;
  #unsent: { readonly slot: number; readonly error: MillraceError }[] = [];
  #inFlight = 0;
  #keepsFreed = false;
  readonly #takenBack: TakenBack = new TakenBack();
  #watching = false;
  /** When we last saw a sign of life while tasks were in flight; 0 when none are. */
  #waitingSinceMs = 0;
  #receiving = false;
  #state: 'open' | 'closing' | 'closed' = 'open';
  #failure: Error | undefined;

  constructor(memory: RingMemory, port: MessagePort, handler: PoolEndHandler, options: RingPoolOptions) {
    this.#memory = memory;
    this.#handler = handler;
    this.#cores = options.cores;
    this.#rechecker = options.rechecker ?? hostRechecker;
    this.#spin = new SpinPolicy(options.cores > 1 ? WATCH_MS : 0, SHORT_SLEEP_MS);
    this.#linger = new SpinPolicy(options.cores > 1 ? LINGER_MS : 0, 0);
    this.#slots = new PoolSlots(memory);
    this.#service = new ServiceReader(memory);
    this.#lane = new PortLane(port, () => this.#onPortClosed());
    this.#lane.unref();
    this.#outbox = new Outbox(memory, memory.request, memory.requestArea, this.#lane, (words, word) => this.#takenBack.has(words, word));
    this.#inbox = new Inbox(memory, memory.reply, memory.replyArea, this.#lane);
    this.#parking = new Parking(memory.words, POOL_PARKED, this.#hasWork, this.#onWake);
    this.#watch();
  }

  get prefetchMax(): number {
    return this.#memory.slotsMax >> 2;
  }

  reserves(holds: boolean): boolean {
    this.#memory.words[GATHER_HINT] = holds ? 1 : 0;
    return !this.#outbox.takeLarge();
  }

  get bufferedBytes(): number {
    return this.#outbox.heldBytes;
  }

  sendTask(task: TaskFrame): void {
    if (this.#state !== 'open') return;
    const { slot, args, transfer, givenCorrelationId } = task;
    if (slot >= this.#memory.slotsMax) failAssertion(`slot ${slot} is beyond the ${this.#memory.slotsMax} slots of this ring`);
    const nameId = this.#nameId(task.name);
    try {
      if (givenCorrelationId === undefined) this.#outbox.encodeList(args, transfer);
      else this.#outbox.encode([args, givenCorrelationId], transfer);
    } catch (cause) {
      this.#unsent.push({ slot, error: uncloneableError(args, 'args', cause, THREAD, transfer) });
      return;
    }
    const word = this.#outbox.append(records.KIND_TASK, slot, records.TASK_HEADER_BYTES);
    writeTask(this.#outbox.span, word, task, nameId, this.#slots.enqueue(slot));
    if (this.#inFlight === 0) this.#rechecker.busyRings += 1;
    this.#inFlight += 1;
    if (this.#outbox.isDue) this.#publish();
  }

  send(frame: PoolFrame): void {
    if (this.#state !== 'open') return;
    this.#outbox.encode(frame, undefined);
    this.#outbox.append(records.KIND_FRAME, 0);
  }

  flush(): void {
    if (this.#state !== 'open') return;
    while (this.#unsent.length > 0) this.#reportUnsent();
    this.#publish();
    this.#watch();
    if (!this.#keepsFreed && this.#outbox.copiedBytes + this.#inbox.copiedBytes >= KEEP_BYTES_MIN) this.#keepFreed();
  }

  linger(): void {
    const { loop, busyRings, turnedAtMs } = this.#rechecker;
    if (this.#state !== 'open' || this.#inFlight === 0 || !this.#watching || !this.#linger.pays || !this.#trial.spins || busyRings >= this.#cores) return;
    const startMs = loop.nowMs();
    if (startMs - turnedAtMs > LINGER_RUN_MS) return;
    do {
      for (let look = 0; look < LOOKS_PER_CLOCK; look += 1) {
        if (!this.#receive()) continue;
        this.#spin.hit(0);
        this.#linger.hit(0);
        this.#roundTrip(LINGER_MS);
        this.#waitingSinceMs = this.#inFlight > 0 ? startMs : 0;
        return;
      }
    } while (loop.nowMs() - startMs < LINGER_MS);
    this.#linger.miss();
  }

  setCancelled(slot: number, code: CancelCode): void {
    store(this.#memory.words, this.#memory.cancelsWord + slot, code);
  }

  revoke(slot: number): boolean {
    if (!this.#slots.revoke(slot)) return false;
    this.#settled();
    if (this.#outbox.heldBytes > 0) this.#takenBack.add(slot, this.#slots.generation(slot));
    this.#forgetTakenBack();
    return true;
  }

  state(slot: number): SlotState {
    return this.#slots.state(slot);
  }

  serviceMs(): number {
    return this.#service.read();
  }

  status(): WorkerStatus {
    return readStatus(this.#memory);
  }

  begun(slot: number): boolean {
    return this.#slots.state(slot) !== QUEUED;
  }

  collect(): void {
    if (!this.#receive()) return;
    while (this.#receive());
    this.#waitingSinceMs = this.#inFlight > 0 ? this.#rechecker.loop.nowMs() : 0;
  }

  close(): void {
    if (this.#state !== 'open') return;
    this.#state = 'closing';
    this.#closeWhenPublished();
  }

  /** Called by the rechecker once a turn while we watch. */
  look(nowMs: number): boolean {
    if (this.#state !== 'open') return (this.#watching = false);
    const sinceMs = this.#waitingSinceMs;
    const isSingle = this.#inFlight === 1;
    const received = this.#receive();
    this.#publish();
    if (received) {
      this.#spin.hit(sinceMs > 0 ? nowMs - sinceMs : 0);
      if (isSingle) this.#roundTrip(nowMs - sinceMs);
      if (nowMs - sinceMs < LINGER_NEAR_MS) this.#linger.hit(0);
      this.#waitingSinceMs = nowMs;
      // Whoever got the last answer may be about to send the next task: its promise settles after this turn.
      return this.#pays() || this.#leaveWatch();
    }
    if (this.#inFlight === 0) return this.#leaveWatch();
    if (nowMs - this.#waitingSinceMs > this.#budgetMs()) {
      this.#spin.miss();
      return this.#leaveWatch();
    }
    return this.#pays() || this.#leaveWatch();
  }

  #keepFreed(): void {
    this.#keepsFreed = true;
    keepFreedMemory();
  }

  #pays(): boolean {
    return this.#spin.pays && (this.#trial.spins || this.#inFlight >= BATCH_MIN);
  }

  #roundTrip(ms: number): void {
    if (this.#trial.roundTrip(ms)) this.#memory.words[SLEEP_HINT] = this.#trial.spins ? 0 : 1;
  }

  /** Goes to sleep; `true` when there is something to do after all. */
  #leaveWatch(): boolean {
    this.#watching = !this.#park();
    return this.#watching;
  }

  /** Sees to it that somebody looks at the reply ring: nothing is left to chance when this returns. */
  #watch(): void {
    if (this.#inFlight > 0 && this.#waitingSinceMs === 0) this.#waitingSinceMs = this.#rechecker.loop.nowMs();
    if (this.#watching) return;
    if (this.#inFlight > 0 && this.#pays()) this.#parking.unpark();
    else if (this.#park()) return;
    this.#watching = true;
    this.#rechecker.add(this);
  }

  #park(): boolean {
    return this.#parking.park(this.#outbox.heldBytes > 0);
  }

  readonly #hasWork = (): boolean => this.#inbox.refresh() || this.#outbox.canMove;

  readonly #onWake = (): void => {
    if (this.#state === 'closed') return;
    if (this.#state === 'closing') return this.#closeWhenPublished();
    const nowMs = this.#rechecker.loop.nowMs();
    const sinceMs = this.#waitingSinceMs;
    const isSingle = this.#inFlight === 1;
    if (this.#receive()) {
      if (sinceMs > 0) this.#spin.slept(nowMs - sinceMs);
      if (sinceMs > 0 && isSingle) this.#roundTrip(nowMs - sinceMs);
      this.#waitingSinceMs = this.#inFlight > 0 ? nowMs : 0;
    }
    this.#publish();
    this.#watch();
  };

  #budgetMs(): number {
    if (this.#rechecker.busyRings >= this.#cores) return WATCH_CROWDED_MS;
    return this.#spin.lookMs(this.#inFlight >= BATCH_MIN ? WATCH_BATCH_MS : WATCH_MS);
  }

  #publish(): void {
    if (this.#outbox.publish()) wake(this.#memory.words, WORKER_PARKED);
  }

  /** Delivers what the worker had published when this was called. Returns whether there was anything. */
  #receive(): boolean {
    if (this.#receiving || !this.#inbox.refresh()) return false;
    this.#receiving = true;
    try {
      for (let word = this.#inbox.next(); word >= 0; word = this.#inbox.next()) {
        this.#deliver(word);
        if (this.#state !== 'open') break;
        if (this.#inbox.releaseDue) this.#release();
      }
    } finally {
      this.#receiving = false;
      this.#release();
    }
    return true;
  }

  #release(): void {
    if (this.#inbox.release()) wakeForRoom(this.#memory.words, WORKER_PARKED);
  }

  #deliver(word: number): void {
    const { words } = this.#memory;
    const kind = records.kindOf(words[word + records.WORD_KIND] as number);
    const slot = words[word + records.WORD_SLOT] as number;
    let value: unknown;
    try {
      value = this.#inbox.value(word, records.HEADER_BYTES);
    } catch (cause) {
      return this.#fail(new MillraceError('ERR_PROTOCOL', 'a reply of the worker could not be rebuilt', { cause }));
    }
    if (kind === records.KIND_FRAME) return this.#handler.onFrame(value as WorkerFrame);
    this.#settled();
    if (kind === records.KIND_RESULT) this.#handler.onResult(slot, value);
    else this.#handler.onError(slot, value as ErrorRecord);
  }

  /** A task has left: answered or taken back. */
  #settled(): void {
    if (this.#inFlight === 0) return;
    this.#inFlight -= 1;
    if (this.#inFlight > 0) return;
    this.#waitingSinceMs = 0;
    this.#rechecker.busyRings -= 1;
  }

  #nameId(name: string): number {
    if (name === this.#lastName) return this.#lastNameId;
    const known = this.#names.of(name, this.#announce);
    // Past the table's limit one more id is given anew to each name: records keep their order.
    if (typeof known === 'string') this.#sendName(name, this.#namesSent);
    this.#lastName = name;
    this.#lastNameId = typeof known === 'string' ? this.#namesSent : known;
    return this.#lastNameId;
  }

  readonly #announce = (name: string): void => {
    this.#sendName(name, this.#namesSent);
    this.#namesSent += 1;
  };

  #sendName(name: string, id: number): void {
    this.#outbox.encode(name, undefined);
    this.#outbox.append(records.KIND_NAME, id);
  }

  #reportUnsent(): void {
    const unsent = this.#unsent;
    this.#unsent = [];
    for (const { slot, error } of unsent) this.#handler.onUnsent(slot, error);
  }

  /** Keeps the overflow in proportion to the tasks in flight, when a stuck worker's tasks are taken back again and again. */
  #forgetTakenBack(): void {
    if (this.#outbox.heldBytes > 0 && this.#takenBack.areFew(this.#inFlight)) return;
    this.#outbox.compact();
    this.#takenBack.clear();
  }

  /** What was flushed before `close` still leaves; the port closes after the last of it. */
  #closeWhenPublished(): void {
    do this.#publish();
    while (this.#outbox.heldBytes > 0 && !this.#park());
    if (this.#outbox.heldBytes === 0) this.#lane.close();
  }

  #fail(error: Error): void {
    this.#failure = error;
    this.#state = 'closing';
    this.#lane.close();
  }

  #onPortClosed(): void {
    if (this.#state === 'closed') return;
    if (this.#state === 'open') this.collect();
    this.#state = 'closed';
    if (this.#inFlight > 0) this.#rechecker.busyRings -= 1;
    this.#inFlight = 0;
    this.#parking.close();
    this.#handler.onClose(this.#failure);
  }
}
