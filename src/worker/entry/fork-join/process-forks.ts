/**
 * A process among its siblings: they share no memory, so children go through the pool. The oldest child is sent there with a question: can somebody run it now?
 *
 *     fork ──> asked ──declined──> pending again, here           the pool declines at once unless a worker is idle
 *                 └────taken────> outcome
 *
 * A question costs some tens of microseconds on either side. So few are open at a time, and after one that was declined, or whose child was too small to be worth
 * it, many forks go by before the next.
 */
import { performanceNow } from '../../../runtime/host-timers.js';
import { reviveError } from '../../../transport/error-codec.js';
import type { PoolFrame, WorkerFrame } from '../../../transport/protocol.js';
import { type Child, COMPLETED, FAILED, type Family } from './children.js';
import type { ForkHelpers } from './helpers.js';

/** Children that may be with the pool at once (P). */
const ASKED_MAX = 4;
/** Most forks that pass between two questions (P). */
const SKIP_MAX = 1_024;
/** A child that is back sooner was not worth the way, in ms (P). */
const WORTH_MS = 1;

interface Asked {
  readonly child: Child;
  readonly atMs: number;
}

export class ProcessForks implements ForkHelpers {
  readonly #send: (frame: WorkerFrame) => void;
  readonly #asked = new Map<number, Asked>();
  #lastFork = 0;
  #skip = 0;
  #skipNext = 0;

  constructor(send: (frame: WorkerFrame) => void) {
    this.#send = send;
  }

  offer(family: Family): void {
    if (this.#skip > 0) {
      this.#skip -= 1;
      return;
    }
    const child = family.oldest;
    if (child === undefined || child.homebound || this.#asked.size >= ASKED_MAX) return;
    this.#lastFork += 1;
    const { name, args } = child;
    child.offer = this.#lastFork;
    this.#asked.set(this.#lastFork, { child, atMs: performanceNow() });
    family.sent(child);
    this.#send({ type: 'fork', slot: family.parent.frame.slot, fork: this.#lastFork, name, args });
  }

  /** The pool has been asked: it answers. */
  takeBack(): boolean {
    return false;
  }

  takeOther(): undefined {
    return undefined;
  }

  collect(): void {}

  /** A child that comes back says so itself. */
  listen(): boolean {
    return true;
  }

  cancel(child: Child): void {
    this.#send({ type: 'unfork', fork: child.offer });
  }

  answered({ fork, outcome, value, error }: Extract<PoolFrame, { type: 'joined' }>): void {
    const asked = this.#asked.get(fork);
    if (asked === undefined) return;
    this.#asked.delete(fork);
    const { child, atMs } = asked;
    const wasWorthIt = outcome !== 'declined' && performanceNow() - atMs >= WORTH_MS;
    this.#skipNext = wasWorthIt ? 0 : Math.min(SKIP_MAX, this.#skipNext * 4 + 1);
    this.#skip = this.#skipNext;
    if (outcome === 'declined') return child.family.returned(child);
    if (outcome === 'completed') child.settle(COMPLETED, value);
    else child.settle(FAILED, error === undefined ? undefined : reviveError(error, []));
    child.family.arrived(child);
  }

  /** The arguments of a child cannot cross. */
  unsent(fork: number): void {
    const asked = this.#asked.get(fork);
    if (asked === undefined) return;
    this.#asked.delete(fork);
    asked.child.homebound = true;
    asked.child.family.returned(asked.child);
  }
}
