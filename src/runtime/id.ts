/**
 * Task ids that are short and sort by submission, without asking the clock or chance for each task.
 *
 *     mh2k9x4c 0f3qz - 000002s
 *     |        |       number of the task in its pool, base 36
 *     |        chance, so that pools made in one ms differ
 *     epoch ms in base 36: eight digits until 2059
 */
import type { Random } from './random.js';

const TIME_DIGITS = 8;
const CHANCE_DIGITS = 5;
const SEQUENCE_DIGITS = 7;

/** The part of an id that all tasks of one pool share: 13 characters of [0-9a-z] that sort by the time the pool was made. */
export function poolIdPrefix(random: Random, nowEpochMs: number): string {
  return base36(Math.floor(nowEpochMs), TIME_DIGITS) + base36(Math.floor(random() * 36 ** CHANCE_DIGITS), CHANCE_DIGITS);
}

/** The id of the `sequence`-th task of a pool; ids sort by it for the first 78 thousand million tasks. */
export function taskId(prefix: string, sequence: number): string {
  return `${prefix}-${base36(sequence, SEQUENCE_DIGITS)}`;
}

function base36(value: number, digits: number): string {
  return value.toString(36).padStart(digits, '0');
}
