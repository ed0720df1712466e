/**
 * The file that a pool and one worker process share beside their stream. Node has no shared memory between processes, but two processes that have one
 * file open see each other's writes at once.
 *
 *     0        cancel words, epochs      8 bytes a slot     the pool writes     `stream-control.ts`
 *     32 KB    begun marks               1 byte a slot      the worker writes   `stream-control.ts`
 *     36 KB    head of the requests      16 bytes           the worker writes   `stream-area.ts`
 *              head of the replies       16 bytes           the pool writes
 *              whether there are areas   1 byte             written once
 *              worker status             40 bytes           the worker writes   `stream-control.ts`
 *     40 KB    request area              8 MB               the pool writes
 *              reply area                8 MB               the worker writes
 *
 * It has no name any more when the worker gets it, so a crash leaves nothing behind (where the platform cannot remove an open file it is removed at
 * the end). Areas are used only where files live in memory: there they take what has been in flight at once, and no disk is written.
 */
import { closeSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MillraceError } from '../errors.js';
import { systemRandom } from '../runtime/random.js';
import { SLOTS_MAX } from './control-block.js';

export const WORDS_AT = 0;
export const SLOT_BYTES = 8;
export const MARKS_AT: number = WORDS_AT + SLOTS_MAX * SLOT_BYTES;
const HEADS_AT = MARKS_AT + SLOTS_MAX;
const HEAD_BYTES = 16;
const HAS_AREAS_AT = HEADS_AT + 2 * HEAD_BYTES;
export const STATUS_AT: number = HEADS_AT + 64;
const AREAS_AT = 40 * 1024;

/** Size of an area in bytes (P): what may be on its way in one direction; more goes through the stream. */
export const AREA_BYTES: number = 8 * 1024 * 1024;

/** Where files live in memory. */
const MEMORY_DIRECTORY = '/dev/shm';

/** Where one direction has its place. */
export interface AreaPlace {
  readonly headAt: number;
  readonly areaAt: number;
}

export const REQUESTS: AreaPlace = { headAt: HEADS_AT, areaAt: AREAS_AT };
export const REPLIES: AreaPlace = { headAt: HEADS_AT + HEAD_BYTES, areaAt: AREAS_AT + AREA_BYTES };

export class SharedFile {
  /** For the `stdio` of the worker. */
  readonly fd: number;
  readonly hasAreas: boolean;
  #leftover: string | undefined;
  #isClosed = false;

  private constructor(fd: number, hasAreas: boolean, leftover: string | undefined) {
    this.fd = fd;
    this.hasAreas = hasAreas;
    this.#leftover = leftover;
  }

  /**
   * The pool's: a new file, in memory where that can be had.
   *
   * @throws the file system's error when the directory for temporary files is not writable
   */
  static create(): SharedFile {
    try {
      return SharedFile.createIn(MEMORY_DIRECTORY, true);
    } catch {
      return SharedFile.createInTemporary();
    }
  }

  static createInTemporary(): SharedFile {
    try {
      return SharedFile.createIn(tmpdir(), false);
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code !== 'ERR_ACCESS_DENIED') throw cause;
      const folder = join(MEMORY_DIRECTORY, '*');
      const flags = `--allow-child-process --allow-fs-read=${folder} --allow-fs-write=${folder}`;
      throw new MillraceError('ERR_WORKER_START', `the permission model refused the file that pool and process share: start the program with ${flags}`, {
        cause,
      });
    }
  }

  static createIn(directory: string, hasAreas: boolean): SharedFile {
    const path = join(directory, `millrace-${process.pid}-${systemRandom().toString(36).slice(2)}.ctl`);
    const fd = openSync(path, 'wx+', 0o600);
    const file = new SharedFile(fd, hasAreas, unlink(path) ? undefined : path);
    try {
      file.#reserveHead();
    } catch (error) {
      file.close();
      throw error;
    }
    return file;
  }

  /** The worker's, over the descriptor it has inherited. */
  static attach(fd: number): SharedFile {
    const byte = Buffer.alloc(1);
    readSync(fd, byte, 0, 1, HAS_AREAS_AT);
    return new SharedFile(fd, byte[0] === 1, undefined);
  }

  /** Fills `bytes` from `position`; returns how many there were. */
  read(bytes: NodeJS.ArrayBufferView, position: number): number {
    return readSync(this.fd, bytes, 0, bytes.byteLength, position);
  }

  /**
   * Returns how many bytes found room.
   *
   * @throws the file system's error when none did
   */
  write(bytes: NodeJS.ArrayBufferView, position: number): number {
    return writeSync(this.fd, bytes, 0, bytes.byteLength, position);
  }

  get isClosed(): boolean {
    return this.#isClosed;
  }

  /** Idempotent. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    closeSync(this.fd);
    if (this.#leftover !== undefined) unlink(this.#leftover);
    this.#leftover = undefined;
  }

  /** Writes all that comes before the areas, so that no later write of a word can fail for want of room. */
  #reserveHead(): void {
    const head = Buffer.alloc(AREAS_AT);
    head[HAS_AREAS_AT] = this.hasAreas ? 1 : 0;
    if (this.write(head, 0) !== AREAS_AT) throw new MillraceError('ERR_WORKER_START', 'there is no room for the file that is shared with the worker');
  }
}

function unlink(path: string): boolean {
  try {
    unlinkSync(path);
    return true;
  } catch {
    return false;
  }
}
