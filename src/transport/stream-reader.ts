/**
 * Cuts a byte stream into frames.
 *
 *     u32 length of type and payload | u8 type | payload          little-endian
 *
 * A frame that lies within one chunk is handed over where it lies; one that arrives in pieces is gathered in a buffer of its own size. Bulk frames
 * (large runs of bytes that belong to the next frame) are gathered in the very buffer that the value will own; placed frames say where such a run lies
 * (position, length). No payload is larger than a bulk may be.
 */

import { BULK_BYTES_MAX } from './encoder.js';

export const HEADER_BYTES = 5;

/** The frame types of bulk; all others are the reader's user's. */
export const BULK = 0;
export const PLACED = 255;

/** `f64` position, `u32` length. */
export const PLACED_BYTES = 12;

/** Bulk frames that may come before the frame they belong to. */
const BULKS_MAX = 64;

export interface FrameHandler {
  /** `bytes` are only valid during the call, `bulks` may be kept. */
  onFrame(type: number, bytes: Buffer, offset: number, length: number, bulks: readonly ArrayBuffer[]): void;
  /** The bulk of a placed frame. An error it throws is nonsense. */
  onPlaced(position: number, byteLength: number): ArrayBuffer;
  /** The stream does not hold frames. The reader takes no more chunks. */
  onNonsense(what: string): void;
}

export class FrameReader {
  readonly #handler: FrameHandler;
  readonly #header: Buffer = Buffer.alloc(HEADER_BYTES);
  #headerLength = 0;
  /** The payload that is being gathered. */
  #payload: Buffer | undefined;
  #payloadLength = 0;
  #type = 0;
  #bulks: ArrayBuffer[] = [];
  #isStopped = false;

  constructor(handler: FrameHandler) {
    this.#handler = handler;
  }

  /** Whether a frame has begun and not ended. */
  get isWithinFrame(): boolean {
    return this.#headerLength > 0 || this.#payload !== undefined || this.#bulks.length > 0;
  }

  /** No frame is handed over any more, not even of the chunk at hand. */
  stop(): void {
    this.#isStopped = true;
    this.#payload = undefined;
    this.#bulks = [];
  }

  push(chunk: Buffer): void {
    let position = 0;
    while (position < chunk.length && !this.#isStopped) {
      position = this.#payload === undefined ? this.#readHeader(chunk, position) : this.#gather(chunk, position);
    }
  }

  #readHeader(chunk: Buffer, position: number): number {
    if (this.#headerLength === 0 && chunk.length - position >= HEADER_BYTES) return this.#begin(chunk, position, chunk, position + HEADER_BYTES);
    const count = Math.min(HEADER_BYTES - this.#headerLength, chunk.length - position);
    chunk.copy(this.#header, this.#headerLength, position, position + count);
    this.#headerLength += count;
    if (this.#headerLength < HEADER_BYTES) return position + count;
    this.#headerLength = 0;
    return this.#begin(this.#header, 0, chunk, position + count);
  }

  /** Hands over the payload at `position` if it is all there, or makes ready to gather it. Returns where to go on. */
  #begin(header: Buffer, headerAt: number, chunk: Buffer, position: number): number {
    const length = header.readUInt32LE(headerAt) - 1;
    const type = header[headerAt + 4] as number;
    if (length < 0 || length > BULK_BYTES_MAX) return this.#refuse(`a frame of ${length} bytes`);
    if ((type === BULK || type === PLACED) && this.#bulks.length >= BULKS_MAX) return this.#refuse('too many bulk frames for one frame');
    if (type !== BULK && chunk.length - position >= length) {
      this.#handOver(type, chunk, position, length);
      return position + length;
    }
    this.#type = type;
    this.#payload = Buffer.allocUnsafeSlow(length);
    this.#payloadLength = 0;
    return this.#gather(chunk, position);
  }

  #gather(chunk: Buffer, position: number): number {
    const payload = this.#payload as Buffer;
    const count = Math.min(payload.length - this.#payloadLength, chunk.length - position);
    chunk.copy(payload, this.#payloadLength, position, position + count);
    this.#payloadLength += count;
    if (this.#payloadLength === payload.length) {
      this.#payload = undefined;
      if (this.#type === BULK) this.#bulks.push(payload.buffer as ArrayBuffer);
      else this.#handOver(this.#type, payload, 0, payload.length);
    }
    return position + count;
  }

  #handOver(type: number, bytes: Buffer, offset: number, length: number): void {
    if (type === PLACED) return this.#fetch(bytes, offset, length);
    const bulks = this.#bulks;
    if (bulks.length > 0) this.#bulks = [];
    this.#handler.onFrame(type, bytes, offset, length, bulks);
  }

  #fetch(bytes: Buffer, offset: number, length: number): void {
    if (length !== PLACED_BYTES) return void this.#refuse('a placed frame of another length');
    try {
      this.#bulks.push(this.#handler.onPlaced(bytes.readDoubleLE(offset), bytes.readUInt32LE(offset + 8)));
    } catch {
      this.#refuse('a large value that is not where it should be');
    }
  }

  #refuse(what: string): number {
    this.stop();
    this.#handler.onNonsense(what);
    return Infinity;
  }
}
