/**
 * The one block of memory that a pool shares with one thread worker.
 *
 *     byte 0        128            256            384          512          640            768          896
 *     | geometry     | request tail | request head | reply tail | reply head | worker parked | pool parked | worker status |
 *     |              | pool writes  | worker       | worker     | pool       | both          | both        | worker writes |
 *     1024: tail and head of the request area, tail and head of the reply area, as above
 *     1536
 *     | slot states: one word a slot      | cancel words: one word a slot     |
 *     | request ring (pool -> worker): requestBytes, a power of two           |
 *     | reply ring (worker -> pool): replyBytes, a power of two               |
 *     | request area, reply area: areaBytes each, a power of two              |
 *
 * Words that different threads write lie 128 bytes apart (a cache line and the one the hardware fetches with it), so that a store on one side
 * does not slow the other down. Positions in a ring count units of 8 bytes, run through the whole 32 bits and wrap.
 */
import { MillraceError } from '../../errors.js';

/** Words between two control words. */
const LINE_WORDS = 32;

export const REQUEST_TAIL: number = 1 * LINE_WORDS;
export const REQUEST_HEAD: number = 2 * LINE_WORDS;
export const REPLY_TAIL: number = 3 * LINE_WORDS;
export const REPLY_HEAD: number = 4 * LINE_WORDS;
export const WORKER_PARKED: number = 5 * LINE_WORDS;
export const POOL_PARKED: number = 6 * LINE_WORDS;
/** Not 0 while the pool has found that sleeping is quicker: the worker does not spin for single tasks then. Written by the pool, plainly: a hint. */
export const SLEEP_HINT: number = POOL_PARKED + 1;
/** 1 while the worker holds a reserve out of a long queue, so that the pool is woken for few of its replies; stored by the pool, a hint. */
export const GATHER_HINT: number = POOL_PARKED + 2;
export const STATUS: number = 7 * LINE_WORDS;
const REQUEST_AREA_TAIL: number = 8 * LINE_WORDS;
const REQUEST_AREA_HEAD: number = 9 * LINE_WORDS;
const REPLY_AREA_TAIL: number = 10 * LINE_WORDS;
const REPLY_AREA_HEAD: number = 11 * LINE_WORDS;
const CONTROL_WORDS = 12 * LINE_WORDS;

/** First word of the geometry: tells a ring from other memory. */
const MAGIC = 0x6d696c6c;

/** Where the bytes of records lie: the same memory seen three ways. */
export interface Span {
  readonly words: Int32Array;
  readonly doubles: Float64Array;
  readonly bytes: Uint8Array;
}

/** Where one ring lies within the memory. */
export interface RingPlace {
  readonly tailWord: number;
  readonly headWord: number;
  /** Byte of its first record; a multiple of 8. */
  readonly start: number;
  /** A power of two. */
  readonly capacityBytes: number;
}

export interface RingSizes {
  /** Tasks that may be in flight at once. Default 4096. */
  readonly slotsMax?: number;
  /** Bytes of the request ring, a power of two >= 256. Default 512 KB. */
  readonly requestBytes?: number;
  /** Bytes of the reply ring, a power of two >= 256. Default 512 KB. */
  readonly replyBytes?: number;
  /** Bytes of each of the two areas for large buffers, a power of two >= 256. Default 2 MB. */
  readonly areaBytes?: number;
}

/** The shared memory of one worker and the views that both ends work on. Untouched pages of it cost nothing. */
export class RingMemory implements Span {
  /** What crosses to the worker. */
  readonly buffer: SharedArrayBuffer;
  readonly words: Int32Array;
  readonly doubles: Float64Array;
  readonly bytes: Buffer;
  readonly slotsMax: number;
  /** Word of slot 0's state; slot n's follows n words later. */
  readonly statesWord: number;
  /** Word of slot 0's cancel code. */
  readonly cancelsWord: number;
  readonly request: RingPlace;
  readonly reply: RingPlace;
  /** Large buffers of the tasks, and of the replies: `bulk-area.ts`. */
  readonly requestArea: RingPlace;
  readonly replyArea: RingPlace;

  private constructor(buffer: SharedArrayBuffer) {
    this.buffer = buffer;
    this.words = new Int32Array(buffer);
    this.doubles = new Float64Array(buffer);
    this.bytes = Buffer.from(buffer);
    const [magic, slotsMax, requestBytes, replyBytes, areaBytes] = this.words as unknown as readonly [number, number, number, number, number];
    if (magic !== MAGIC) throw new MillraceError('ERR_PROTOCOL', 'this shared memory is not that of a ring: the two ends were made by different versions');
    this.slotsMax = slotsMax;
    this.statesWord = CONTROL_WORDS;
    this.cancelsWord = CONTROL_WORDS + slotsMax;
    const start = recordsStart(slotsMax);
    this.request = { tailWord: REQUEST_TAIL, headWord: REQUEST_HEAD, start, capacityBytes: requestBytes };
    this.reply = { tailWord: REPLY_TAIL, headWord: REPLY_HEAD, start: start + requestBytes, capacityBytes: replyBytes };
    const areas = start + requestBytes + replyBytes;
    this.requestArea = { tailWord: REQUEST_AREA_TAIL, headWord: REQUEST_AREA_HEAD, start: areas, capacityBytes: areaBytes };
    this.replyArea = { tailWord: REPLY_AREA_TAIL, headWord: REPLY_AREA_HEAD, start: areas + areaBytes, capacityBytes: areaBytes };
  }

  /** New memory: done by the pool. */
  static create(sizes: RingSizes = {}): RingMemory {
    const { slotsMax = 4096, requestBytes = 1 << 19, replyBytes = 1 << 19, areaBytes = 1 << 21 } = sizes;
    const buffer = new SharedArrayBuffer(recordsStart(slotsMax) + requestBytes + replyBytes + 2 * areaBytes);
    new Int32Array(buffer).set([MAGIC, slotsMax, requestBytes, replyBytes, areaBytes]);
    return new RingMemory(buffer);
  }

  /** Memory that the other side created. */
  static open(buffer: SharedArrayBuffer): RingMemory {
    return new RingMemory(buffer);
  }
}

/** Byte of the first record: after the words of the slots, on a line of its own. */
function recordsStart(slotsMax: number): number {
  const lineBytes = LINE_WORDS * 4;
  return Math.ceil((CONTROL_WORDS * 4 + slotsMax * 8) / lineBytes) * lineBytes;
}
