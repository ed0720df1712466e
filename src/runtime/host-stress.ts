/**
 * How hard pressed this process's part of the machine is: what its control group and the kernel say, from files that may all be missing.
 *
 *     cpu.stat          nr_periods, nr_throttled: how often the group had used up its quota
 *     cpu.pressure      some avg10=…: share of the last 10 s in which something in the group waited for a CPU (v2; else /proc/pressure of the machine)
 *     memory.pressure   the same for memory
 *     memory.current    what the group holds, less the cache that it would give up at once (memory.stat: inactive_file)
 */
import { freemem } from 'node:os';
import { cgroupFile } from './cgroup.js';
import { KeptFile } from './kept-file.js';
import { memoryLimit } from './limits.js';
import type { MemoryLimit } from './limits.js';

/** One reading. `undefined` where the host does not tell. */
export interface HostStress {
  /** Share of the group's periods since the last reading in which it was throttled, 0 to 1. */
  readonly throttled: number | undefined;
  /** 0 to 1. */
  readonly cpuPressure: number | undefined;
  /** 0 to 1. */
  readonly memoryPressure: number | undefined;
  /** Bytes in use of what may be used. */
  readonly memoryUsed: number;
  readonly memoryLimit: number;
}

/** What stands in for the host in tests. */
export interface HostStressSources {
  /** Stands before `/proc` and `/sys`. */
  readonly root?: string;
  readonly limit?: MemoryLimit;
  readonly freeBytes?: () => number;
}

export class HostStressReader {
  readonly #cpuStat: KeptFile | undefined;
  readonly #cpuPressure: KeptFile | undefined;
  readonly #memoryPressure: KeptFile | undefined;
  readonly #memoryCurrent: KeptFile | undefined;
  readonly #memoryStat: KeptFile | undefined;
  readonly #limit: MemoryLimit;
  readonly #freeBytes: () => number;
  #periods = NaN;
  #throttledPeriods = NaN;

  constructor({ root = '/', limit = memoryLimit({ root }), freeBytes = freemem }: HostStressSources = {}) {
    this.#cpuStat = file(root, 'cpu', 'cpu.stat');
    this.#cpuPressure = file(root, '', 'cpu.pressure') ?? new KeptFile(`${root}/proc/pressure/cpu`);
    this.#memoryPressure = file(root, '', 'memory.pressure') ?? new KeptFile(`${root}/proc/pressure/memory`);
    this.#memoryCurrent = file(root, 'memory', 'memory.current') ?? file(root, 'memory', 'memory.usage_in_bytes');
    this.#memoryStat = file(root, 'memory', 'memory.stat');
    this.#limit = limit;
    this.#freeBytes = freeBytes;
  }

  /** Reads some six small files. */
  read(): HostStress {
    return {
      throttled: this.#throttled(),
      cpuPressure: someShare(this.#cpuPressure?.read()),
      memoryPressure: someShare(this.#memoryPressure?.read()),
      memoryUsed: this.#memoryUsed(),
      memoryLimit: this.#limit.bytes,
    };
  }

  close(): void {
    for (const each of [this.#cpuStat, this.#cpuPressure, this.#memoryPressure, this.#memoryCurrent, this.#memoryStat]) each?.close();
  }

  #throttled(): number | undefined {
    const text = this.#cpuStat?.read();
    const periods = field(text, 'nr_periods');
    const throttled = field(text, 'nr_throttled');
    if (periods === undefined || throttled === undefined) return undefined;
    const newPeriods = periods - this.#periods;
    const share = newPeriods > 0 ? (throttled - this.#throttledPeriods) / newPeriods : undefined;
    this.#periods = periods;
    this.#throttledPeriods = throttled;
    return share;
  }

  /** Of the group where the limit is that of a group; of the whole machine where that is the limit. */
  #memoryUsed(): number {
    const { bytes, source } = this.#limit;
    const current = Number(this.#memoryCurrent?.read() ?? NaN);
    const ofGroup = current - (field(this.#memoryStat?.read(), 'inactive_file') ?? 0);
    const ofHost = bytes - this.#freeBytes();
    return Math.max(0, source === 'host' || !Number.isFinite(ofGroup) ? ofHost : ofGroup);
  }
}

/** The file of the nearest group that has it. */
function file(root: string, controller: string, name: string): KeptFile | undefined {
  const path = cgroupFile(root, controller, name);
  return path === undefined ? undefined : new KeptFile(path);
}

function field(text: string | undefined, name: string): number | undefined {
  const found = text === undefined ? undefined : new RegExp(`^${name} (\\d+)$`, 'm').exec(text)?.[1];
  return found === undefined ? undefined : Number(found);
}

/** `some avg10=12.34 …` -> 0.1234 */
function someShare(text: string | undefined): number | undefined {
  const percent = text === undefined ? undefined : /^some avg10=(\d+(?:\.\d+)?)/m.exec(text)?.[1];
  return percent === undefined ? undefined : Number(percent) / 100;
}
