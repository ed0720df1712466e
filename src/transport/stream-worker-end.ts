/** The worker's end of a stream. The protocol: `stream.ts`. */
import type { MillraceError } from '../errors.js';
import { performanceNow } from '../runtime/host-timers.js';
import { readThreadUsage } from '../runtime/thread-usage.js';
import { Decoder, decodeValue } from './decoder.js';
import { PROCESS } from './encoder.js';
import { encodeError } from './error-encoder.js';
import type { ErrorRecord } from './error-record.js';
import type { CancelCode, PoolFrame, TaskFrame, WorkerFrame } from './protocol.js';
import { AreaReader, AreaWriter } from './stream-area.js';
import { StreamClaims } from './stream-claims.js';
import { StreamConnection } from './stream-connection.js';
import type { Streams } from './stream-connection.js';
import type { WorkerControl } from './stream-control.js';
import { REPLIES, REQUESTS } from './stream-file.js';
import { ERROR, FRAME, NAME, readTask, RESULT, SERVED, TASK, undecodable, unknownType, VERDICT, writeSlotAndValue } from './stream.js';
import type { ArrivedTask } from './stream.js';
import type { WorkerEnd, WorkerEndHandler } from './transport.js';
import { uncloneableError } from './value-path.js';

/** Least time between two reports of what the worker is at, in ms (P). */
const STATUS_INTERVAL_MS = 250;

/** Replies that leave together at least, while there is more to do (P). */
const EARLY_REPLIES_MIN = 32;

/** `streams` belong to the end. `now`: milliseconds, monotonic. */
export function createStreamWorkerEnd(streams: Streams, control: WorkerControl, handler: WorkerEndHandler, now: () => number = performanceNow): WorkerEnd {
  return new StreamWorkerEnd(streams, control, handler, now);
}

/** What could not be sent: a result or a frame. */
type Unsent =
  | { readonly frame: undefined; readonly slot: number; readonly error: MillraceError }
  | { readonly frame: WorkerFrame; readonly error: MillraceError };

class StreamWorkerEnd implements WorkerEnd {
  readonly #control: WorkerControl;
  readonly #handler: WorkerEndHandler;
  readonly #connection: StreamConnection;
  readonly #claims: StreamClaims;
  readonly #names: string[] = [];
  readonly #now: () => number;
  /** Tasks that have come and were not answered. */
  #unanswered = 0;
  /** Answered since the last flush, and since when the worker has had tasks (or that flush, if later). */
  #answered = 0;
  #occupiedSinceMs = 0;
  /** Tasks answered in the life of the worker, and when it is to show that next. */
  #tick = 0;
  #statusDueMs = 0;
  #unsent: Unsent[] = [];

