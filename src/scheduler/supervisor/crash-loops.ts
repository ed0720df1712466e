/**
 * Whether workers die too often, and which functions are to blame: more deaths within 10 s than the pool has workers (at least 5) are a crash loop. Guilty are the
 * functions that had at least a third of them, and more than the two that a single poison task may have. Deaths that no task can be blamed for count, for nobody.
 */
export const WINDOW_MS = 10_000;
const DEATHS_MIN = 5;
const SHARE_MIN = 1 / 3;
const POISON_DEATHS = 2;

/** Deaths within the window that are no loop yet. */
export function deathsMax(workers: number): number {
  return Math.max(DEATHS_MIN, workers);
}

interface Death {
  readonly at: number;
  /** Names of the functions that may have caused it; each has its share of the blame. */
  readonly names: readonly string[];
}

/** Time is an argument, in ms, and never goes backwards. O(deaths within 10 s), on deaths only. */
export class CrashLoops {
  #deaths: Death[] = [];

  /** A worker has died without having been asked to. Returns the guilty functions if that makes a loop, `undefined` when it does not. */
  record(nowMs: number, names: readonly string[], workers: number): readonly string[] | undefined {
    this.#deaths = this.#deaths.filter(({ at }) => at > nowMs - WINDOW_MS);
    this.#deaths.push({ at: nowMs, names });
    if (this.#deaths.length <= deathsMax(workers)) return undefined;
    const blame = new Map<string, number>();
    for (const death of this.#deaths) for (const name of death.names) blame.set(name, (blame.get(name) ?? 0) + 1 / death.names.length);
    const least = SHARE_MIN * this.#deaths.length;
    return [...blame].filter(([, share]) => share >= least && share > POISON_DEATHS).map(([name]) => name);
  }

  /** These functions are kept from running: the deaths they had are dealt with. */
  forgive(names: readonly string[]): void {
    this.#deaths = this.#deaths.filter((death) => !death.names.some((name) => names.includes(name)));
  }
}
