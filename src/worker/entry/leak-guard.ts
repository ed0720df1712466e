/**
 * Finds out whether a worker keeps more and more. What a heap holds says little, for most of it may be garbage; what it holds right after a full collection
 * is what somebody holds on to. A value that nobody holds tells when there was one: it is let go of by full collections only.
 *
 *     collection   1            2            3            4
 *     held         8 MB         21 MB        95 MB        140 MB        limit of the growth: 64 MB
 *                  baseline                  suspect      a leak
 *
 * That is told some tasks late, when there is new garbage. So the first finding is a suspicion, and the next collection is measured exactly, by a profiler
 * that runs from the one to the other. And a task in the middle of its work may hold much and let go of it. Costs 0.2 ms a full collection, the counting of
 * calls, and while there is suspicion some 50 µs each collection.
 */
import { getHeapSpaceStatistics, getHeapStatistics } from 'node:v8';
import type { GCProfiler } from 'node:v8';
import type { LeakReport } from '../../transport/protocol.js';

/** Tells what is held. */
export interface HeldMeter {
  /** Now, new garbage included. */
  now(): number;
  /** From now on full collections are measured. */
  begin(): void;
  /** What the last full collection since `begin` has left; `undefined` where it was not measured. */
  end(): number | undefined;
}

export class LeakGuard {
  readonly #growthBytesMax: number;
  readonly #report: (leak: LeakReport) => void;
  readonly #meter: HeldMeter;
  readonly #calls = new Map<string, number>();
  readonly #collected: FinalizationRegistry<undefined>;
  #baselineBytes = Infinity;
  #collections = 0;
  #state: 'calm' | 'suspicious' | 'reported' = 'calm';

  constructor(growthBytesMax: number, report: (leak: LeakReport) => void, meter: HeldMeter = new ThreadMeter()) {
    this.#growthBytesMax = growthBytesMax;
    this.#report = report;
    this.#meter = meter;
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
    if (this.#state === 'reported') return;
    this.#collections += 1;
    if (this.#collections === 1) this.#calls.clear();
    const wasSuspicious = this.#state === 'suspicious';
    const heldBytes = (wasSuspicious ? this.#meter.end() : undefined) ?? this.#meter.now();
    this.#baselineBytes = Math.min(this.#baselineBytes, heldBytes);
    this.#state = 'calm';
    if (heldBytes - this.#baselineBytes <= this.#growthBytesMax) return;
    if (!wasSuspicious) {
      this.#state = 'suspicious';
      this.#meter.begin();
      return;
    }
    this.#state = 'reported';
    this.#report({ heldBytes, baselineBytes: this.#baselineBytes, collections: this.#collections, calls: Object.fromEntries(this.#calls) });
  }

  #watch(): void {
    // A symbol, because it is born old: newer engines let go of young objects in their small collections too.
    this.#collected.register(Symbol('collected'), undefined);
  }
}

/** The heap and the buffers of this thread. */
class ThreadMeter implements HeldMeter {
  #profiler: GCProfiler | undefined;

  /** Without what is young: a full collection has emptied that, and what is in it now came later. */
  now(): number {
    let bytes = getHeapStatistics().external_memory;
    for (const { space_name, space_used_size } of getHeapSpaceStatistics()) if (!/^(?:new_|read_only_)/.test(space_name)) bytes += space_used_size;
    return bytes;
  }

  begin(): void {
    const { GCProfiler: Profiler } = process.getBuiltinModule('node:v8') as { GCProfiler?: new () => GCProfiler };
    if (Profiler === undefined) return;
    this.#profiler = new Profiler();
    this.#profiler.start();
  }

  end(): number | undefined {
    const collections = this.#profiler?.stop().statistics ?? [];
    this.#profiler = undefined;
    const after = collections.findLast(({ gcType }) => gcType === 'MarkSweepCompact')?.afterGC.heapStatistics;
    return after === undefined ? undefined : after.usedHeapSize + after.externalMemory;
  }
}
