/** How busy this process keeps the cores it may use. */
import { readFileSync } from 'node:fs';

/** Reads the CPU time used so far, in µs, over all threads and over user and system. */
export type ReadCpuTime = () => number;

/** CPU use between one sample and the next. Cost: one system call a sample. */
export class CpuSampler {
  readonly #cpus: number;
  readonly #readCpuTimeUs: ReadCpuTime;
  #atMs: number;
  #usedUs: number;
  #share: number | undefined;

  /**
   * @param cpus cores this process may use
   * @param nowMs the time the first sample counts from
   * @param readCpuTimeUs default: the time of this process, which has that of its threads in it; child processes are to be added by the caller
   */
  constructor(cpus: number, nowMs: number, readCpuTimeUs: ReadCpuTime = ownCpuTimeUs) {
    this.#cpus = cpus;
    this.#readCpuTimeUs = readCpuTimeUs;
    this.#atMs = nowMs;
    this.#usedUs = readCpuTimeUs();
  }

  /**
   * Share of the allowed cores used since the last sample, 0 to 1. Between two samples at one instant nothing can be said: the answer is then
   * the one given before, `undefined` if there was none.
   */
  sample(nowMs: number): number | undefined {
    const elapsedMs = nowMs - this.#atMs;
    if (elapsedMs <= 0) return this.#share;
    const usedUs = this.#readCpuTimeUs();
    // A child that ended takes its time out of the sum, so the difference may be negative.
    this.#share = Math.min(1, Math.max(0, (usedUs - this.#usedUs) / (elapsedMs * 1_000 * this.#cpus)));
    this.#atMs = nowMs;
    this.#usedUs = usedUs;
    return this.#share;
  }
}

/** CPU time of this process and its threads, in µs. */
export function ownCpuTimeUs(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}

/** Length of the kernel's clock tick for user space: 100 a second on every architecture Node runs on. */
const TICK_US = 10_000;

/** CPU time of another process, in µs; 0 where the host does not tell (no /proc, or the process is gone). */
export function processCpuTimeUs(pid: number | undefined): number {
  if (pid === undefined) return 0;
  try {
    // The second field is the command in parentheses, which may itself hold spaces and parentheses.
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) * TICK_US;
  } catch {
    return 0;
  }
}
