/** Values in and out of offers: as bytes in the offer where they are short, by the channel otherwise. */
import { decodeValue, Encoder } from '../../transport/codec.js';
import { PAYLOAD_BYTES } from './fork-area.js';
import type { ForkSeat } from './fork-seat.js';
import type { OfferChannel } from './offer-channel.js';

const INLINE = 1;
/** The bytes are in shared memory of their own, sent by the channel. */
const BYTES_SENT = 2;
/** The value itself was sent by the channel. */
const VALUE_SENT = 3;

/** Which payload: that of an offer's owner, or that of its thief. */
export interface PayloadPlace {
  readonly seat: number;
  readonly slot: number;
  readonly generation: number;
  readonly word: number;
  readonly outcome: boolean;
}

export class OfferPayloads {
  readonly #seat: ForkSeat;
  readonly #channel: OfferChannel;
  readonly #encoder = new Encoder();

  constructor(seat: ForkSeat, channel: OfferChannel) {
    this.#seat = seat;
    this.#channel = channel;
  }

  /** Writes the value. @throws what the clone throws when it cannot cross */
  write(place: PayloadPlace, value: unknown): void {
    const bytes = this.#encode(value);
    if (bytes === undefined) {
      this.#send(place, value);
      return this.#seat.setForm(place.word, VALUE_SENT, 0);
    }
    if (bytes.length <= PAYLOAD_BYTES) {
      const { area } = this.#seat;
      area.bytes.set(bytes, area.payloadByte(place.word));
      return this.#seat.setForm(place.word, INLINE, bytes.length);
    }
    const memory = new Uint8Array(new SharedArrayBuffer(bytes.length));
    memory.set(bytes);
    this.#send(place, memory);
    this.#seat.setForm(place.word, BYTES_SENT, bytes.length);
  }

  /** Reads it: once. */
  read(place: PayloadPlace): unknown {
    const { seat, slot, generation, word, outcome } = place;
    const form = this.#seat.form(word);
    const length = this.#seat.length(word);
    if (form === INLINE) return decodeValue(this.#seat.area.bytes, this.#seat.area.payloadByte(word), length);
    const sent = this.#channel.take(seat, slot, generation, outcome);
    return form === VALUE_SENT ? sent : decodeValue(Buffer.from(sent as Uint8Array), 0, length);
  }

  /** Whether others were sent something for this offer, which they keep until they are told. */
  wasSent(word: number): boolean {
    return this.#seat.form(word) !== INLINE;
  }

  #send({ seat, slot, generation, outcome }: PayloadPlace, value: unknown): void {
    this.#channel.send(seat, slot, generation, outcome, value);
  }

  /** `undefined` when bytes cannot carry it. */
  #encode(value: unknown): Uint8Array | undefined {
    try {
      return this.#encoder.encode(value);
    } catch {
      return undefined;
    }
  }
}
