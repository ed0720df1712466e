import type { QueuedTask } from './queued-task.js';

/**
 * How many tasks and bytes stand in each level. Several queues may share one, so that a bound on the whole is checked in O(1).
 *
 * Requeued tasks count like any other, but are never evicted: what may be evicted is told apart.
 */
export class LevelCounts {
  /** Tasks in all levels. */
  size = 0;
  /** Bytes of arguments in all levels. */
  bytes = 0;
  readonly #sizes: number[];
  readonly #bytes: number[];
  readonly #requeued: number[];
  readonly #requeuedBytes: number[];

  constructor(levels: number) {
    const zeros = (): number[] => new Array<number>(levels).fill(0);
    this.#sizes = zeros();
    this.#bytes = zeros();
    this.#requeued = zeros();
    this.#requeuedBytes = zeros();
  }

  /** Tasks in one level. */
  sizeOf(level: number): number {
    return this.#sizes[level] as number;
  }

  /** Bytes in one level. */
  bytesOf(level: number): number {
    return this.#bytes[level] as number;
  }

  /** Tasks of one level that may be evicted. */
  evictableOf(level: number): number {
    return (this.#sizes[level] as number) - (this.#requeued[level] as number);
  }

  /** Bytes of one level that may be evicted. */
  evictableBytesOf(level: number): number {
    return (this.#bytes[level] as number) - (this.#requeuedBytes[level] as number);
  }

  add(task: QueuedTask): void {
    this.#count(task, 1);
  }

  remove(task: QueuedTask): void {
    this.#count(task, -1);
  }

  #count(task: QueuedTask, sign: 1 | -1): void {
    const { level } = task;
    const bytes = sign * task.bytes;
    this.size += sign;
    this.#sizes[level] = (this.#sizes[level] as number) + sign;
    if (bytes !== 0) {
      this.bytes += bytes;
      this.#bytes[level] = (this.#bytes[level] as number) + bytes;
    }
    if (task.requeued) {
      this.#requeued[level] = (this.#requeued[level] as number) + sign;
      this.#requeuedBytes[level] = (this.#requeuedBytes[level] as number) + bytes;
    }
  }
}
