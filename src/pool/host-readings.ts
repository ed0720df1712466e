/**
 * What a pool tells its sizing policy of the host: read at most four times a second, and less often with many workers, so that it costs less than a
 * thousandth of a core (`bench/micro/host-readings.mjs`).
 */
import { HostStressReader } from '../runtime/host-stress.js';
import type { HostStress } from '../runtime/host-stress.js';
import { residentBytes } from '../runtime/process-memory.js';
import { ThreadSchedule } from '../runtime/thread-schedule.js';
import type { OsThreadName } from '../runtime/thread-schedule.js';
import type { HostSignals } from '../scheduler/scaler/scaling-policy.js';
import { quietHost } from '../scheduler/scaler/signals.js';
import { CpuShares } from './cpu-shares.js';

/** What is asked of the pool for a reading. */
export interface PoolReadings {
  /** Threads of the workers that are ready. */
  readonly threads: readonly OsThreadName[];
  /** How long tasks have occupied places in workers since the pool was made, in ms, those that go on included. */
  readonly occupiedMs: number;
  /** Workers whose task blocks. */
  readonly blocked: number;
}

const READ_MS_MIN = 250;
const READ_MS_PER_WORKER = 16;
/** Share of the memory that workers may fill. */
const MEMORY_SHARE = 0.8;
/** An isolate takes at least this much. */
const WORKER_BYTES_MIN = 12 * 1_024 * 1_024;

/** Where a pool has its readings of the host from; the simulator has its own. */
export interface HostSource {
  read(nowMs: number, pool: PoolReadings): HostSignals;
  /** Lets go of what it keeps open. */
  close?(): void;
}

export class HostReadings implements HostSource {
  readonly #cores: number;
  readonly #schedule: ThreadSchedule;
  readonly #shares = new CpuShares();
  /** Finding its files is left to the first reading: most pools never need one while they start. */
  #stress: HostStressReader | undefined;
  readonly #processMemory: (threads: readonly OsThreadName[]) => number;
  readonly #baseBytes: number;
  #readAt = -Infinity;
  #last: HostSignals;

  constructor(
    cores: number,
    schedule: ThreadSchedule = new ThreadSchedule(),
    stress?: HostStressReader,
    processMemory: (threads: readonly OsThreadName[]) => number = memoryOf,
  ) {
    this.#cores = cores;
    this.#schedule = schedule;
    this.#stress = stress;
    this.#processMemory = processMemory;
    this.#baseBytes = processMemory([]);
    this.#last = quietHost(cores);
  }

  read(nowMs: number, pool: PoolReadings): HostSignals {
    if (nowMs - this.#readAt < Math.max(READ_MS_MIN, READ_MS_PER_WORKER * pool.threads.length)) return { ...this.#last, blocked: pool.blocked };
    this.#readAt = nowMs;
    this.#shares.take(this.#schedule.read(pool.threads), pool.occupiedMs, pool.threads.length);
    const stress = (this.#stress ??= new HostStressReader()).read();
    this.#last = {
      cores: this.#cores,
      cpuDemand: this.#shares.demand,
      cpuWait: this.#shares.wait,
      throttled: stress.throttled,
      cpuPressure: stress.cpuPressure,
      memoryPressure: stress.memoryPressure,
      memoryUse: Math.min(1, stress.memoryUsed / stress.memoryLimit),
      workersFit: this.#workersFit(stress, pool.threads),
      blocked: pool.blocked,
    };
    return this.#last;
  }

  close(): void {
    this.#schedule.close();
    this.#stress?.close();
  }

  #workersFit({ memoryUsed, memoryLimit }: HostStress, threads: readonly OsThreadName[]): number | undefined {
    if (threads.length === 0) return undefined;
    const workerBytes = Math.max(WORKER_BYTES_MIN, (this.#processMemory(threads) - this.#baseBytes) / threads.length);
    return Math.floor((MEMORY_SHARE * memoryLimit - memoryUsed) / workerBytes);
  }
}

/** Memory of this process and of those that the workers are, in bytes. */
function memoryOf(threads: readonly OsThreadName[]): number {
  const own = process.pid;
  let sum = process.memoryUsage.rss();
  for (const { pid } of threads) if (pid !== own) sum += residentBytes(pid) ?? 0;
  return sum;
}
