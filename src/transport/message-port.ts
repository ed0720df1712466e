/**
 * The transport of threads: structured clone over a MessagePort, a batch per message.
 *
 *     to the worker    NAME, name    TASK, slot, name, args, sequence    TASK_FULL, … attempt, flags, deadline, givenCorrelationId    FRAME, frame
 *     to the pool      RESULT, slot, value                               ERROR, slot, record                                     FRAME, frame
 *
 * `name` is the number of an announced name, or the name itself (`name-numbers.ts`). `TASK` is a first attempt without flags, deadline and
 * correlation id. How frames become messages: `port-outbox.ts`.
 *
 * The pool's end does not keep its process alive; the worker's end does, since waiting for work is what a worker is there for.
 */
import { receiveMessageOnPort } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import { MillraceError } from '../errors.js';
import type { ControlBlock } from './control-block.js';
import type { ErrorRecord } from './error-record.js';
import { NameNumbers } from './name-numbers.js';
import { PortOutbox, type UnsentFrame } from './port-outbox.js';
import type { CancelCode, PoolFrame, TaskFrame, WorkerFrame } from './protocol.js';
import type { PoolEnd, PoolEndHandler, WorkerEnd, WorkerEndHandler } from './transport.js';
import { THREAD, uncloneableError } from './value-path.js';

const NAME = 0;
const TASK = 1;
const TASK_FULL = 2;
const FRAME = 3;
const RESULT = 4;
const ERROR = 5;

/** Fields of each opcode, itself included. */
const LENGTHS: readonly number[] = [2, 5, 9, 2, 3, 3];

/** The pool's end over `port`, of which nobody else may listen to or post anything. */
export function createPortPoolEnd(port: MessagePort, control: ControlBlock, handler: PoolEndHandler): PoolEnd {
  return new PortPoolEnd(port, control, handler);
}

/** The worker's end over `port`, of which nobody else may listen to or post anything. */
export function createPortWorkerEnd(port: MessagePort, control: ControlBlock, handler: WorkerEndHandler): WorkerEnd {
  return new PortWorkerEnd(port, control, handler);
}

/** What closes an end, and what may still be called when: the same on both sides. */
class PortConnection {
  readonly #port: MessagePort;
  readonly #onClose: (error: Error | undefined) => void;
  readonly #receive: (batch: readonly unknown[]) => void;
  isOpen = true;
  #reported = false;

