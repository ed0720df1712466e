/** One worker as the pool sees it. */
import { deferred } from '../runtime/deferred.js';
import type { Deferred } from '../runtime/deferred.js';
import type { Worker, WorkerReady, WorkerState } from '../worker/worker.js';
import type { PoolTask } from './pool-task.js';

/** What the pool thinks of a worker: `suspect` gets one task at a time, `isolated` none. */
export type WorkerHealth = 'healthy' | 'suspect' | 'isolated';

export class Member {
  readonly worker: Worker<PoolTask>;
  /** Position in the order of creation. */
  readonly ordinal: number;
  readonly startedAt: number;
  state: WorkerState = 'starting';
  info: WorkerReady | undefined = undefined;
  readyAt = 0;
  /** Tasks handed over and not answered, broadcasts and abandoned ones included. */
  inFlight = 0;
  /** Tasks handed over in its life. */
  dispatched = 0;
  answered = 0;
  /** Time at which it became idle. */
  idleSince = 0;
  /** Tasks it may hold: its concurrency and what is sent ahead. */
  creditMax = 0;
  /** Tasks it may be sent ahead out of a long queue; 0 while that is no more than out of any. */
  reserve = 0;
  /** Tasks that count as one load, as a power of two. */
  packing = 0;
  /** Moving mean of the time it takes for a task, in ms. */
  serviceMs: number = NaN;
  /** The same without preference for short times. */
  meanMs: number = NaN;
  /** What the last batch of answers took a task, in ms. */
  sampleMs: number = NaN;
  /** What a task of those it answered in this turn took it, in ms of its own clock; NaN where it does not tell. */
  measuredMs: number = NaN;
  /** Answers since the queue was last looked at, and when that had brought the last ones (or when it was given work, if later). */
  batch = 0;
  batchSince = 0;
  /** `answered` when the sizing last looked, and since when it has not changed. */
  answeredAtSizing = -1;
  sizedAt = 0;
  /** Whether the sizing knows how long it took to start. */
  bootSized = false;
  /** Functions of it that block (`context().blocking`). */
  blocking = 0;
  /** Whether frames wait for a flush. */
  touched = false;
  /** To be replaced: no longer counted, drained as soon as its replacement is ready. */
  retiring = false;
  /** Why the pool ends it, when that is the doing of what it runs. */
  endedFor: Error | undefined = undefined;
  /** Until when it is not ended, because somebody takes its stack; in ms of the pool's clock. */
  lookedAtUntil = 0;
  /** Heap snapshots that are being taken of it: it stands still meanwhile. */
  snapshots = 0;
  /** Since when a question whether its event loop turns is unanswered, in ms of the pool's clock. */
  askedAt: number = NaN;
  /** Attempts told to stop that have not ended. */
  abandoned = 0;
  /** How its tasks end, compared with those of the others. */
  health: WorkerHealth = 'healthy';
  /** What a suspect is suspected of. */
  suspicion: 'errors' | 'slow' | undefined = undefined;
  /** Bound on the tasks it may hold, whatever the prefetch says. */
  creditCap: number = Infinity;
  /** Broadcasts that wait for it to be ready. */
  readonly pending: PoolTask[] = [];
  /** Places of tasks that wait for tasks they submitted themselves: see `nesting.ts`. */
  lent = 0;
  readonly exited: Deferred<void> = deferred<void>();
  /** Resolves when it is ready or has ended without being so. */
  readonly settled: Deferred<void> = deferred<void>();

  constructor(worker: Worker<PoolTask>, ordinal: number, startedAt: number) {
    this.worker = worker;
    this.ordinal = ordinal;
    this.startedAt = startedAt;
  }

  /** Whether it counts toward the size of the pool. */
  get counts(): boolean {
    return !this.retiring && (this.state === 'starting' || this.state === 'ready');
  }
}

/** The idlest, youngest member; one that is still starting before one that works. */
export function leastNeeded(members: Iterable<Member>): Member | undefined {
  let best: Member | undefined;
  for (const member of members) {
    if (!member.counts) continue;
    if (best === undefined || need(member) < need(best) || (need(member) === need(best) && member.ordinal > best.ordinal)) best = member;
  }
  return best;
}

/** How many workers a pool of at most `max` may get beside those that are ready: the ones that are starting, and more. */
export function yetToCome(members: Iterable<Member>, max: number): number {
  let toCome = max;
  for (const member of members) if (member.counts && member.state === 'ready') toCome -= 1;
  return Math.max(0, toCome);
}

function need(member: Member): number {
  return member.state === 'starting' ? -1 : member.inFlight;
}
