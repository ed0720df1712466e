/**
 * What both ends of a stream have in common: frames out in batches, frames in, and one end of it all.
 *
 *     writer      [ frame ][ frame ][ frame…       one buffer for all frames of a batch
 *     bulks       area of the shared file          or, where that has no room, chunks of their own between the frames
 *     held        chunk, chunk, …                  flushed, while the outgoing stream takes no more; goes out at `drain`
 *     outgoing    its own buffer, the kernel's
 *
 * Each direction has a stream of its own: a write to a side that has died must not cost what that side had said before. So the incoming stream tells
 * when a connection has ended, and it is read to its end even if nothing can be written any more.
 */
import type { Readable, Writable } from 'node:stream';
import { MillraceError } from '../errors.js';
import { BULK_BYTES_MAX, Encoder, keepCopy, tooLarge } from './encoder.js';
import type { AreaReader, AreaWriter, Placed } from './stream-area.js';
import { takeArrived } from './stream-arrivals.js';
import { BULK, FrameReader, HEADER_BYTES, PLACED, PLACED_BYTES } from './stream-reader.js';
import { clearTimeout, setTimeout, soon } from '../runtime/host-timers.js';

/** From this size on a buffer goes beside its frame, and arrives in the memory it will live in (P). */
const BULK_BYTES_MIN = 16 * 1024;

/** Bytes that are taken in at once between turns of the event loop. */
const COLLECT_BYTES = 64 * 1024;

const PLACED_FRAME_BYTES = HEADER_BYTES + PLACED_BYTES;

/** Longest wait for the end of what comes in, once nothing can be sent any more, in ms (P). */
const DEAF_MS_MAX = 1_000;

/** One for each direction; nobody else may read from or write to them. */
export interface Streams {
  readonly incoming: Readable;
  readonly outgoing: Writable;
}

/** Where large buffers of each direction cross. */
export interface Areas {
  readonly incoming: AreaReader;
  readonly outgoing: AreaWriter;
}

/** What an end does with what comes in. */
export interface ConnectionHandler {
  /** An error it throws is a breach of protocol. Returns what to do with the frame, so that the user's code runs outside. */
  decode(type: number, bytes: Buffer, offset: number, length: number, bulks: readonly ArrayBuffer[]): () => void;
  onClose(error: Error | undefined): void;
}

/** Bytes beside a frame: in the area, or a copy. */
export type Bulk = Uint8Array | Placed;

export class StreamConnection {
  readonly #incoming: Readable;
  readonly #outgoing: Writable;
  readonly #areas: Areas;
  readonly #handler: ConnectionHandler;
  readonly #encoder: Encoder<Bulk>;
  readonly #reader: FrameReader;
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  /** The outgoing stream has said that it takes no more for now. */
  #isBlocked = false;
  #isAdding = false;
  #isReading = false;
  #deferred: (() => void)[] = [];
  #isOpen = true;
  #isReported = false;
  #deafTimer: NodeJS.Timeout | undefined;

