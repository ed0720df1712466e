/**
 * Finds out whether a worker keeps more and more. What a heap holds says little, for most of it may be garbage; what it holds right after a full collection
 * is what somebody holds on to. An object that nobody holds tells when there was one: it is let go of by full collections only.
 *
 *     collection   1            2            3            4            5
 *     held         8 MB         21 MB        70 MB        95 MB        140 MB        limit of the growth: 64 MB
 *                  baseline                               above        above again: a leak
 *
 * Twice, because a task in the middle of its work may hold much and let go of it. Costs 0.2 ms a full collection and the counting of calls.
 */
import { getHeapSpaceStatistics, getHeapStatistics } from 'node:v8';
import type { LeakReport } from '../../transport/protocol.js';

/** Collections in a row that must find too much. */
const FINDINGS_MIN = 2;

export class LeakGuard {
  readonly #growthBytesMax: number;
  readonly #report: (leak: LeakReport) => void;
  readonly #heldBytes: () => number;
  readonly #calls = new Map<string, number>();
  readonly #collected: FinalizationRegistry<undefined>;
  #baselineBytes = 0;
  #collections = 0;
  #findings = 0;

  /** @param heldBytes what is held, asked for right after a full collection */
  constructor(growthBytesMax: number, report: (leak: LeakReport) => void, heldBytes: () => number = heldByThisThread) {
    this.#growthBytesMax = growthBytesMax;
    this.#report = report;
    this.#heldBytes = heldBytes;
    this.#collected = new FinalizationRegistry(() => {
      this.collected();
      this.#watch();
    });
    this.#watch();
  }

  /** A function was called. */
  called(name: string): void {
    this.#calls.set(name, (this.#calls.get(name) ?? 0) + 1);
  }

  /** There was a full collection. Reports once, then never again. */
  collected(): void {
    const heldBytes = this.#heldBytes();
    this.#collections += 1;
    if (this.#collections === 1) {
      this.#baselineBytes = heldBytes;
      this.#calls.clear();
      return;
    }
    this.#baselineBytes = Math.min(this.#baselineBytes, heldBytes);
    this.#findings = heldBytes - this.#baselineBytes > this.#growthBytesMax ? this.#findings + 1 : 0;
    if (this.#findings !== FINDINGS_MIN) return;
    this.#report({ heldBytes, baselineBytes: this.#baselineBytes, collections: this.#collections, calls: Object.fromEntries(this.#calls) });
  }

  #watch(): void {
    this.#collected.register({}, undefined);
  }
}

/** Without what is young: a full collection has emptied that, and what is in it now came later. */
function heldByThisThread(): number {
  let bytes = getHeapStatistics().external_memory;
  for (const { space_name, space_used_size } of getHeapSpaceStatistics()) if (!/^(?:new_|read_only_)/.test(space_name)) bytes += space_used_size;
  return bytes;
}
