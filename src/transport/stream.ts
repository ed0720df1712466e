/**
 * The transport of processes: length-prefixed frames over a byte stream, values by the codec (`codec.ts`).
 *
 *     to the worker    NAME: name                      TASK: slot, sequence, attempt, flags, deadline, name, correlation id, args      FRAME: frame
 *     to the pool      RESULT: slot, value             ERROR: slot, record                                                             FRAME: frame
 *
 * Functions are named by number once announced (`name-numbers.ts`). Framing: `stream-reader.ts`; batches, backpressure and the end of the
 * connection: `stream-connection.ts`. Nothing is transferred: values are copied.
 *
 * The pool's end does not keep its process alive; the worker's end does.
 */
import type { Duplex } from 'node:stream';
import { MillraceError, ValueError } from '../errors.js';
import type { ControlBlock } from './control-block.js';
import { Decoder, decodeValue } from './decoder.js';
import { type Encoder, PROCESS } from './encoder.js';
import { encodeError } from './error-encoder.js';
import type { ErrorRecord } from './error-record.js';
import { NameNumbers } from './name-numbers.js';
import type { CancelCode, PoolFrame, TaskFrame, WorkerFrame } from './protocol.js';
import { StreamConnection } from './stream-connection.js';
import type { PoolEnd, PoolEndHandler, WorkerEnd, WorkerEndHandler } from './transport.js';
import { uncloneableError } from './value-path.js';

const NAME = 1;
const TASK = 2;
const FRAME = 3;
const RESULT = 4;
const ERROR = 5;

/** In place of a name's number: the name itself follows. */
const UNNUMBERED = 0xffff_ffff;

const SLOT_BYTES = 4;

/** The pool's end over `socket`, which nobody else may read from or write to. */
export function createStreamPoolEnd(socket: Duplex, control: ControlBlock, handler: PoolEndHandler): PoolEnd {
  return new StreamPoolEnd(socket, control, handler);
}

/** The worker's end over `socket`, which nobody else may read from or write to. */
export function createStreamWorkerEnd(socket: Duplex, control: ControlBlock, handler: WorkerEndHandler): WorkerEnd {
  return new StreamWorkerEnd(socket, control, handler);
}

class StreamPoolEnd implements PoolEnd {
  /** Nobody can see into the messages on their way: every task sent counts as begun. */
  readonly prefetchMax = 0;
  readonly #control: ControlBlock;
  readonly #handler: PoolEndHandler;
  readonly #connection: StreamConnection;
  readonly #names: NameNumbers = new NameNumbers();
  #unsent: { readonly slot: number; readonly error: MillraceError }[] = [];

