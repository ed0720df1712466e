/**
 * The contract of a placement strategy: which of the workers that have room gets the next task.
 * Strategies live in `placement/`, one a file, ten lines each; they know no clock and take chance as an argument.
 */
import type { Random } from '../runtime/random.js';

/** What a strategy sees of a worker. */
export interface PlacementSlot {
  /** Tasks in flight on it. */
  readonly load: number;
  /** How many more it may be sent. */
  readonly credit: number;
}

/** The ready workers with credit, kept by the scheduler so that every strategy is O(1) in the number of workers. */
export interface Candidates<S extends PlacementSlot> {
  readonly size: number;
  /** The least loaded; among equals the most recently busy one, so that surplus workers truly idle. */
  leastLoaded(): S | undefined;
  /** The one that has gone longest without being given a task (counted from when it got credit, if that is later). */
  leastRecent(): S | undefined;
  /** The i-th, in no particular order. */
  at(index: number): S | undefined;
}

export interface Placement {
  readonly name: PlacementName;
  /** Picks one of `candidates` (which is not empty). */
  pick<S extends PlacementSlot>(candidates: Candidates<S>, random: Random): S | undefined;
}

export type PlacementName = 'least-loaded' | 'round-robin' | 'random' | 'two-choices' | 'affinity';
