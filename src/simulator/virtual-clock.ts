/**
 * Time that passes as fast as the simulation computes: the clock jumps from one event to the next.
 *
 *     sources   arrivals, processors        each knows when its next event is; asking is O(1), so no heap holds one entry a task
 *     timers    everything the pool waits for
 *     deferred  runs after the event that asked for it, as microtasks do, before the next event
 *
 * Among events of the same instant sources come first, in the order they were added, then timers in the order they were set: a run is a function of
 * its seed.
 */
import { IndexedHeap } from '../collections/heap.js';
import type { Clock, Timer } from '../runtime/clock.js';

/** Something with a next event of its own. */
export interface EventSource {
  /** When its next event is, in ms; Infinity for none. */
  nextAt(): number;
  /** Called when the clock has come there. */
  fire(): void;
}

interface Entry {
  readonly fn: () => void;
}

export class VirtualClock implements Clock {
  #now = 0;
  readonly #timers = new IndexedHeap<Entry>();
  readonly #sources: EventSource[] = [];
  #deferred: (() => void)[] = [];

  now(): number {
    return this.#now;
  }

  setTimer(delayMs: number, fn: () => void): Timer {
    const entry: Entry = { fn };
    this.#timers.push(entry, this.#now + Math.max(0, delayMs));
    return { cancel: () => void this.#timers.remove(entry) };
  }

  defer(fn: () => void): void {
    this.#deferred.push(fn);
  }

  addSource(source: EventSource): void {
    this.#sources.push(source);
  }

  /** When the next event is; Infinity for none. */
  nextAt(): number {
    let at = this.#timers.peekKey() ?? Infinity;
    for (const source of this.#sources) at = Math.min(at, source.nextAt());
    return at;
  }

  /** Moves to the next event and lets it happen. Returns false when there is none up to `endMs`. */
  step(endMs: number): boolean {
    let at = this.#timers.peekKey() ?? Infinity;
    let next: EventSource | undefined;
    for (const source of this.#sources) {
      const sourceAt = source.nextAt();
      if (sourceAt < at || (next === undefined && sourceAt === at && at !== Infinity)) {
        at = sourceAt;
        next = source;
      }
    }
    if (at > endMs || at === Infinity) return false;
    this.#now = Math.max(this.#now, at);
    if (next === undefined) this.#timers.pop()?.fn();
    else next.fire();
    this.runDeferred();
    return true;
  }

  /** Moves on where nothing happens. */
  moveTo(atMs: number): void {
    this.#now = Math.max(this.#now, atMs);
  }

  /** Runs what was deferred, and what that defers. Returns whether there was anything. */
  runDeferred(): boolean {
    if (this.#deferred.length === 0) return false;
    while (this.#deferred.length > 0) {
      const due = this.#deferred;
      this.#deferred = [];
      for (const fn of due) fn();
    }
    return true;
  }
}
