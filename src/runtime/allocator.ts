/**
 * How much freed memory the C library keeps for the next large buffers.
 *
 * glibc gives the end of a heap back to the system as soon as 128 KB of it are free, until a larger block has been freed: then it keeps twice as much as that. A
 * thread that takes in many buffers of some 64 KB so gets fresh pages for each, which the system has to clear: several times what copying the bytes costs.
 */
import { MessageChannel } from 'node:worker_threads';

/** A little less than 16 MB: so large a block has pages of its own, which are never touched. From then on up to 32 MB stay at the end of each heap. */
const BLOCK_BYTES = (1 << 24) - (1 << 16);

let kept = false;

/** Frees one large block, once in the life of the thread: as a program does that has read a large file. Elsewhere than in glibc it changes nothing. */
export function keepFreedMemory(): void {
  if (kept || process.platform !== 'linux') return;
  kept = true;
  const { port1, port2 } = new MessageChannel();
  try {
    const block = new ArrayBuffer(BLOCK_BYTES);
    // A message that nobody takes out goes with its port, and what was moved into it goes at once, not at the next collection.
    port1.postMessage(undefined, [block]);
  } catch {
    // No room for a block: then there is none to keep either.
  } finally {
    port1.close();
    port2.close();
  }
}
