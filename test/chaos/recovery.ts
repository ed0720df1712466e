/** Watches how long a pool has fewer workers than it should: after each fault it must be back within two spawns. */
import type { Pool } from 'millrace';
import type { Tasks } from './ledger.js';

/** What the machine may add to two spawns when it is busy with something else. */
const SLACK_MS = 3_000;

export interface Gap {
  readonly ms: number;
  readonly gone: number;
  readonly bootMs: number;
}

export class Recovery {
  /** Times in which workers were missing: how long, how many went, and the slowest start of one. */
  readonly gaps: Gap[] = [];
  readonly late: string[] = [];
  #target: number;
  readonly #ready = new Set<string>();
  readonly #onChange = new Set<() => void>();
  #missingSince: number | undefined;
  #bootMs = 0;
  #stalledMs = 0;
  /** Workers that went since the first was missed: a task that is tried again may end a second one. */
  #gone = 0;

  constructor(pool: Pool<Tasks>, target: number) {
    this.#target = target;
    pool.on('workerReady', ({ workerId, bootMs }) => {
      this.#ready.add(workerId);
      this.#bootMs = Math.max(this.#bootMs, bootMs);
      this.#look();
    });
    pool.on('workerExit', ({ workerId }) => {
      if (this.#ready.delete(workerId)) this.#gone += 1;
      this.#look();
    });
  }

  get target(): number {
    return this.#target;
  }

  set target(target: number) {
    this.#target = target;
    this.#look();
  }

  /** We stood still ourselves for so long. */
  stalled(ms: number): void {
    this.#stalledMs += ms;
  }

  isReady(workerId: string): boolean {
    return this.#ready.has(workerId);
  }

  /** Resolves when something has happened to a worker. */
  change(): Promise<void> {
    return new Promise((resolve) => {
      this.#onChange.add(resolve);
    });
  }

  /** Resolves when no worker is missing. */
  async whole(): Promise<void> {
    while (this.#ready.size < this.#target) await this.change();
  }

  #look(): void {
    for (const resolve of this.#onChange) resolve();
    this.#onChange.clear();
    const now = performance.now();
    if (this.#ready.size < this.#target) this.#missingSince ??= now;
    else if (this.#missingSince !== undefined) this.#ended(now - this.#missingSince);
    else this.#gone = 0;
  }

  #ended(ms: number): void {
    this.gaps.push({ ms, gone: this.#gone, bootMs: this.#bootMs });
    const spawnsMs = 2 * this.#bootMs * Math.max(1, this.#gone);
    if (ms > spawnsMs + SLACK_MS + this.#stalledMs)
      this.late.push(`${this.#gone} workers were missing for ${ms.toFixed(0)} ms; two spawns for each take ${spawnsMs.toFixed(0)} ms`);
    this.#missingSince = undefined;
    this.#stalledMs = 0;
    this.#gone = 0;
  }
}
