/**
 * What a pool tells its sizing policy of the host: read at most four times a second, and less often with many workers, so that it costs less than a
 * thousandth of a core (`bench/micro/host-readings.mjs`).
 */
import { HostStressReader } from '../runtime/host-stress.js';
import { ownResidentBytes } from '../runtime/memory-use.js';
import { residentBytes } from '../runtime/process-memory.js';
import { ThreadSchedule } from '../runtime/thread-schedule.js';
import type { OsThreadName } from '../runtime/thread-schedule.js';
import type { HostSignals } from '../scheduler/scaler/scaling-policy.js';
import { quietHost } from '../scheduler/scaler/signals.js';
import { CpuShares } from './cpu-shares.js';
import type { MemoryBudget } from './memory-budget.js';

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

/** In bytes. */
export interface WorkerMemory {
  /** Of this process, its threads included. */
  readonly own: number;
  /** Of the workers that are processes. */
  readonly processes: number;
}

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
  readonly #workerMemory: (threads: readonly OsThreadName[]) => WorkerMemory;
  readonly #budget: MemoryBudget | undefined;
  readonly #baseBytes: number;
  #readAt = -Infinity;
  #last: HostSignals;

  constructor(
    cores: number,
    budget?: MemoryBudget,
    schedule: ThreadSchedule = new ThreadSchedule(),
    stress?: HostStressReader,
    workerMemory: (threads: readonly OsThreadName[]) => WorkerMemory = memoryOf,
  ) {
    this.#cores = cores;
    this.#schedule = schedule;
    this.#stress = stress;
    this.#workerMemory = workerMemory;
    this.#budget = budget;
    this.#baseBytes = workerMemory([]).own;
    this.#last = quietHost(cores);
  }

  read(nowMs: number, pool: PoolReadings): HostSignals {
    if (nowMs - this.#readAt < Math.max(READ_MS_MIN, READ_MS_PER_WORKER * pool.threads.length)) return { ...this.#last, blocked: pool.blocked };
    this.#readAt = nowMs;
    this.#shares.take(this.#schedule.read(pool.threads), pool.occupiedMs, pool.threads.length);
    const stress = (this.#stress ??= new HostStressReader()).read();
    const memory = this.#workerMemory(pool.threads);
    const limits = [{ used: stress.memoryUsed, limit: stress.memoryLimit }];
    if (this.#budget !== undefined) limits.push({ used: this.#budget.used(this, memory.processes), limit: this.#budget.limitBytes });
    this.#last = {
      cores: this.#cores,
      cpuDemand: this.#shares.demand,
      cpuWait: this.#shares.wait,
      throttled: stress.throttled,
      cpuPressure: stress.cpuPressure,
      memoryPressure: stress.memoryPressure,
      memoryUse: Math.min(1, Math.max(...limits.map(({ used, limit }) => used / limit))),
      workersFit: this.#workersFit(memory, limits, pool.threads.length),
      blocked: pool.blocked,
    };
    return this.#last;
  }

  close(): void {
    this.#schedule.close();
    this.#stress?.close();
    this.#budget?.leave(this);
  }

  #workersFit({ own, processes }: WorkerMemory, limits: readonly { readonly used: number; readonly limit: number }[], workers: number): number | undefined {
    if (workers === 0) return undefined;
    const workerBytes = Math.max(WORKER_BYTES_MIN, (own + processes - this.#baseBytes) / workers);
    return Math.min(...limits.map(({ used, limit }) => Math.floor((MEMORY_SHARE * limit - used) / workerBytes)));
  }
}

/** Memory of this process and of those that the workers are. */
function memoryOf(threads: readonly OsThreadName[]): WorkerMemory {
  const own = process.pid;
  let processes = 0;
  for (const { pid } of threads) if (pid !== own) processes += residentBytes(pid) ?? 0;
  return { own: ownResidentBytes(), processes };
}
