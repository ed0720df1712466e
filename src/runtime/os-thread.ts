import { readlinkSync } from 'node:fs';

/** The id by which Linux knows the calling thread; `undefined` elsewhere, and where `/proc` may not be read. Costs some 10 µs. */
export function osThreadId(): number | undefined {
  try {
    const id = Number(/\/(\d+)$/.exec(readlinkSync('/proc/thread-self'))?.[1]);
    return Number.isInteger(id) ? id : undefined;
  } catch {
    return undefined;
  }
}
