/** The pool's side of threads that run each other's forked children: a seat for each, and what is to be done when one has ended. */
import { waitAsyncSupported } from '../runtime/atomics.js';
import type { ForkSeats } from '../shared/fork-join/fork-seats.js';
import type { CancelCode } from '../transport/protocol.js';
import { setTimeout } from '../runtime/host-timers.js';

/** How long a child may go on whose task died with its worker, before the worker that runs it is ended as well, in ms (P). */
const ORPHAN_GRACE_MS = 1_000;

/** What a worker's carrier is asked about its place among siblings. */
export interface Siblings {
  /** A task of this worker was told to stop: so are its children elsewhere. */
  setCancelled(slot: number, code: CancelCode): void;
  /** It runs children of others: it is not idle, whatever the pool has given it. */
  isEngaged(): boolean;
}

/** How to end the thread in each seat. */
const killers = new WeakMap<ForkSeats, Map<number, () => void>>();

export class ThreadSeat implements Siblings {
  readonly seat: number;
  readonly #seats: ForkSeats;
  readonly #killers: Map<number, () => void>;

  /** A seat in this pool; `undefined` when there is none, or threads cannot wake each other here. */
  static take(seats: ForkSeats | undefined): ThreadSeat | undefined {
    if (seats === undefined || !sharesForks()) return undefined;
    const seat = seats.sit();
    return seat < 0 ? undefined : new ThreadSeat(seats, seat);
  }

  private constructor(seats: ForkSeats, seat: number) {
    this.#seats = seats;
    this.seat = seat;
    this.#killers = killers.get(seats) ?? new Map();
    killers.set(seats, this.#killers);
  }

  /** What the thread is told. */
  get place(): { readonly area: SharedArrayBuffer; readonly seat: number } {
    return { area: this.#seats.area.buffer, seat: this.seat };
  }

  /** `kill` ends the thread. */
  occupy(kill: () => void): void {
    this.#killers.set(this.seat, kill);
  }

  setCancelled(slot: number, code: CancelCode): void {
    this.#seats.area.setCancelled(this.seat, slot, code);
  }

  isEngaged(): boolean {
    return this.#seats.isEngaged(this.seat);
  }

  /** The thread has ended. Children of its tasks that run elsewhere were told to stop; who goes on is ended. */
  leave(): void {
    if (!this.#killers.delete(this.seat)) return;
    for (const orphan of this.#seats.left(this.seat)) {
      setTimeout(() => {
        if (orphan.isRunning()) this.#killers.get(orphan.thief)?.();
      }, ORPHAN_GRACE_MS).unref();
    }
  }
}

function sharesForks(): boolean {
  return waitAsyncSupported && !('bun' in process.versions) && !('deno' in process.versions);
}
