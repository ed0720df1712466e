/**
 * What both ends of a stream have in common: frames out in batches, frames in, and one end of it all.
 *
 *     writer      [ frame ][ frame ][ frame…       one buffer for all frames of a batch; large buffers stand beside it as chunks of their own
 *     held        chunk, chunk, …                  flushed, while the socket takes no more; goes out at `drain`
 *     socket      its own buffer, the kernel's
 *
 * A limit of one socket for both directions: a write to a side that has died fails with EPIPE, and the host then drops what that side had sent
 * and nobody has read. Replies of a worker that dies may be lost while tasks are on their way to it; an orderly `close()` loses nothing.
 */
import type { Duplex } from 'node:stream';
import { MillraceError } from '../errors.js';
import { BULK_BYTES_MAX, Encoder, tooLarge } from './encoder.js';
import { BULK, FrameReader, HEADER_BYTES } from './stream-reader.js';

/** From this size on a buffer goes out as a chunk of its own and arrives in the memory it will live in. */
const BULK_BYTES_MIN = 64 * 1024;

/** What an end does with what comes in. */
export interface ConnectionHandler {
  /** An error it throws is a breach of protocol. Returns what to do with the frame, so that the user's code runs outside. */
  decode(type: number, bytes: Buffer, offset: number, length: number, bulks: readonly ArrayBuffer[]): () => void;
  onClose(error: Error | undefined): void;
}

export class StreamConnection {
  readonly #socket: Duplex;
  readonly #handler: ConnectionHandler;
  readonly #encoder: Encoder = new Encoder(BULK_BYTES_MIN);
  readonly #reader: FrameReader;
  #held: Uint8Array[] = [];
  #heldBytes = 0;
  /** The socket has said that it takes no more for now. */
  #isBlocked = false;
  #isAdding = false;
  #deferred: (() => void)[] = [];
  #isOpen = true;
  #isReported = false;

  constructor(socket: Duplex, handler: ConnectionHandler) {
    this.#socket = socket;
    this.#handler = handler;
    this.#reader = new FrameReader({
      onFrame: (type, bytes, offset, length, bulks) => this.#receive(type, bytes, offset, length, bulks),
      onNonsense: (what) => this.fail(protocolError(what)),
    });
    socket.on('data', (chunk: Buffer) => this.#reader.push(chunk));
    socket.on('drain', () => {
      this.#isBlocked = false;
      this.#pump();
    });
    socket.on('end', () => this.#ended());
    socket.on('close', () => this.#ended());
    socket.on('error', (error: Error) => this.#end(error));
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  /** Bytes that the other side has not been sent, as far as this side can know. */
  get bufferedBytes(): number {
    return this.#socket.destroyed ? 0 : this.#heldBytes + this.#socket.writableLength;
  }

  /**
   * Adds a frame to the batch; `write` fills in its payload.
   *
   * @throws what `write` throws, or an error of its own when the payload is too large; the batch is then as it was
   */
  add(type: number, write: (encoder: Encoder) => void): void {
    const encoder = this.#encoder;
    const { writer, bulks } = encoder;
    const mark = writer.length;
    this.#isAdding = true;
    try {
      writer.uint32(0);
      writer.uint8(type);
      write(encoder);
      const payloadBytes = writer.length - mark - HEADER_BYTES;
      if (payloadBytes > BULK_BYTES_MAX) throw tooLarge(payloadBytes);
      writer.setUint32(mark, payloadBytes + 1);
      if (bulks.length > 0) this.#holdBulks(writer.takeUpTo(mark), bulks);
    } catch (error) {
      writer.rollback(mark);
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

  /** Sends the batch, or holds it while the socket takes no more. */
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
    this.#socket.end();
    this.#socket.resume();
    queueMicrotask(() => this.#report(undefined));
  }

  fail(error: Error): void {
    this.#end(error);
  }

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

  /** The bulks of a frame go before it, after all frames before it. */
  #holdBulks(before: Buffer, bulks: readonly Uint8Array[]): void {
    this.#hold(before);
    for (const bulk of bulks) {
      const header = Buffer.allocUnsafe(HEADER_BYTES);
      header.writeUInt32LE(bulk.length + 1, 0);
      header[4] = BULK;
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
    const { writable } = this.#socket;
    if (this.#isBlocked || this.#held.length === 0 || !writable) return;
    const chunks = this.#held;
    this.#held = [];
    this.#heldBytes = 0;
    // Corked, so that all chunks leave in one system call.
    this.#socket.cork();
    for (const chunk of chunks) this.#isBlocked = !this.#socket.write(chunk);
    this.#socket.uncork();
  }

  #ended(): void {
    this.#end(this.#reader.isWithinFrame ? protocolError('an end in the middle of a frame') : undefined);
  }

  #end(error: Error | undefined): void {
    this.#isOpen = false;
    this.#reader.stop();
    this.#held = [];
    this.#heldBytes = 0;
    this.#socket.destroy();
    this.#report(error);
  }

  #report(error: Error | undefined): void {
    if (this.#isReported) return;
    this.#isReported = true;
    this.#handler.onClose(error);
  }
}

function protocolError(what: string, cause?: unknown): MillraceError {
  return new MillraceError('ERR_PROTOCOL', `the stream delivered ${what}`, { cause });
}