  constructor(socket: Duplex, control: ControlBlock, handler: PoolEndHandler) {
    this.#control = control;
    this.#handler = handler;
    this.#connection = new StreamConnection(socket, {
      decode: (type, bytes, offset, length, bulks) => this.#decode(type, bytes, offset, length, bulks),
      onClose: (error) => handler.onClose(error),
    });
    // Sockets and pipes have it; a stream without a handle keeps nothing alive.
    (socket as { unref?: () => void }).unref?.();
  }

  get bufferedBytes(): number {
    return this.#connection.bufferedBytes;
  }

  sendTask(task: TaskFrame): void {
    if (!this.#connection.isOpen) return;
    if (this.#connection.isAdding) return this.#connection.defer(() => this.sendTask(task));
    const name = this.#names.of(task.name, (text) => this.#connection.add(NAME, ({ writer }) => writer.string(text)));
    try {
      this.#connection.add(TASK, (encoder) => writeTask(encoder, task, name));
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

  revoke(): boolean {
    return false;
  }

  begun(): boolean {
    return true;
  }

  serviceMs(): number {
    return NaN;
  }

  collect(): void {}

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
}

/** What could not be sent: a result or a frame. */
type Unsent =
  | { readonly frame: undefined; readonly slot: number; readonly error: MillraceError }
  | { readonly frame: WorkerFrame; readonly error: MillraceError };

class StreamWorkerEnd implements WorkerEnd {
  readonly #control: ControlBlock;
  readonly #handler: WorkerEndHandler;
  readonly #connection: StreamConnection;
  readonly #names: string[] = [];
  #unsent: Unsent[] = [];

  constructor(socket: Duplex, control: ControlBlock, handler: WorkerEndHandler) {
    this.#control = control;
    this.#handler = handler;
    this.#connection = new StreamConnection(socket, {
      decode: (type, bytes, offset, length, bulks) => this.#decode(type, bytes, offset, length, bulks),
      onClose: (error) => handler.onClose(error),
    });
  }

  sendResult(slot: number, value: unknown): void {
    if (!this.#connection.isOpen) return;
    if (this.#connection.isAdding) return this.#connection.defer(() => this.sendResult(slot, value));
    try {
      this.#connection.add(RESULT, (encoder) => writeSlotAndValue(encoder, slot, value));
    } catch (cause) {
      this.#unsent.push({ frame: undefined, slot, error: uncloneableError(value, 'result', cause, PROCESS) });
    }
  }

  sendError(slot: number, error: ErrorRecord): void {
    if (!this.#connection.isOpen) return;
    if (this.#connection.isAdding) return this.#connection.defer(() => this.sendError(slot, error));
    try {
      this.#connection.add(ERROR, (encoder) => writeSlotAndValue(encoder, slot, error));
    } catch (cause) {
      // A record can always be cloned; it can only be too large.
      this.#connection.add(ERROR, (encoder) => writeSlotAndValue(encoder, slot, encodeError(cause)));
    }
  }

  send(frame: WorkerFrame): void {
    if (!this.#connection.isOpen) return;
    if (this.#connection.isAdding) return this.#connection.defer(() => this.send(frame));
    try {
      this.#connection.add(FRAME, (encoder) => encoder.write(frame));
    } catch (cause) {
      this.#unsent.push({ frame, error: unsentFrameError(frame, cause) });
    }
  }

  flush(): void {
    if (this.#connection.isAdding) return;
    for (let unsent = this.#unsent; unsent.length > 0; unsent = this.#unsent) {
      this.#unsent = [];
      for (const each of unsent) this.#reportUnsent(each);
    }
    this.#connection.flush();
  }

  begin(): boolean {
    return true;
  }

  cancelCode(slot: number): CancelCode {
    return this.#control.cancelCode(slot);
  }

  close(): void {
    this.#connection.close();
  }

  #reportUnsent(unsent: Unsent): void {
    if (!this.#connection.isOpen) return;
    if (unsent.frame === undefined) this.#handler.onUnsentResult(unsent.slot, unsent.error);
    else this.#handler.onUnsentFrame(unsent.frame, unsent.error);
  }

  #decode(type: number, bytes: Buffer, offset: number, length: number, bulks: readonly ArrayBuffer[]): () => void {
    const handler = this.#handler;
    switch (type) {
      case NAME: {
        const decoder = new Decoder(bytes, offset, length);
        const name = decoder.string();
        return () => void this.#names.push(name);
      }
      case TASK:
        return this.#decodeTask(new Decoder(bytes, offset, length, bulks));
      case FRAME: {
        const frame = decodeValue(bytes, offset, length, bulks) as PoolFrame;
        return () => handler.onFrame(frame);
      }
      default:
        throw unknownType(type);
    }
  }

  #decodeTask(decoder: Decoder): () => void {
    const slot = decoder.uint32();
    const sequence = decoder.double();
    const attempt = decoder.uint32();
    const flags = decoder.uint32();
    const deadlineEpochMs = decoder.double();
    const number = decoder.uint32();
    const name = number === UNNUMBERED ? decoder.string() : this.#names[number];
    if (name === undefined) throw new MillraceError('ERR_PROTOCOL', `no function was announced as number ${number}`);
    const givenCorrelationId = decoder.value() as string | undefined;
    try {
      const args = decoder.value() as unknown[];
      decoder.end();
      return () => this.#handler.onTask({ slot, name, args, transfer: undefined, sequence, attempt, flags, deadlineEpochMs, givenCorrelationId });
    } catch (cause) {
      return () => this.#handler.onUndecodable(slot, undecodable('args', cause));
    }
  }
}

function writeTask(encoder: Encoder, task: TaskFrame, name: number | string): void {
  const { writer } = encoder;
  writer.uint32(task.slot);
  writer.double(task.sequence);
  writer.uint32(task.attempt);
  writer.uint32(task.flags);
  writer.double(task.deadlineEpochMs);
  writer.uint32(typeof name === 'number' ? name : UNNUMBERED);
  if (typeof name === 'string') writer.string(name);
  encoder.write(task.givenCorrelationId);
  encoder.write(task.args);
}

function writeSlotAndValue(encoder: Encoder, slot: number, value: unknown): void {
  encoder.writer.uint32(slot);
  encoder.write(value);
}

function unsentFrameError(frame: WorkerFrame, cause: unknown): MillraceError {
  const value = frame.type === 'log' ? frame.fields : 'value' in frame ? frame.value : frame;
  return uncloneableError(value, frame.type, cause, PROCESS);
}

function undecodable(path: string, cause: unknown): MillraceError {
  return new ValueError(path, 'made of bytes that this side cannot decode', { cause });
}

function unknownType(type: number): MillraceError {
  return new MillraceError('ERR_PROTOCOL', `frames of type ${type} are unknown`);
}
