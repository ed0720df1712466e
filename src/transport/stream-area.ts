/**
 * Large runs of bytes beside the stream: written into one area of the shared file, announced by a small frame, read out of it.
 *
 *     0              head                       tail             8 MB
 *     |   free        | announced, not yet read  |   free         |       positions count on without end; the place is position modulo size
 *
 * One copy on each side, made at once by one system call, however large the run: through the stream it would cross in pieces of the socket's buffer,
 * each with a wake-up of its own. The writer never waits for room: what finds none goes through the stream. An area that has been emptied is used
 * from its beginning again, where it is still in the cache.
 *
 * The reader writes its head twice in a row; the writer believes it when both are equal, so a half-written head is no head. It may always be old.
 */
import { MillraceError } from '../errors.js';
import { AREA_BYTES } from './stream-file.js';
import type { AreaPlace, SharedFile } from './stream-file.js';

/** A run of bytes that is in the area. */
export interface Placed {
  readonly position: number;
  readonly byteLength: number;
}

export class AreaWriter {
  readonly #file: SharedFile;
  readonly #place: AreaPlace;
  readonly #heads: Float64Array = new Float64Array(2);
  #head = 0;
  #tail = 0;

  constructor(file: SharedFile, place: AreaPlace) {
    this.#file = file;
    this.#place = place;
  }

  /** A mark to {@link rollback} to. */
  get tail(): number {
    return this.#tail;
  }

  /** Copies the bytes into the area; `undefined` when there is no room (or no area). */
  write(bytes: Uint8Array): Placed | undefined {
    const { byteLength } = bytes;
    if (byteLength > AREA_BYTES || !this.#file.hasAreas || this.#file.isClosed) return undefined;
    if (this.#head < this.#tail) this.#readHead();
    const isEmpty = this.#head === this.#tail;
    const offset = this.#tail % AREA_BYTES;
    const position = offset > 0 && (isEmpty || offset + byteLength > AREA_BYTES) ? this.#tail - offset + AREA_BYTES : this.#tail;
    const inUse = isEmpty ? 0 : position - this.#head;
    if (inUse + byteLength > AREA_BYTES || !this.#copyTo(bytes, position % AREA_BYTES)) return undefined;
    if (isEmpty) this.#head = position;
    this.#tail = position + byteLength;
    return { position, byteLength };
  }

  /** Forgets what was written after the mark: it will not be announced. */
  rollback(tail: number): void {
    this.#tail = tail;
    this.#head = Math.min(this.#head, tail);
  }

  #copyTo(bytes: Uint8Array, offset: number): boolean {
    try {
      return this.#file.write(bytes, this.#place.areaAt + offset) === bytes.byteLength;
    } catch {
      // The memory that files live in is used up.
      return false;
    }
  }

  #readHead(): void {
    this.#file.read(this.#heads, this.#place.headAt);
    const [first, second] = this.#heads as unknown as [number, number];
    if (first === second && first > this.#head) this.#head = first;
  }
}

export class AreaReader {
  readonly #file: SharedFile;
  readonly #place: AreaPlace;
  readonly #heads: Float64Array = new Float64Array(2);
  #head = 0;

  constructor(file: SharedFile, place: AreaPlace) {
    this.#file = file;
    this.#place = place;
  }

  /**
   * Copies out what was announced, into memory of its own size.
   *
   * @throws MillraceError `ERR_PROTOCOL` when that cannot be there
   */
  read(position: number, byteLength: number): ArrayBuffer {
    const offset = position % AREA_BYTES;
    if (!this.#file.hasAreas || this.#file.isClosed || !(position >= this.#head) || offset + byteLength > AREA_BYTES) throw notThere();
    const bytes = Buffer.allocUnsafeSlow(byteLength);
    if (this.#file.read(bytes, this.#place.areaAt + offset) !== byteLength) throw notThere();
    this.#head = position + byteLength;
    return bytes.buffer as ArrayBuffer;
  }

  /** Gives the room of what was read back. */
  release(): void {
    if (this.#heads[0] === this.#head || this.#file.isClosed) return;
    this.#heads.fill(this.#head);
    this.#file.write(this.#heads, this.#place.headAt);
  }
}

function notThere(): MillraceError {
  return new MillraceError('ERR_PROTOCOL', 'a large value was announced where none can be');
}
