/** What a policy is shown of the simulated machine. */
import { CpuShares } from '../pool/cpu-shares.js';
import type { HostSource, PoolReadings } from '../pool/host-readings.js';
import type { HostSignals } from '../scheduler/scaler/scaling-policy.js';
import { quietHost } from '../scheduler/scaler/signals.js';
import type { SimWorld } from './sim-world.js';

/** What a machine without a limit has. */
const CORES_UNLIMITED = 1_024;

const READ_MS_MIN = 250;

/** Readings as a real host gives them (`pool/host-readings.ts`): of the workers that are ready only, at most four times a second, and with its memory. */
export class HostProbe implements HostSource {
  readonly #world: SimWorld;
  readonly #shares = new CpuShares();
  #readAt = -Infinity;
  #usedMs = 0;
  #presentMs = 0;
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

  read(nowMs: number, { threads, occupiedMs, blocked }: PoolReadings): HostSignals {
    if (nowMs - this.#readAt < READ_MS_MIN) return { ...this.#signals, blocked };
    this.#readAt = nowMs;
    const { usedMs, presentMs } = this.#world.cores.tasks();
    const cpuMs = usedMs - this.#usedMs;
    this.#shares.take({ cpuMs, waitMs: Math.max(0, presentMs - this.#presentMs - cpuMs) }, occupiedMs, threads.length);
    this.#usedMs = usedMs;
    this.#presentMs = presentMs;
    this.#signals = { ...quietHost(this.cores), cpuDemand: this.#shares.demand, cpuWait: this.#shares.wait, blocked };
    return this.#signals;
  }
}
