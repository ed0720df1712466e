/**
 * A thread worker among its siblings: offers them children when they are hungry, takes in what they answer, and takes theirs.
 *
 * What nobody wants stays a plain object: arguments become bytes only for a thread that has said it would take them. Offers that were in vain (we got there
 * first) make us wait longer with the next one, so a tree of tiny functions is not slowed down by a sibling that is always too late.
 */
import { MillraceError } from '../../../errors.js';
import { load } from '../../../runtime/atomics.js';
import { AWAKE, type BellLevel, type ForkArea, HUNGRY, HUNGRY_COUNT, JOINING, LISTENING, OFFERS } from '../../../shared/fork-join/fork-area.js';
import { ForkBell } from '../../../shared/fork-join/fork-bell.js';
import { ForkSeat } from '../../../shared/fork-join/fork-seat.js';
import { type Note, OfferChannel } from '../../../shared/fork-join/offer-channel.js';
import { OfferPayloads } from '../../../shared/fork-join/offer-payload.js';
import { DONE, FAILED as OFFER_FAILED, type ForkRoot, LOST, RETURNED, type Taken } from '../../../shared/fork-join/offers.js';
import type { CancelCode } from '../../../transport/protocol.js';
import { hostEventLoop } from '../../../transport/shared-ring/event-loop.js';
import { encodeError, reviveError } from '../../../transport/error-codec.js';
import type { ErrorRecord } from '../../../transport/error-record.js';
import { uncloneableError } from '../../../transport/value-path.js';
import { type Child, COMPLETED, FAILED, type Family } from './children.js';
import type { ForkJoin } from './fork-join.js';
import type { ForkHelpers } from './helpers.js';
import { OfferPause } from './offer-pause.js';
import { type ChildPayload, payloadOf, rootOf } from './stolen-frame.js';

/** What the owner's half needs of the thief's. */
export interface StolenWork {
  /** Children of others run here. */
  readonly isBusy: boolean;
  /** One of them was told to stop and does not know. */
  hasCancelled(): boolean;
  raiseCancelled(): void;
  /** Takes children while the worker is idle. */
  seek(): void;
}

export class ThreadForks implements ForkHelpers {
  readonly seat: ForkSeat;
  readonly bell: ForkBell;
  readonly #words: Int32Array;
  readonly #forks: ForkJoin;
  readonly #channel: OfferChannel;
  readonly #payloads: OfferPayloads;
  /** Our children on offer or away, by slot. */
  readonly #away: (Child | undefined)[] = Array.from({ length: OFFERS }, () => undefined);
  /** Those whose arguments others keep until they are told. */
  #sent = 0;
  #awayCount = 0;
  readonly #pause = new OfferPause(hostEventLoop);
  #isEager = false;
  #changed: () => void = () => undefined;
  stolen: StolenWork | undefined;

  constructor(area: ForkArea, seat: number, forks: ForkJoin) {
    this.seat = new ForkSeat(area, seat);
    this.#words = area.words;
    this.#forks = forks;
    this.#channel = new OfferChannel(area.channelName, seat, (note) => this.#onNote(note));
    this.#payloads = new OfferPayloads(this.seat, this.#channel);
    this.bell = new ForkBell(
      area,
      seat,
      (level, wants) => this.#hasNews(level, wants),
      () => this.#onRung(),
    );
  }

  // Giving.

  offer(family: Family): void {
    const hungry = load(this.#words, HUNGRY_COUNT);
    if (this.#isEager || hungry !== 0) this.#offerOldest(family, hungry);
  }

  takeBack(child: Child): boolean {
    const slot = child.offer;
    if (!this.seat.takeBack(slot)) {
      this.#taken();
      this.#takeIn(slot, child);
      return false;
    }
    this.#isEager = false;
    this.#pause.inVain();
    this.#forget(slot);
    child.family.returned(child);
    return true;
  }

  cancel(child: Child, code: CancelCode): void {
    this.seat.cancel(child.offer, code);
  }

  /** @param hungryMax how many are hungry, those included that would not take a child of this task */
  #offerOldest(family: Family, hungryMax: number): void {
    // We are at work, whatever our bell says.
    if (this.bell.level >= JOINING) this.rest();
    if (!this.#pause.isOver()) return;
    const open = this.seat.openOffers();
    const spare = this.#isEager ? 1 : 0;
    if (open >= hungryMax + spare) return;
    const root = rootOf(family, this.seat.seat);
    const wanted = spare + (hungryMax === 0 ? 0 : this.seat.countHungry(root.key));
    if (wanted === 0) this.#pause.unwanted();
    for (let count = open; count < wanted; count += 1) {
      const child = family.oldest;
      if (child === undefined || child.homebound || !this.#publish(child, root)) return;
    }
  }

  /** Somebody has taken a child of ours: the next one shall lie ready before they ask, since we may be in the middle of something when they do. */
  #taken(): void {
    this.#isEager = true;
    this.#pause.taken();
  }

  #publish(child: Child, root: ForkRoot): boolean {
    const { seat } = this;
    const slot = seat.reserve();
    if (slot < 0) return false;
    const word = seat.wordOf(slot);
    try {
      this.#payloads.write({ seat: seat.seat, slot, generation: seat.nextGeneration(slot), word, outcome: false }, payloadOf(child));
    } catch {
      // It runs here, where its arguments are.
      child.homebound = true;
      seat.unreserve(slot);
      return false;
    }
    if (this.#payloads.wasSent(word)) this.#sent |= 1 << slot;
    child.offer = slot;
    child.family.sent(child);
    this.#away[slot] = child;
    this.#awayCount += 1;
    seat.publish(slot, root);
    while (this.bell.level === AWAKE && !this.bell.set(LISTENING)) this.collect();
    seat.ringHungry(root.key);
    return true;
  }

  // Taking in.

  collect(): void {
    for (let slot = 0; slot < OFFERS; slot += 1) {
      const child = this.#away[slot];
      if (child !== undefined) this.#takeIn(slot, child);
    }
    this.stolen?.raiseCancelled();
  }

  #takeIn(slot: number, child: Child): void {
    const state = this.seat.stateOf(slot);
    if (state < DONE) return;
    this.#taken();
    // What it has said before it ended comes before its end.
    this.#channel.receiveAll();
    const outcome = state === DONE || state === OFFER_FAILED ? this.#read(slot, state === DONE) : undefined;
    this.seat.release(slot);
    this.#forget(slot);
    if (state === RETURNED) return child.family.returned(child);
    if (outcome?.ok === true) child.settle(COMPLETED, outcome.value);
    else child.settle(FAILED, state === LOST ? lostError(child.name) : outcome?.value);
    child.family.arrived(child);
  }

  #read(slot: number, ok: boolean): { readonly ok: boolean; readonly value: unknown } {
    const { seat } = this;
    try {
      const value = this.#payloads.read({ seat: seat.seat, slot, generation: seat.generation(slot), word: seat.wordOf(slot), outcome: true });
      return { ok, value: ok ? value : reviveError(value as ErrorRecord, []) };
    } catch (cause) {
      return { ok: false, value: new MillraceError('ERR_PROTOCOL', 'the outcome of a forked child could not be rebuilt', { cause }) };
    }
  }

