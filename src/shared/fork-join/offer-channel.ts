/**
 * What does not fit into shared memory on its way between the threads of one fork area: long payloads, and values that only a clone can carry (shared
 * memory above all). Everybody gets every message; most messages are of no use to most, so they are few.
 *
 * A message is posted before the word that makes its offer known is stored, so it is there when somebody asks for it: `take` looks in the mail by
 * itself, without a turn of the event loop.
 */
import type { BroadcastChannel } from 'node:worker_threads';
import { MillraceError } from '../../errors.js';

/** Not imported by name: a runtime that lacks one of them must be able to load this all the same. */
const threads = process.getBuiltinModule('node:worker_threads');

/** A payload of one offer: the arguments that its owner wrote, or the outcome that its thief did. */
interface Parcel {
  readonly type: 'parcel';
  readonly seat: number;
  readonly slot: number;
  readonly generation: number;
  readonly outcome: boolean;
  /** `undefined`: what was sent for this offer is no longer needed. */
  readonly content: { readonly value: unknown } | undefined;
}

/** Something for one task, from a child of its that runs elsewhere. */
export interface Note {
  readonly type: 'note';
  /** Seat and key of the task. */
  readonly seat: number;
  readonly key: number;
  readonly kind: string;
  readonly content: unknown;
}

export class OfferChannel {
  readonly #channel: BroadcastChannel;
  readonly #seat: number;
  readonly #onNote: (note: Note) => void;
  /** By seat, slot and direction: bounded by the number of offers. */
  readonly #parcels = new Map<string, Parcel>();

  /** @param onNote called for notes to this seat */
  constructor(name: string, seat: number, onNote: (note: Note) => void) {
    this.#seat = seat;
    this.#onNote = onNote;
    this.#channel = new threads.BroadcastChannel(name);
    const events = this.#channel as unknown as EventTarget;
    events.addEventListener('message', (event) => this.#receive((event as unknown as { readonly data: Parcel | Note }).data));
    this.#channel.unref();
  }

  /** Sends a payload. @throws what the clone throws when the value cannot cross */
  send(seat: number, slot: number, generation: number, outcome: boolean, value: unknown): void {
    this.#post({ type: 'parcel', seat, slot, generation, outcome, content: { value } });
  }

  /** Nobody needs the payload of this offer any more. */
  drop(seat: number, slot: number, generation: number): void {
    this.#post({ type: 'parcel', seat, slot, generation, outcome: false, content: undefined });
  }

  /** The payload of an offer that is known to have been sent. */
  take(seat: number, slot: number, generation: number, outcome: boolean): unknown {
    const key = keyOf(seat, slot, outcome);
    for (;;) {
      const parcel = this.#parcels.get(key);
      if (parcel?.generation === generation && parcel.content !== undefined) {
        this.#parcels.delete(key);
        return parcel.content.value;
      }
      if (!this.#receiveOne()) throw new MillraceError('ERR_PROTOCOL', 'a value of a forked child did not arrive');
    }
  }

  /** @throws what the clone throws when the content cannot cross */
  note(seat: number, key: number, kind: string, content: unknown): void {
    this.#post({ type: 'note', seat, key, kind, content });
  }

  /** Hands over everything that has arrived. */
  receiveAll(): void {
    while (this.#receiveOne());
  }

  close(): void {
    this.#channel.close();
  }

  #post(message: Parcel | Note): void {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- that is for windows
    this.#channel.postMessage(message);
  }

  #receiveOne(): boolean {
    const received = threads.receiveMessageOnPort(this.#channel as unknown as Parameters<typeof threads.receiveMessageOnPort>[0]) as
      | { readonly message: Parcel | Note }
      | undefined;
    if (received !== undefined) this.#receive(received.message);
    return received !== undefined;
  }

  #receive(message: Parcel | Note): void {
    if (message.type === 'note') {
      if (message.seat === this.#seat) this.#onNote(message);
    } else if (message.content === undefined) {
      for (const outcome of [false, true]) this.#parcels.delete(keyOf(message.seat, message.slot, outcome));
    } else if (!message.outcome || message.seat === this.#seat) this.#parcels.set(keyOf(message.seat, message.slot, message.outcome), message);
  }
}

function keyOf(seat: number, slot: number, outcome: boolean): string {
  return `${seat} ${slot} ${outcome}`;
}