  constructor({ incoming, outgoing }: Streams, areas: Areas, handler: ConnectionHandler) {
    this.#incoming = incoming;
    this.#outgoing = outgoing;
    this.#areas = areas;
    this.#handler = handler;
    this.#encoder = new Encoder<Bulk>(BULK_BYTES_MIN, (bytes, isOwn) => areas.outgoing.write(bytes) ?? keepCopy(bytes, isOwn));
    this.#reader = new FrameReader({
      onFrame: (type, bytes, offset, length, bulks) => this.#receive(type, bytes, offset, length, bulks),
      onPlaced: (position, byteLength) => areas.incoming.read(position, byteLength),
      onNonsense: (what) => this.fail(protocolError(what)),
    });
    this.#listen();
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Bytes that the other side has not been sent, as far as this side can know. */
  get bufferedBytes(): number {
    return this.#outgoing.destroyed ? 0 : this.#heldBytes + this.#outgoing.writableLength;
  }

  /**
   * Adds a frame to the batch; `write` fills in its payload.
   *
   * @throws what `write` throws, or an error of its own when the payload is too large; the batch is then as it was
   */
  add(type: number, write: (encoder: Encoder<Bulk>) => void): void {
    const encoder = this.#encoder;
    const { writer, bulks } = encoder;
    const mark = writer.length;
    const { tail } = this.#areas.outgoing;
    this.#isAdding = true;
    try {
      writer.uint32(0);
      writer.uint8(type);
      write(encoder);
      const payloadBytes = writer.length - mark - HEADER_BYTES;
      if (payloadBytes > BULK_BYTES_MAX) throw tooLarge(payloadBytes);
      writer.setUint32(mark, payloadBytes + 1);
      if (this.#areas.outgoing.tail !== tail) this.#areas.outgoing.rollback(endOfLast(bulks, tail));
      if (bulks.length > 0) this.#putBulks(bulks, mark);
    } catch (error) {
      writer.rollback(mark);
      this.#areas.outgoing.rollback(tail);
      throw error;
    } finally {
      this.#isAdding = false;
      bulks.length = 0;
      if (this.#deferred.length > 0) this.#runDeferred();
    }
  }

  /** A frame is being written. User code may run in the middle of it (getters): what that sends must `defer`, and does not flush. */
  get isAdding(): boolean {
    return this.#isAdding;
  }

  /** Calls `send` once the frame that is being written is complete. */
  defer(send: () => void): void {
    this.#deferred.push(send);
  }

  /** Sends the batch, or holds it while the outgoing stream takes no more. */
  flush(): void {
    if (!this.#isOpen) return;
    this.#hold(this.#encoder.writer.take());
    this.#pump();
  }

  /** Sends what was flushed, takes and reports nothing more. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#reader.stop();
    this.#isBlocked = false;
    this.#pump();
    this.#outgoing.end();
    this.#incoming.resume();
    soon(() => this.#report(undefined));
  }

  /** Takes in what has arrived, without waiting for a turn of the event loop. */
  collect(): void {
    if (this.#isOpen && !this.#isReading) takeArrived(this.#incoming, Buffer.allocUnsafe(COLLECT_BYTES), this.#read);
  }

  fail(error: Error): void {
    this.#end(error);
  }

  #listen(): void {
    const incoming = this.#incoming;
    const outgoing = this.#outgoing;
    incoming.on('data', this.#read);
    incoming.on('end', () => this.#ended());
    incoming.on('close', () => this.#ended());
    incoming.on('error', (error: Error) => this.#end(error));
    outgoing.on('drain', () => {
      this.#isBlocked = false;
      this.#pump();
    });
    outgoing.on('error', (error: Error) => this.#cannotSend(error));
    outgoing.on('close', () => this.#cannotSend(undefined));
  }

  readonly #read = (chunk: Buffer): void => {
    this.#isReading = true;
    try {
      this.#reader.push(chunk);
    } finally {
      this.#isReading = false;
    }
    this.#areas.incoming.release();
  };

  #runDeferred(): void {
    const deferred = this.#deferred;
    this.#deferred = [];
    for (const send of deferred) send();
  }

  #receive(type: number, bytes: Buffer, offset: number, length: number, bulks: readonly ArrayBuffer[]): void {
    let act: () => void;
    try {
      act = this.#handler.decode(type, bytes, offset, length, bulks);
    } catch (cause) {
      this.fail(protocolError(`a frame of type ${type} that cannot be decoded`, cause));
      return;
    }
    act();
  }

  /** The bulks of the frame at the mark go before it, after all frames before it. */
  #putBulks(bulks: readonly Bulk[], mark: number): void {
    const { writer } = this.#encoder;
    if (bulks.every(isPlaced)) {
      let at = writer.insert(mark, bulks.length * PLACED_FRAME_BYTES);
      for (const bulk of bulks) at = putPlaced(writer.bytes, at, bulk);
      return;
    }
    this.#hold(writer.takeUpTo(mark));
    for (const bulk of bulks) this.#holdBulk(bulk);
  }

  #holdBulk(bulk: Bulk): void {
    if (isPlaced(bulk)) {
      const frame = Buffer.allocUnsafe(PLACED_FRAME_BYTES);
      putPlaced(frame, 0, bulk);
      this.#hold(frame);
    } else {
      const header = Buffer.allocUnsafe(HEADER_BYTES);
      putHeader(header, 0, BULK, bulk.length);
      this.#hold(header);
      this.#hold(bulk);
    }
  }

  #hold(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.#held.push(chunk);
    this.#heldBytes += chunk.length;
  }

  #pump(): void {
    const { writable } = this.#outgoing;
    if (this.#isBlocked || this.#held.length === 0 || !writable) return;
    const chunks = this.#held;
    this.#held = [];
    this.#heldBytes = 0;
    // Corked, so that all chunks leave in one system call.
    this.#outgoing.cork();
    for (const chunk of chunks) this.#isBlocked = !this.#outgoing.write(chunk);
    this.#outgoing.uncork();
  }

  /** The other side no longer listens. What it has said is heard to the end, which comes soon unless it is out of its mind. */
  #cannotSend(error: Error | undefined): void {
    this.#dropHeld();
    if (!this.#isOpen || this.#deafTimer !== undefined || this.#incoming.destroyed) return;
    this.#deafTimer = setTimeout(() => this.#end(error), DEAF_MS_MAX).unref();
  }

  #ended(): void {
    this.#end(this.#reader.isWithinFrame ? protocolError('an end in the middle of a frame') : undefined);
  }

  #end(error: Error | undefined): void {
    this.#isOpen = false;
    this.#reader.stop();
    this.#dropHeld();
    clearTimeout(this.#deafTimer);
    this.#incoming.destroy();
    this.#outgoing.destroy();
    this.#report(error);
  }

  #dropHeld(): void {
    this.#held = [];
    this.#heldBytes = 0;
  }

  #report(error: Error | undefined): void {
    if (this.#isReported) return;
    this.#isReported = true;
    this.#handler.onClose(error);
  }
}

function isPlaced(bulk: Bulk): bulk is Placed {
  return 'position' in bulk;
}

/** Both return where to go on. */
function putHeader(bytes: Buffer, at: number, type: number, payloadBytes: number): number {
  bytes.writeUInt32LE(payloadBytes + 1, at);
  bytes[at + 4] = type;
  return at + HEADER_BYTES;
}

function putPlaced(bytes: Buffer, at: number, { position, byteLength }: Placed): number {
  const payloadAt = putHeader(bytes, at, PLACED, PLACED_BYTES);
  bytes.writeDoubleLE(position, payloadAt);
  bytes.writeUInt32LE(byteLength, payloadAt + 8);
  return payloadAt + PLACED_BYTES;
}

/** Where the last of what is announced ends: what was written after it belongs to no value. */
function endOfLast(bulks: readonly Bulk[], tail: number): number {
  const last = bulks.findLast(isPlaced);
  return last === undefined ? tail : last.position + last.byteLength;
}

function protocolError(what: string, cause?: unknown): MillraceError {
  return new MillraceError('ERR_PROTOCOL', `the stream delivered ${what}`, { cause });
}
