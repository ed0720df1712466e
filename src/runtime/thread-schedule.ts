/**
 * How long threads ran and how long they waited for a CPU, from the kernel's own account (Linux; elsewhere nothing is known):
 *
 *     /proc/<pid>/task/<thread>/schedstat      "<ns on a CPU> <ns waiting for one> <times it was put on one>"
 */
import { KeptFile } from './kept-file.js';

/** Names a thread of this process or of another. */
export interface OsThreadName {
  readonly pid: number;
  /** As the kernel counts; 0 where it is not known. */
  readonly osThreadId: number;
}

/** Time since the last look, in ms, all threads together. */
export interface ScheduleTimes {
  readonly cpuMs: number;
  readonly waitMs: number;
}

interface Account {
  readonly file: KeptFile;
  cpuMs: number;
  waitMs: number;
}

const NS_PER_MS = 1_000_000;

export class ThreadSchedule {
  readonly #root: string;
  readonly #accounts = new Map<string, Account>();

  /** @param root stands before `/proc` */
  constructor(root = '/') {
    this.#root = root;
  }

  /**
   * What these threads did since the last look; those not seen before count from now. Threads that are no longer named are forgotten. `undefined` when
   * none of them can be read. Some 5 µs a thread.
   */
  read(threads: Iterable<OsThreadName>): ScheduleTimes | undefined {
    const unseen = new Set(this.#accounts.keys());
    let sum: { cpuMs: number; waitMs: number } | undefined;
    for (const { pid, osThreadId } of threads) {
      if (osThreadId === 0) continue;
      const key = `${pid}/task/${osThreadId}`;
      unseen.delete(key);
      const times = this.#look(key);
      if (times === undefined) continue;
      sum ??= { cpuMs: 0, waitMs: 0 };
      sum.cpuMs += times.cpuMs;
      sum.waitMs += times.waitMs;
    }
    for (const key of unseen) this.#forget(key);
    return sum;
  }

  close(): void {
    for (const key of this.#accounts.keys()) this.#forget(key);
  }

  #look(key: string): ScheduleTimes | undefined {
    const known = this.#accounts.get(key);
    const account = known ?? { file: new KeptFile(`${this.#root}/proc/${key}/schedstat`), cpuMs: 0, waitMs: 0 };
    const [cpuMs, waitMs] = (account.file.read() ?? '').split(' ').map((text) => Number(text) / NS_PER_MS);
    if (known === undefined) this.#accounts.set(key, account);
    if (cpuMs === undefined || waitMs === undefined || !Number.isFinite(cpuMs) || !Number.isFinite(waitMs)) return undefined;
    const times = known === undefined ? { cpuMs: 0, waitMs: 0 } : { cpuMs: cpuMs - account.cpuMs, waitMs: waitMs - account.waitMs };
    account.cpuMs = cpuMs;
    account.waitMs = waitMs;
    return times;
  }

  #forget(key: string): void {
    this.#accounts.get(key)?.file.close();
    this.#accounts.delete(key);
  }
}
