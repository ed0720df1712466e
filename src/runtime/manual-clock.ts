import { queueMicrotask } from './host-timers.js';
import type { Clock, Timer } from './clock.js';

interface Entry {
  readonly at: number;
  readonly sequence: number;
  readonly fn: () => void;
}

/**
 * A clock that stands still until it is told to move: time in tests is a decision, not a wait.
 * `defer` still uses microtasks, so `await clock.advance(ms)` lets deferred work and promises run between timers.
 */
export class ManualClock implements Clock {
  #now: number;
  #sequence = 0;
  readonly #entries: Set<Entry> = new Set();

  constructor(startMs = 0) {
    this.#now = startMs;
  }

  now(): number {
    return this.#now;
  }

  setTimer(delayMs: number, fn: () => void): Timer {
    const entry: Entry = { at: this.#now + Math.max(0, delayMs), sequence: this.#sequence++, fn };
    this.#entries.add(entry);
    return { cancel: () => void this.#entries.delete(entry) };
  }

  defer(fn: () => void): void {
    queueMicrotask(fn);
  }

  /** Timers that have not fired yet. */
  get pending(): number {
    return this.#entries.size;
  }

  /** Moves time forward, firing each due timer in order at its own instant; promises settle between timers. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settle();
    for (let due = this.#nextDue(end); due !== undefined; due = this.#nextDue(end)) {
      this.#entries.delete(due);
      this.#now = Math.max(this.#now, due.at);
      due.fn();
      await settle();
    }
    this.#now = end;
    await settle();
  }

  #nextDue(end: number): Entry | undefined {
    let next: Entry | undefined;
    for (const entry of this.#entries) {
      if (entry.at > end) continue;
      if (next === undefined || entry.at < next.at || (entry.at === next.at && entry.sequence < next.sequence)) next = entry;
    }
    return next;
  }
}

/** Enough microtask turns for chains of promises to run to their end. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}