  #forget(slot: number): void {
    const bit = 1 << slot;
    if ((this.#sent & bit) !== 0) this.#channel.drop(this.seat.seat, slot, this.seat.generation(slot));
    this.#sent &= ~bit;
    this.#away[slot] = undefined;
    this.#awayCount -= 1;
  }

  // Taking.

  takeOther(family: Family): Child | undefined {
    const taken = this.seat.take(rootOf(family, this.seat.seat).key);
    if (taken === undefined) return undefined;
    const payload = this.open(taken);
    if (payload === undefined) return undefined;
    const [name, args] = payload;
    return this.#forks.adopt(name, args, family, (child) => this.answer(taken, child.state === COMPLETED, child.outcome));
  }

  /** The child that was taken; `undefined` when it must not be run. */
  open(taken: Taken): ChildPayload | undefined {
    let payload: ChildPayload;
    try {
      payload = this.#payloads.read({ ...taken, outcome: false }) as ChildPayload;
    } catch (cause) {
      if (this.seat.begin(taken))
        this.answer(taken, false, new MillraceError('ERR_PROTOCOL', 'the arguments of a forked child could not be rebuilt', { cause }));
      return undefined;
    }
    return this.seat.begin(taken) ? payload : undefined;
  }

  /** The child that was taken has its outcome. */
  answer(taken: Taken, ok: boolean, outcome: unknown): void {
    const place = { ...taken, outcome: true };
    if (ok) {
      try {
        this.#payloads.write(place, outcome);
        return this.seat.finish(taken, DONE);
      } catch (cause) {
        outcome = uncloneableError(outcome, 'result', cause);
      }
    }
    this.#payloads.write(place, encodeError(outcome));
    this.seat.finish(taken, OFFER_FAILED);
  }

  /** Tells the task that a child belongs to something, wherever it runs. @throws what the clone throws */
  note({ key, seat }: ForkRoot, kind: string, content: unknown): void {
    // The channel does not bring a thread its own messages.
    if (seat === this.seat.seat) this.#onNote({ type: 'note', seat, key, kind, content });
    else this.#channel.note(seat, key, kind, content);
  }

  #onNote({ key, kind, content }: Note): void {
    const parent = this.#forks.parentOf((family) => rootOf(family, this.seat.seat).key === key && rootOf(family, this.seat.seat).seat === this.seat.seat);
    if (parent === undefined) return;
    if (kind === 'progress') parent.progress(content);
    else {
      const { level, message, fields } = content as { level: keyof typeof parent.log; message: string; fields: Record<string, unknown> | undefined };
      parent.log[level](message, fields);
    }
  }

  // Sleeping.

  listen(family: Family, changed: () => void): boolean {
    this.#changed = changed;
    return this.bell.set(JOINING, rootOf(family, this.seat.seat).key);
  }

  /** The bell of a worker that has something to do. */
  rest(): void {
    const level = this.#awayCount > 0 || this.stolen?.isBusy === true ? LISTENING : AWAKE;
    while (!this.bell.set(level)) this.collect();
  }

  #hasNews(level: BellLevel, wants: number): boolean {
    if (this.seat.hasOutcome() || this.stolen?.hasCancelled() === true) return true;
    return level >= JOINING && this.seat.sees(level === HUNGRY ? 0 : wants);
  }

  #onRung(): void {
    this.collect();
    this.rest();
    this.#changed();
    this.stolen?.seek();
  }
}

function lostError(name: string): MillraceError {
  return new MillraceError('ERR_WORKER_CRASHED', `the worker that ran the forked child ${name} died; the child may have had effects`);
}
