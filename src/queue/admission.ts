/**
 * Whether a task may enter the queue: a pure decision from what the queue holds.
 *
 *     requeued? -------------------------------------------------> admit
 *     room in the whole queue, and in its level or a lower one? --> admit (at that level)
 *     full, by `whenFull`:
 *       reject, caller-runs, dead-letter, wait  -----------------> that
 *       shed-lowest, drop-oldest: would evicting make room? -----> evict one and ask again, else refuse
 *
 * `evict` names one task. The caller takes it out and asks again, until the answer is `admit`: what may be evicted was found to be
 * enough before the first one goes, and each eviction leaves it enough.
 */
import type { LevelCounts } from './level-counts.js';
import type { LevelOptions, QueuedTask } from './queued-task.js';

/** What to do with a task that finds the queue full. */
export type WhenFull = 'reject' | 'wait' | 'shed-lowest' | 'drop-oldest' | 'caller-runs' | 'dead-letter';

/** Bounds of a queue; `Infinity` for none. */
export interface QueueBounds {
  readonly max: number;
  readonly bytesMax: number;
  readonly levels: readonly LevelOptions[];
  readonly whenFull: WhenFull;
}

/** What a queue holds. Delayed tasks take up room; those that wait for room do not. */
export interface QueueLoad {
  readonly counts: LevelCounts;
  readonly delayed: { readonly size: number; readonly bytes: number };
  readonly waiting: { readonly size: number };
  /** Places in workers that are being started or still may be: with room for no task, so many may wait for those. Default none. */
  placesToCome?(): number;
}

/** What admission looks at in a task. */
export type Applicant = Pick<QueuedTask, 'level' | 'bytes' | 'requeued'>;

export type AdmissionDecision =
  /** Queue it at `level`, which is lower than its own when that is full. */
  | { readonly action: 'admit'; readonly level: number }
  /** Take out the oldest or newest task of `level` (`oldestOf`, `newestOf`), then ask again. */
  | { readonly action: 'evict'; readonly level: number; readonly end: 'oldest' | 'newest' }
  /** `neverFits`: it is larger than the bounds themselves, so trying again is of no use. */
  | { readonly action: 'refuse'; readonly neverFits: boolean }
  | { readonly action: 'wait' | 'caller-runs' | 'dead-letter' };

/** Answers of {@link Admission.roomFor} that are no level: the whole queue is full. */
export const QUEUE_FULL = -1;
/** The task's level and all lower ones are full. */
export const LEVEL_FULL = -2;

const REFUSE: AdmissionDecision = { action: 'refuse', neverFits: false };
const REFUSE_FOR_EVER: AdmissionDecision = { action: 'refuse', neverFits: true };
const WAIT: AdmissionDecision = { action: 'wait' };
const CALLER_RUNS: AdmissionDecision = { action: 'caller-runs' };
const DEAD_LETTER: AdmissionDecision = { action: 'dead-letter' };

/** Decides for one set of bounds. A decision is O(levels) and allocates nothing. */
export class Admission {
  readonly #bounds: QueueBounds;
  readonly #admit: readonly AdmissionDecision[];
  readonly #evict: readonly AdmissionDecision[];

  constructor(bounds: QueueBounds) {
    this.#bounds = bounds;
    const end = bounds.whenFull === 'shed-lowest' ? 'newest' : 'oldest';
    this.#admit = bounds.levels.map((_, level) => ({ action: 'admit', level }));
    this.#evict = bounds.levels.map((_, level) => ({ action: 'evict', level, end }));
  }

  /** With `whenFull: 'wait'` a task waits also while others do; ask the waiting room at once whether it may enter before them. */
  decide(task: Applicant, load: QueueLoad): AdmissionDecision {
    if (task.requeued) return this.#admit[task.level] as AdmissionDecision;
    const level = this.roomFor(task, load);
    const behindOthers = this.#bounds.whenFull === 'wait' && load.waiting.size > 0;
    if (level >= 0 && !behindOthers) return this.#admit[level] as AdmissionDecision;
    return this.#whenFull(task, load);
  }

  /** The level at which a task would enter: its own, or the next lower one with room; else `QUEUE_FULL` or `LEVEL_FULL`. */
  roomFor(task: Applicant, load: QueueLoad): number {
    return this.#fitsQueue(task, load, 0, 0) ? this.#levelWithRoom(task, load.counts) : QUEUE_FULL;
  }

