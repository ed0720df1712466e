/**
 * The transport of processes: length-prefixed frames over a byte stream for each direction, values by the codec (`codec.ts`), and a shared file
 * (`stream-file.ts`) for large buffers, cancellation and who has begun what.
 *
 *     to the worker    TASK: slot, generation, epoch, sequence, attempt, flags, deadline, name, correlation id, args
 *                      NAME: name        VERDICT: slot, epoch, taken back?        FRAME: frame
 *     to the pool      RESULT: slot, value        ERROR: slot, record        SERVED: tasks, ms        FRAME: frame
 *
 * Functions are named by number once announced (`name-numbers.ts`). Framing: `stream-reader.ts`; batches, backpressure and the end of the
 * connection: `stream-connection.ts`; taking tasks back: `stream-control.ts`. Nothing is transferred: values are copied. The ends:
 * `stream-pool-end.ts`, which does not keep its process alive, and `stream-worker-end.ts`, which does.
 */
import { MillraceError, ValueError } from '../errors.js';
import { SLOTS_MAX } from './control-block.js';
import type { Decoder } from './decoder.js';
import type { Encoder } from './encoder.js';
import type { TaskFrame } from './protocol.js';
import type { Bulk } from './stream-connection.js';

export const NAME = 1;
export const TASK = 2;
export const FRAME = 3;
export const RESULT = 4;
export const ERROR = 5;
export const VERDICT = 6;
export const SERVED = 7;

/** In place of a name's number: the name itself follows. */
const UNNUMBERED = 0xffff_ffff;

/** A task as it arrives. */
export interface ArrivedTask {
  readonly slot: number;
  readonly generation: number;
  readonly epoch: number;
  /** `undefined` when its arguments cannot be decoded, because of `cause`. */
  readonly task: TaskFrame | undefined;
  readonly cause: unknown;
}

export function readTask(decoder: Decoder, names: readonly string[]): ArrivedTask {
  const slot = decoder.uint32();
  if (slot >= SLOTS_MAX) throw new MillraceError('ERR_PROTOCOL', `there is no slot ${slot}`);
  const generation = decoder.uint8();
  const epoch = decoder.uint32();
  const sequence = decoder.double();
  const attempt = decoder.uint32();
  const flags = decoder.uint32();
  const deadlineEpochMs = decoder.double();
  const number = decoder.uint32();
  const name = number === UNNUMBERED ? decoder.string() : names[number];
  if (name === undefined) throw new MillraceError('ERR_PROTOCOL', `no function was announced as number ${number}`);
  const givenCorrelationId = decoder.value() as string | undefined;
  try {
    const args = decoder.value() as unknown[];
    decoder.end();
    const task: TaskFrame = { slot, name, args, transfer: undefined, sequence, attempt, flags, deadlineEpochMs, givenCorrelationId };
    return { slot, generation, epoch, task, cause: undefined };
  } catch (cause) {
    return { slot, generation, epoch, task: undefined, cause };
  }
}

export function writeTask(encoder: Encoder<Bulk>, task: TaskFrame, generation: number, epoch: number, name: number | string): void {
  const { writer } = encoder;
  writer.uint32(task.slot);
  writer.uint8(generation);
  writer.uint32(epoch);
  writer.double(task.sequence);
  writer.uint32(task.attempt);
  writer.uint32(task.flags);
  writer.double(task.deadlineEpochMs);
  writer.uint32(typeof name === 'number' ? name : UNNUMBERED);
  if (typeof name === 'string') writer.string(name);
  encoder.write(task.givenCorrelationId);
  encoder.write(task.args);
}

export function writeSlotAndValue(encoder: Encoder<Bulk>, slot: number, value: unknown): void {
  encoder.writer.uint32(slot);
  encoder.write(value);
}

export function undecodable(path: string, cause: unknown): MillraceError {
  return new ValueError(path, 'made of bytes that this side cannot decode', { cause });
}

export function unknownType(type: number): MillraceError {
  return new MillraceError('ERR_PROTOCOL', `frames of type ${type} are unknown`);
}
