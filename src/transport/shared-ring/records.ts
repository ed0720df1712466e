/**
 * What stands in the rings: a header of words, then the bytes of one value.
 *
 *     word  0 size of the record in bytes, a multiple of 8
 *           1 kind | format << 8 | flags << 16
 *           2 slot (TASK, RESULT, ERROR), id (NAME), 0
 *           3 bytes of the value
 *     TASK only:
 *           4 generation of the slot      5 attempt
 *           6 id of the function's name   7 unused
 *           8-9 sequence (double)         10-11 deadline in ms since the epoch (double)
 *
 * A NAME record comes before the first TASK that uses its id.
 */

export const KIND_TASK = 1;
export const KIND_NAME = 2;
export const KIND_FRAME = 3;
export const KIND_RESULT = 4;
export const KIND_ERROR = 5;

/** How the value crosses. */
export const FORMAT_UNDEFINED = 0;
/** As bytes of the codec, in the record. */
export const FORMAT_INLINE = 1;
/** The same, but its large buffers were moved through the port: one message, their list. */
export const FORMAT_BULKS = 2;
/** The same, but its large buffers stand in the area; the last byte of the value is their number. */
export const FORMAT_AREA = 5;
/** Too long for the ring: the bytes of the codec were moved through the port, as the first in that list. */
export const FORMAT_MOVED = 3;
/** As a structured clone through the port: transfers and what only a port carries. */
export const FORMAT_PORT = 4;

export const HEADER_BYTES = 16;
export const TASK_HEADER_BYTES = 48;

/** The value of a TASK is `[args, givenCorrelationId]` instead of `args`. */
export const FLAG_HAS_CORRELATION_ID = 0x8000;

export const WORD_KIND = 1;
export const WORD_SLOT = 2;
export const WORD_VALUE_BYTES = 3;
export const WORD_GENERATION = 4;
export const WORD_ATTEMPT = 5;
export const WORD_NAME = 6;
export const DOUBLE_SEQUENCE = 4;
export const DOUBLE_DEADLINE = 5;

export function kindOf(head: number): number {
  return head & 0xff;
}

export function formatOf(head: number): number {
  return (head >>> 8) & 0xff;
}

export function flagsOf(head: number): number {
  return head >>> 16;
}
