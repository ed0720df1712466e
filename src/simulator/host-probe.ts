/** What a policy is shown of the simulated machine. */
import type { HostSignals } from '../scheduler/scaler/scaling-policy.js';
import { quietHost } from '../scheduler/scaler/signals.js';
import type { SimWorld } from './sim-world.js';

/** What a machine without a limit has. */
const CORES_UNLIMITED = 1_024;

interface Reading {
  readonly atMs: number;
  readonly usedMs: number;
  /** Time tasks were on the cores, waiting for a share of them included. */
  readonly wantedMs: number;
  readonly occupiedMs: number;
}

/** Readings as a real host gives them: shares over the time since the reading before, at least a quarter of a second long. */
export class HostProbe {
  readonly #world: SimWorld;
  #last: Reading = { atMs: 0, usedMs: 0, wantedMs: 0, occupiedMs: 0 };
  #signals: HostSignals;

  constructor(world: SimWorld) {
    this.#world = world;
    this.#signals = quietHost(this.cores);
  }

  get cores(): number {
    return Math.min(CORES_UNLIMITED, this.#world.cores.capacity);
  }

  cpuTimeUs(): number {
    return this.#world.cores.usedMs() * 1_000;
  }

  read(nowMs: number): HostSignals {
    const last = this.#last;
    if (nowMs - last.atMs < 250) return this.#signals;
    const { cores, downstream } = this.#world;
    const now: Reading = { atMs: nowMs, usedMs: cores.usedMs(), wantedMs: cores.presentMs(), occupiedMs: cores.presentMs() + downstream.presentMs() };
    const [used, wanted, occupied] = [now.usedMs - last.usedMs, now.wantedMs - last.wantedMs, now.occupiedMs - last.occupiedMs];
    this.#last = now;
    this.#signals = {
      ...quietHost(this.cores),
      cpuDemand: occupied > 0 ? wanted / occupied : undefined,
      cpuWait: wanted > 0 ? Math.max(0, 1 - used / wanted) : undefined,
    };
    return this.#signals;
  }
}