  constructor(streams: Streams, control: WorkerControl, handler: WorkerEndHandler, now: () => number) {
    this.#now = now;
    this.#control = control;
    this.#handler = handler;
    this.#claims = new StreamClaims(control);
    const { file } = control;
    const areas = { incoming: new AreaReader(file, REQUESTS), outgoing: new AreaWriter(file, REPLIES) };
    this.#connection = new StreamConnection(streams, areas, {
      decode: (type, bytes, offset, length, bulks) => this.#decode(type, bytes, offset, length, bulks),
      onClose: (error) => handler.onClose(error),
    });
  }

  sendResult(slot: number, value: unknown): void {
    if (!this.#connection.isOpen) return;
    if (this.#connection.isAdding) return this.#connection.defer(() => this.sendResult(slot, value));
    if (!this.#claims.mayAnswer(slot)) return;
    try {
      this.#connection.add(RESULT, (encoder) => writeSlotAndValue(encoder, slot, value));
    } catch (cause) {
      this.#unsent.push({ frame: undefined, slot, error: uncloneableError(value, 'result', cause, PROCESS) });
      return;
    }
    this.#settled(slot);
  }

  sendError(slot: number, error: ErrorRecord): void {
    if (!this.#connection.isOpen) return;
    if (this.#connection.isAdding) return this.#connection.defer(() => this.sendError(slot, error));
    if (!this.#claims.mayAnswer(slot)) return;
    try {
      this.#connection.add(ERROR, (encoder) => writeSlotAndValue(encoder, slot, error));
    } catch (cause) {
      // A record can always be cloned; it can only be too large.
      this.#connection.add(ERROR, (encoder) => writeSlotAndValue(encoder, slot, encodeError(cause)));
    }
    this.#settled(slot);
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
    this.#publish();
  }

  show(): boolean {
    return false;
  }

  hasMore(): boolean {
    return false;
  }

  begin(task: TaskFrame): boolean {
    return this.#claims.begin(task);
  }

  cancelCode(slot: number): CancelCode {
    return this.#control.cancelCode(slot);
  }

  close(): void {
    this.#connection.close();
  }

  #settled(slot: number): void {
    this.#claims.answered(slot);
    this.#unanswered -= 1;
    this.#answered += 1;
    // Half of what is here is done: the pool may send more while the other half is worked upon.
    if (this.#answered >= EARLY_REPLIES_MIN && this.#answered >= this.#unanswered) this.#publish();
  }

  /** Sends what there is, and how long the tasks that were answered have taken: one reading of the clock a batch. */
  #publish(): void {
    if (this.#answered > 0) {
      const nowMs = this.#now();
      const [tasks, busyMs] = [this.#answered, nowMs - this.#occupiedSinceMs];
      this.#answered = 0;
      this.#occupiedSinceMs = nowMs;
      this.#tick += tasks;
      if (nowMs >= this.#statusDueMs) this.#show(nowMs);
      if (this.#connection.isOpen) this.#connection.add(SERVED, ({ writer }) => (writer.uint32(tasks), writer.double(busyMs)));
    }
    this.#connection.flush();
  }

  #reportUnsent(unsent: Unsent): void {
    if (!this.#connection.isOpen) return;
    if (unsent.frame === undefined) this.#handler.onUnsentResult(unsent.slot, unsent.error);
    else this.#handler.onUnsentFrame(unsent.frame, unsent.error);
  }

  #show(nowMs: number): void {
    this.#statusDueMs = nowMs + STATUS_INTERVAL_MS;
    this.#control.show({ tick: this.#tick, sequence: -1, clockMs: nowMs, ...readThreadUsage() });
  }

  #decode(type: number, bytes: Buffer, offset: number, length: number, bulks: readonly ArrayBuffer[]): () => void {
    const handler = this.#handler;
    switch (type) {
      case NAME: {
        const decoder = new Decoder(bytes, offset, length);
        const name = decoder.string();
        return () => void this.#names.push(name);
      }
      case TASK: {
        const arrived = readTask(new Decoder(bytes, offset, length, bulks), this.#names);
        return () => this.#arrived(arrived);
      }
      case VERDICT: {
        const decoder = new Decoder(bytes, offset, length);
        const [slot, epoch, isTakenBack] = [decoder.uint32(), decoder.uint32(), decoder.uint8() === 1];
        return () => this.#verdict(slot, epoch, isTakenBack);
      }
      case FRAME: {
        const frame = decodeValue(bytes, offset, length, bulks) as PoolFrame;
        return () => handler.onFrame(frame);
      }
      default:
        throw unknownType(type);
    }
  }

  #verdict(slot: number, epoch: number, isTakenBack: boolean): void {
    if (isTakenBack) this.#unanswered -= 1;
    this.#claims.settle(slot, epoch, isTakenBack);
  }

  #arrived({ slot, generation, epoch, task, cause }: ArrivedTask): void {
    if (this.#unanswered === 0 && this.#answered === 0) this.#occupiedSinceMs = this.#now();
    this.#unanswered += 1;
    const handOver = (): void => (task === undefined ? this.#handler.onUndecodable(slot, undecodable('args', cause)) : this.#handler.onTask(task));
    this.#claims.arrived(slot, generation, epoch, task, handOver);
  }
}

function unsentFrameError(frame: WorkerFrame, cause: unknown): MillraceError {
  const value = frame.type === 'log' ? frame.fields : 'value' in frame ? frame.value : frame;
  return uncloneableError(value, frame.type, cause, PROCESS);
}