  constructor(port: MessagePort, receive: (batch: readonly unknown[]) => void, onClose: (error: Error | undefined) => void) {
    this.#port = port;
    this.#receive = receive;
    this.#onClose = onClose;
    port.on('message', this.#onMessage);
    port.on('messageerror', (cause: unknown) => this.fail(protocolError('a message that cannot be decoded', cause)));
    port.on('close', () => this.#report(undefined));
  }

  readonly #onMessage = (batch: unknown): void => {
    if (!this.isOpen) return;
    if (Array.isArray(batch)) this.#receive(batch);
    else this.fail(protocolError('a message that is no batch'));
  };

  /** Takes what has arrived, without waiting for a turn of the event loop. */
  receiveWaiting(): void {
    for (
      let next = this.isOpen ? receiveMessageOnPort(this.#port) : undefined;
      next !== undefined;
      next = this.isOpen ? receiveMessageOnPort(this.#port) : undefined
    ) {
      this.#onMessage(next.message);
    }
  }

  close(): void {
    this.isOpen = false;
    this.#port.close();
  }

  fail(error: MillraceError): void {
    this.close();
    this.#report(error);
  }

  #report(error: Error | undefined): void {
    this.isOpen = false;
    if (this.#reported) return;
    this.#reported = true;
    this.#onClose(error);
  }
}

class PortPoolEnd implements PoolEnd {
  readonly bufferedBytes = 0;
  /** Nobody can see into the messages on their way: every task sent counts as begun. */
  readonly prefetchMax = 0;
  readonly #control: ControlBlock;
  readonly #handler: PoolEndHandler;
  readonly #connection: PortConnection;
  readonly #outbox: PortOutbox;
  readonly #names: NameNumbers = new NameNumbers();
  readonly #announce: (name: string) => void;

  constructor(port: MessagePort, control: ControlBlock, handler: PoolEndHandler) {
    this.#control = control;
    this.#handler = handler;
    this.#outbox = new PortOutbox(port, LENGTHS, (unsent) => this.#onUnsent(unsent));
    this.#announce = (name) => void this.#outbox.batchForValue(name).push(NAME, name);
    this.#connection = new PortConnection(
      port,
      (batch) => this.#receive(batch),
      (error) => handler.onClose(error),
    );
    port.unref();
  }

  sendTask(task: TaskFrame): void {
    if (!this.#connection.isOpen) return;
    const name = this.#names.of(task.name, this.#announce);
    const batch = this.#outbox.batchFor(task.args, task.transfer);
    if (isPlain(task)) batch.push(TASK, task.slot, name, task.args, task.sequence);
    else batch.push(TASK_FULL, task.slot, name, task.args, task.sequence, task.attempt, task.flags, task.deadlineEpochMs, task.givenCorrelationId);
  }

  send(frame: PoolFrame): void {
    if (this.#connection.isOpen) this.#outbox.batchForValue(undefined).push(FRAME, frame);
  }

  flush(): void {
    if (this.#connection.isOpen) this.#outbox.flush();
  }

  revoke(): boolean {
    return false;
  }

  begun(): boolean {
    return true;
  }

  linger(): void {}

  status(): undefined {}

  serviceMs(): number {
    return NaN;
  }

  collect(): void {
    this.#connection.receiveWaiting();
  }

  setCancelled(slot: number, code: CancelCode): void {
    this.#control.setCancelled(slot, code);
  }

  close(): void {
    this.#outbox.clear();
    this.#connection.close();
  }

  #onUnsent({ frame, transfer, cause }: UnsentFrame): void {
    if (!this.#connection.isOpen) return;
    this.#handler.onUnsent(frame[1] as number, uncloneableError(frame[3], 'args', cause, THREAD, transfer));
  }

  #receive(batch: readonly unknown[]): void {
    for (let at = 0; at < batch.length && this.#connection.isOpen; at += LENGTHS[batch[at] as number] as number) {
      switch (batch[at]) {
        case RESULT:
          this.#handler.onResult(batch[at + 1] as number, batch[at + 2]);
          break;
        case ERROR:
          this.#handler.onError(batch[at + 1] as number, batch[at + 2] as ErrorRecord);
          break;
        case FRAME:
          this.#handler.onFrame(batch[at + 1] as WorkerFrame);
          break;
        default:
          this.#connection.fail(protocolError('an unknown frame'));
      }
    }
  }
}

class PortWorkerEnd implements WorkerEnd {
  readonly #control: ControlBlock;
  readonly #handler: WorkerEndHandler;
  readonly #connection: PortConnection;
  readonly #outbox: PortOutbox;
  readonly #names: string[] = [];

  constructor(port: MessagePort, control: ControlBlock, handler: WorkerEndHandler) {
    this.#control = control;
    this.#handler = handler;
    this.#outbox = new PortOutbox(port, LENGTHS, (unsent) => this.#onUnsent(unsent));
    this.#connection = new PortConnection(
      port,
      (batch) => this.#receive(batch),
      (error) => handler.onClose(error),
    );
  }

  sendResult(slot: number, value: unknown, transfer: readonly object[] | undefined): void {
    if (this.#connection.isOpen) this.#outbox.batchForValue(value, transfer).push(RESULT, slot, value);
  }

  sendError(slot: number, error: ErrorRecord): void {
    if (this.#connection.isOpen) this.#outbox.batchForValue(error).push(ERROR, slot, error);
  }

  send(frame: WorkerFrame): void {
    if (this.#connection.isOpen) this.#outbox.batchForValue(frame).push(FRAME, frame);
  }

  flush(): void {
    if (this.#connection.isOpen) this.#outbox.flush();
  }

  show(): boolean {
    return false;
  }

  hasMore(): boolean {
    return false;
  }

  begin(): boolean {
    return true;
  }

  cancelCode(slot: number): CancelCode {
    return this.#control.cancelCode(slot);
  }

  close(): void {
    this.#outbox.clear();
    this.#connection.close();
  }

  #onUnsent({ frame, transfer, cause }: UnsentFrame): void {
    if (!this.#connection.isOpen) return;
    if (frame[0] === RESULT) this.#handler.onUnsentResult(frame[1] as number, uncloneableError(frame[2], 'result', cause, THREAD, transfer));
    else this.#handler.onUnsentFrame(frame[1] as WorkerFrame, unsentFrameError(frame[1] as WorkerFrame, cause));
  }

  #receive(batch: readonly unknown[]): void {
    for (let at = 0; at < batch.length && this.#connection.isOpen; at += LENGTHS[batch[at] as number] as number) {
      switch (batch[at]) {
        case NAME:
          this.#names.push(batch[at + 1] as string);
          break;
        case TASK:
        case TASK_FULL:
          this.#handler.onTask(this.#taskAt(batch, at));
          break;
        case FRAME:
          this.#handler.onFrame(batch[at + 1] as PoolFrame);
          break;
        default:
          this.#connection.fail(protocolError('an unknown frame'));
      }
    }
  }

  #taskAt(batch: readonly unknown[], at: number): TaskFrame {
    const name = batch[at + 2] as number | string;
    const isFull = batch[at] === TASK_FULL;
    return {
      slot: batch[at + 1] as number,
      name: typeof name === 'number' ? (this.#names[name] as string) : name,
      args: batch[at + 3] as unknown[],
      transfer: undefined,
      sequence: batch[at + 4] as number,
      attempt: isFull ? (batch[at + 5] as number) : 1,
      flags: isFull ? (batch[at + 6] as number) : 0,
      deadlineEpochMs: isFull ? (batch[at + 7] as number) : 0,
      givenCorrelationId: isFull ? (batch[at + 8] as string | undefined) : undefined,
    };
  }
}

function isPlain(task: TaskFrame): boolean {
  return task.attempt === 1 && task.flags === 0 && task.deadlineEpochMs === 0 && task.givenCorrelationId === undefined;
}

function unsentFrameError(frame: WorkerFrame, cause: unknown): MillraceError {
  const value = frame.type === 'log' ? frame.fields : 'value' in frame ? frame.value : frame;
  return uncloneableError(value, frame.type, cause);
}

function protocolError(what: string, cause?: unknown): MillraceError {
  return new MillraceError('ERR_PROTOCOL', `the message port delivered ${what}`, { cause });
}
