/** The record of a task: written by the pool's side, read by the worker's. The layout is in `records.ts`. */
import type { TaskFrame } from '../protocol.js';
import type { RingMemory, Span } from './layout.js';
import {
  DOUBLE_DEADLINE,
  DOUBLE_SEQUENCE,
  FLAG_HAS_CORRELATION_ID,
  flagsOf,
  WORD_ATTEMPT,
  WORD_GENERATION,
  WORD_KIND,
  WORD_NAME,
  WORD_SLOT,
} from './records.js';

/** Fills in what the header of a task has beyond that of other records, at the record's first word. */
export function writeTask({ words, doubles }: Span, word: number, task: TaskFrame, nameId: number, generation: number): void {
  const flags = task.givenCorrelationId === undefined ? task.flags : task.flags | FLAG_HAS_CORRELATION_ID;
  words[word + WORD_KIND] = (words[word + WORD_KIND] as number) | (flags << 16);
  words[word + WORD_GENERATION] = generation;
  words[word + WORD_ATTEMPT] = task.attempt;
  words[word + WORD_NAME] = nameId;
  doubles[(word >>> 1) + DOUBLE_SEQUENCE] = task.sequence;
  doubles[(word >>> 1) + DOUBLE_DEADLINE] = task.deadlineEpochMs;
}

/** The frame of a record, given its value. */
export function readTask({ words, doubles }: RingMemory, word: number, names: readonly string[], value: unknown): TaskFrame {
  const flags = flagsOf(words[word + WORD_KIND] as number);
  const isPair = (flags & FLAG_HAS_CORRELATION_ID) !== 0;
  return {
    slot: words[word + WORD_SLOT] as number,
    name: names[words[word + WORD_NAME] as number] as string,
    args: ((isPair ? (value as readonly unknown[])[0] : value) ?? []) as readonly unknown[],
    transfer: undefined,
    sequence: doubles[(word >>> 1) + DOUBLE_SEQUENCE] as number,
    attempt: words[word + WORD_ATTEMPT] as number,
    flags: flags & ~FLAG_HAS_CORRELATION_ID,
    deadlineEpochMs: doubles[(word >>> 1) + DOUBLE_DEADLINE] as number,
    givenCorrelationId: isPair ? ((value as readonly unknown[])[1] as string) : undefined,
  };
}
