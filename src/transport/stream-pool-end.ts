/** The pool's end of a stream. The protocol: `stream.ts`. */
import type { MillraceError } from '../errors.js';
import { Decoder, decodeValue } from './decoder.js';
import { PROCESS } from './encoder.js';
import { encodeError } from './error-encoder.js';
import type { ErrorRecord } from './error-record.js';
import { NameNumbers } from './name-numbers.js';
import type { CancelCode, PoolFrame, TaskFrame, WorkerFrame } from './protocol.js';
import { AreaReader, AreaWriter } from './stream-area.js';
import { StreamConnection } from './stream-connection.js';
import type { Streams } from './stream-connection.js';
import type { PoolControl } from './stream-control.js';
import { REPLIES, REQUESTS } from './stream-file.js';
import { ERROR, FRAME, NAME, RESULT, SERVED, TASK, undecodable, unknownType, VERDICT, writeTask } from './stream.js';
import type { PoolEnd, PoolEndHandler } from './transport.js';
import { uncloneableError } from './value-path.js';
import type { WorkerStatus } from './worker-status.js';

const SLOT_BYTES = 4;

/** Most tasks that are sent ahead (P): by then the way there and back has long been hidden. */
const PREFETCH_MAX = 512;

/** `streams` belong to the end; the file of `control` is its owner's to close, after the end of the worker. */
export function createStreamPoolEnd(streams: Streams, control: PoolControl, handler: PoolEndHandler): PoolEnd {
  return new StreamPoolEnd(streams, control, handler);
}

class StreamPoolEnd implements PoolEnd {
  readonly prefetchMax = PREFETCH_MAX;
  readonly #control: PoolControl;
  readonly #handler: PoolEndHandler;
  readonly #connection: StreamConnection;
  readonly #names: NameNumbers = new NameNumbers();
  /** Tasks whose service time is known, and their sum, since the last look at it. */
  #served = 0;
  #servedMs = 0;
  #unsent: { readonly slot: number; readonly error: MillraceError }[] = [];

  constructor(streams: Streams, control: PoolControl, handler: PoolEndHandler) {
    this.#control = control;
    this.#handler = handler;
    const { file } = control;
    const areas = { incoming: new AreaReader(file, REPLIES), outgoing: new AreaWriter(file, REQUESTS) };
    this.#connection = new StreamConnection(streams, areas, {
      decode: (type, bytes, offset, length, bulks) => this.#decode(type, bytes, offset, length, bulks),
      onClose: (error) => handler.onClose(error),
    });
    // Sockets and pipes have it; a stream without a handle keeps nothing alive.
    for (const stream of [streams.incoming, streams.outgoing]) (stream as { unref?: () => void }).unref?.();
  }

  get bufferedBytes(): number {
    return this.#connection.bufferedBytes;
  }

  sendTask(task: TaskFrame): void {
    if (!this.#connection.isOpen) return;
    if (this.#connection.isAdding) return this.#connection.defer(() => this.sendTask(task));
    const name = this.#names.of(task.name, (text) => this.#connection.add(NAME, ({ writer }) => writer.string(text)));
    const generation = this.#control.enqueue(task.slot);
    const epoch = this.#control.epoch(task.slot);
    try {
      this.#connection.add(TASK, (encoder) => writeTask(encoder, task, generation, epoch, name));
    } catch (cause) {
      this.#unsent.push({ slot: task.slot, error: uncloneableError(task.args, 'args', cause, PROCESS) });
    }
  }

  send(frame: PoolFrame): void {
    if (!this.#connection.isOpen) return;
    if (this.#connection.isAdding) return this.#connection.defer(() => this.send(frame));
    this.#connection.add(FRAME, (encoder) => encoder.write(frame));
  }

  flush(): void {
    if (this.#connection.isAdding) return;
    for (let unsent = this.#unsent; unsent.length > 0; unsent = this.#unsent) {
      this.#unsent = [];
      for (const { slot, error } of unsent) if (this.#connection.isOpen) this.#handler.onUnsent(slot, error);
    }
    this.#connection.flush();
  }

  revoke(slot: number): boolean {
    if (!this.#connection.isOpen || this.#connection.isAdding || this.#unsent.some((unsent) => unsent.slot === slot)) return false;
    const isTakenBack = this.#control.revoke(slot);
    this.#connection.add(VERDICT, ({ writer }) => {
      writer.uint32(slot);
      writer.uint32(this.#control.epoch(slot));
      writer.uint8(isTakenBack ? 1 : 0);
    });
    // The worker may be in doubt and wait for it.
    if (!isTakenBack) this.#connection.flush();
    return isTakenBack;
  }

  begun(slot: number): boolean {
    return this.#control.begun(slot);
  }

  linger(): void {}

  status(): WorkerStatus | undefined {
    return this.#control.status();
  }

  serviceMs(): number {
    const meanMs = this.#servedMs / this.#served;
    this.#servedMs = this.#served = 0;
    return meanMs;
  }

  collect(): void {
    this.#connection.collect();
  }

  setCancelled(slot: number, code: CancelCode): void {
    this.#control.setCancelled(slot, code);
  }

  close(): void {
    this.#connection.close();
  }

  #decode(type: number, bytes: Buffer, offset: number, length: number, bulks: readonly ArrayBuffer[]): () => void {
    const handler = this.#handler;
    if (type === FRAME) {
      const frame = decodeValue(bytes, offset, length, bulks) as WorkerFrame;
      return () => handler.onFrame(frame);
    }
    if (type === SERVED) return this.#decodeServed(new Decoder(bytes, offset, length));
    const slot = bytes.readUInt32LE(offset);
    if (type === ERROR) {
      const record = decodeValue(bytes, offset + SLOT_BYTES, length - SLOT_BYTES, bulks) as ErrorRecord;
      return () => handler.onError(slot, record);
    }
    if (type !== RESULT) throw unknownType(type);
    try {
      const value = decodeValue(bytes, offset + SLOT_BYTES, length - SLOT_BYTES, bulks);
      return () => handler.onResult(slot, value);
    } catch (cause) {
      return () => handler.onError(slot, encodeError(undecodable('result', cause)));
    }
  }

  #decodeServed(decoder: Decoder): () => void {
    this.#served += decoder.uint32();
    this.#servedMs += decoder.double();
    return () => undefined;
  }
}
