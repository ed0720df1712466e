/** The first message a worker process gets over its socket, ahead of the transport: four bytes of length, then the encoded {@link WorkerInit}. */
import type { Readable } from 'node:stream';
import { decodeValue, Encoder } from '../../transport/codec.js';
import type { WorkerInit } from './worker-init.js';
import { setImmediate } from '../../runtime/host-timers.js';

const LENGTH_BYTES = 4;

/** @throws what the clone throws when `workerData` cannot cross */
export function encodeInit(init: WorkerInit): Buffer {
  const body = new Encoder().encode(init);
  const message = Buffer.alloc(LENGTH_BYTES + body.length);
  message.writeUInt32LE(body.length, 0);
  message.set(body, LENGTH_BYTES);
  return message;
}

/** Reads no byte beyond the message; `undefined` when the stream ends before. */
export async function readInit(stream: Readable): Promise<WorkerInit | undefined> {
  const length = await readExactly(stream, LENGTH_BYTES);
  if (length === undefined) return undefined;
  const body = await readExactly(stream, length.readUInt32LE(0));
  // The stream forgets that it was read from by hand only a turn later: before that a `data` listener would not make it flow.
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
  return body === undefined ? undefined : (decodeValue(body, 0, body.length) as WorkerInit);
}

function readExactly(stream: Readable, bytes: number): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const settle = (chunk: Buffer | undefined): void => {
      stream.off('readable', attempt).off('end', giveUp).off('close', giveUp);
      resolve(chunk);
    };
    const attempt = (): void => {
      const chunk = stream.read(bytes) as Buffer | null;
      if (chunk !== null) settle(chunk.length === bytes ? chunk : undefined);
    };
    const giveUp = (): void => settle(undefined);
    stream.on('readable', attempt).on('end', giveUp).on('close', giveUp);
    attempt();
  });
}
