/** What is left over between rounds, when no pool is open: handles, threads, processes, descriptors, listeners and memory. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Holdings {
  readonly handles: number;
  readonly threads: number;
  readonly processes: number;
  readonly descriptors: number;
  /** What the descriptors stand for. */
  readonly open: readonly string[];
  readonly listeners: number;
  readonly heapBytes: number;
  readonly residentBytes: number;
}

/** Growth of memory that is taken for noise. */
const GROWTH_MAX = 0.05;
/** How long threads and processes that were ended may take to be gone: native code ends when it likes. */
const SETTLE_MS_MAX = 10_000;

const COUNTS = ['handles', 'threads', 'processes', 'descriptors', 'listeners'] as const;

/** Waits until the counts are no larger than those of `before`, or will not become so. */
export async function takeStock(before: Holdings | undefined): Promise<Holdings> {
  const giveUpAt = performance.now() + (before === undefined ? 2_000 : SETTLE_MS_MAX);
  for (;;) {
    const holdings = await look();
    if (performance.now() > giveUpAt || (before !== undefined && COUNTS.every((name) => holdings[name] <= before[name]))) return holdings;
    await sleep(100);
  }
}

/** What grew between the two, in words. */
export function leaks(before: Holdings, after: Holdings): { readonly what: string; readonly problem: string | undefined }[] {
  const counts = COUNTS.map((what) => {
    const added = what === 'descriptors' ? ` (${after.open.filter((file) => !before.open.includes(file)).join(', ')})` : '';
    return { what, problem: after[what] > before[what] ? `${what} grew from ${before[what]} to ${after[what]}${added}` : undefined };
  });
  const growth = after.heapBytes / before.heapBytes - 1;
  const memory = growth > GROWTH_MAX ? `memory grew by ${(100 * growth).toFixed(1)} %: ${mb(before.heapBytes)} to ${mb(after.heapBytes)}` : undefined;
  return [...counts, { what: 'memory', problem: memory }];
}

export function describe(holdings: Holdings): string {
  const counts = COUNTS.map((name) => `${holdings[name]} ${name}`).join(', ');
  return `${counts}, ${mb(holdings.heapBytes)} in use, ${mb(holdings.residentBytes)} resident`;
}

function mb(bytes: number): string {
  return `${(bytes / 1e6).toFixed(2)} MB`;
}

async function look(): Promise<Holdings> {
  // Finalisers run between collections, and what they let go of is collected by the next.
  for (let round = 0; round < 4; round += 1) {
    globalThis.gc?.();
    await new Promise(setImmediate);
  }
  const open = openFiles();
  const { heapUsed, external, rss } = process.memoryUsage();
  return {
    handles: process.getActiveResourcesInfo().filter((kind) => kind !== 'Immediate' && kind !== 'Timeout').length,
    threads: readdirSync('/proc/self/task').length,
    processes: children(),
    descriptors: open.length,
    open,
    listeners: process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0),
    heapBytes: heapUsed + external,
    residentBytes: rss,
  };
}

function children(): number {
  return readdirSync('/proc/self/task').reduce((sum, thread) => {
    try {
      return sum + readFileSync(`/proc/self/task/${thread}/children`, 'utf8').split(' ').filter(Boolean).length;
    } catch {
      return sum;
    }
  }, 0);
}

function openFiles(): string[] {
  return readdirSync('/proc/self/fd').flatMap((descriptor) => {
    try {
      const file = readlinkSync(`/proc/self/fd/${descriptor}`);
      // A thread that is terminated while Node reads a module for it leaves that file open: nobody has the descriptor then.
      return /\.[cm]?js$/.test(file) ? [] : [`${descriptor} ${file}`];
    } catch {
      // The one that the folder was read by.
      return [];
    }
  });
}
