/** Reads what has arrived at a stream without waiting for a turn of the event loop. */
import { readSync } from 'node:fs';
import type { Readable } from 'node:stream';

/** What sockets and pipes have where streams are file descriptors. */
interface WithDescriptor {
  readonly _handle?: { readonly fd?: number } | null;
}

/**
 * Calls `take` with all bytes that have arrived and were not delivered; `chunk` is used again by the next call. Does nothing for streams that are not
 * over a descriptor that can be asked (it must not block, as those of sockets and pipes do not).
 */
export function takeArrived(stream: Readable, chunk: Buffer, take: (bytes: Buffer) => void): void {
  // Bytes that the stream holds itself come first, and it delivers them itself.
  while (!stream.destroyed && stream.readableLength === 0) {
    // oxlint-disable-next-line no-underscore-dangle -- the host has no other way to say it
    const fd = (stream as WithDescriptor)._handle?.fd ?? -1;
    const length = fd >= 0 ? readArrived(fd, chunk) : 0;
    if (length === 0) return;
    take(chunk.subarray(0, length));
  }
}

/** 0 at the end, when nothing is there, and when there is something wrong: the event loop will tell. */
function readArrived(fd: number, chunk: Buffer): number {
  try {
    return readSync(fd, chunk);
  } catch {
    return 0;
  }
}