  /** Whether a task has more bytes than the bounds themselves: it must not be left to wait. With room for no task it may yet start, when a worker is free. */
  neverFits(task: Applicant): boolean {
    const { bytesMax, levels } = this.#bounds;
    return task.bytes > bytesMax || !levels.some((level, index) => index >= task.level && level.bytesMax >= task.bytes);
  }

  #whenFull(task: Applicant, load: QueueLoad): AdmissionDecision {
    switch (this.#bounds.whenFull) {
      case 'caller-runs':
        return CALLER_RUNS;
      case 'dead-letter':
        return DEAD_LETTER;
      case 'wait':
        return this.neverFits(task) ? REFUSE_FOR_EVER : WAIT;
      case 'reject':
        return this.neverFits(task) ? REFUSE_FOR_EVER : REFUSE;
      case 'shed-lowest':
        return this.#evictFrom(task.level + 1, task, load);
      case 'drop-oldest':
        return this.#evictFrom(0, task, load);
    }
  }

  /** Evicts from the levels `first` and lower, if what may go there is enough. */
  #evictFrom(first: number, task: Applicant, load: QueueLoad): AdmissionDecision {
    if (this.neverFits(task)) return REFUSE_FOR_EVER;
    if (!this.#evictionHelpsQueue(first, task, load)) return REFUSE;
    const { counts } = load;
    if (this.#levelWithRoom(task, counts) >= 0) return this.#evict[this.#victimLevel(first, task, counts)] as AdmissionDecision;
    const level = this.#levelToClear(first, task, counts);
    return level === LEVEL_FULL ? REFUSE : (this.#evict[level] as AdmissionDecision);
  }

  #evictionHelpsQueue(first: number, task: Applicant, load: QueueLoad): boolean {
    let size = 0;
    let bytes = 0;
    for (let level = first; level < this.#evict.length; level += 1) {
      size += load.counts.evictableOf(level);
      bytes += load.counts.evictableBytesOf(level);
    }
    return this.#fitsQueue(task, load, size, bytes);
  }

  /** Where a victim is taken to make room in the whole queue: `drop-oldest` starts at the task's own level, the rest at the lowest. */
  #victimLevel(first: number, task: Applicant, counts: LevelCounts): number {
    if (first <= task.level && counts.evictableOf(task.level) > 0) return task.level;
    let level = this.#evict.length - 1;
    while (counts.evictableOf(level) === 0) level -= 1;
    return level;
  }

  /** The level which the task could enter after evictions there: its own before the lowest. */
  #levelToClear(first: number, task: Applicant, counts: LevelCounts): number {
    if (first <= task.level && this.#fitsLevelOnceCleared(task, counts, task.level)) return task.level;
    for (let level = this.#evict.length - 1; level > task.level; level -= 1) {
      if (this.#fitsLevelOnceCleared(task, counts, level)) return level;
    }
    return LEVEL_FULL;
  }

  #fitsQueue(task: Applicant, load: QueueLoad, sizeFreed: number, bytesFreed: number): boolean {
    const { counts, delayed } = load;
    const size = counts.size + delayed.size + 1 - sizeFreed;
    const { max, bytesMax } = this.#bounds;
    return (size <= max || (max < 1 && size <= (load.placesToCome?.() ?? 0))) && counts.bytes + delayed.bytes + task.bytes - bytesFreed <= bytesMax;
  }

  #levelWithRoom(task: Applicant, counts: LevelCounts): number {
    for (let level = task.level; level < this.#admit.length; level += 1) {
      if (this.#fitsLevel(task, counts, level, 0, 0)) return level;
    }
    return LEVEL_FULL;
  }

  #fitsLevelOnceCleared(task: Applicant, counts: LevelCounts, level: number): boolean {
    return this.#fitsLevel(task, counts, level, counts.evictableOf(level), counts.evictableBytesOf(level));
  }

  #fitsLevel(task: Applicant, counts: LevelCounts, level: number, sizeFreed: number, bytesFreed: number): boolean {
    const { max, bytesMax } = this.#bounds.levels[level] as LevelOptions;
    return counts.sizeOf(level) + 1 - sizeFreed <= max && counts.bytesOf(level) + task.bytes - bytesFreed <= bytesMax;
  }
}
