/** Small files that the kernel makes up when they are read: kept open, so that a look costs a third of opening them each time. */
import { closeSync, openSync, readSync } from 'node:fs';

const BYTES_MAX = 4_096;
/** Reads are synchronous and their text is taken out at once: one buffer serves all. */
const buffer = Buffer.allocUnsafe(BYTES_MAX);

export class KeptFile {
  readonly #path: string;
  #handle: number | undefined;
  #gone = false;

  constructor(path: string) {
    this.#path = path;
  }

  /** Its text as of now, its first 4 KB; `undefined` once it cannot be read (it does not exist, what it tells of has gone, it may not be read). Some 5 µs. */
  read(): string | undefined {
    if (this.#gone) return undefined;
    try {
      this.#handle ??= openSync(this.#path, 'r');
      return buffer.toString('latin1', 0, readSync(this.#handle, buffer, 0, BYTES_MAX, 0));
    } catch {
      this.close();
      return undefined;
    }
  }

  close(): void {
    this.#gone = true;
    if (this.#handle !== undefined) closeSync(this.#handle);
    this.#handle = undefined;
  }
}
