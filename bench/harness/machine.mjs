/** The machine class a figure belongs to (nothing that names the machine), and whether something else is running on it. */
import { readFileSync } from 'node:fs';
import { availableParallelism, loadavg, totalmem } from 'node:os';
import { Worker } from 'node:worker_threads';
import { median } from './statistics.mjs';

export function machineClass() {
  return { cores: availableParallelism(), memoryGiB: Math.round(totalmem() / 2 ** 30), platform: process.platform, arch: process.arch, node: process.version };
}

/** Whether ratios of one machine say something about the other: they move with the number of cores, the kernel's wake-ups and the engine. */
export function sameClass(a, b) {
  const major = ({ node }) => node.split('.', 1)[0];
  return a.cores === b.cores && a.platform === b.platform && a.arch === b.arch && major(a) === major(b);
}

export const describeMachine = ({ cores, platform, arch, node }) => `${cores} cores, ${platform} ${arch}, Node ${node}`;

/** The load average a core above which something else may be running. It remembers a minute, though: the cores are asked as well. Always 0 on Windows. */
const LOAD_MAX = 0.25;
const CORES_FREE_MIN = 1.7;

/** What was running at the start, and a warning when that was something else than we: `{ load, free, warning }`. */
export async function busyBefore() {
  const load = Number(loadavg()[0].toFixed(2));
  const free = Number((await coresFree()).toFixed(2));
  const busy = load > LOAD_MAX * availableParallelism() && free < CORES_FREE_MIN;
  const text = `the machine was busy at the start (load average ${load}, ${free} of two cores free): speed-ups, tails and ratios of this run are not to be quoted`;
  return { load, free, warning: busy ? text : undefined };
}

const PROBE_ITERATIONS = 20_000_000;
const PROBE_PASSES = 5;

/**
 * How much of two cores two threads get right now: near 2 on an idle machine with two real cores, less where something else runs or where two "cores" are one.
 * Takes some 0.3 s.
 */
export async function coresFree() {
  const workers = [0, 1].map(() => new Worker(new URL('./probe-worker.mjs', import.meta.url), { workerData: PROBE_ITERATIONS }));
  const pass = async (some) => {
    const started = performance.now();
    await Promise.all(some.map(once));
    return performance.now() - started;
  };
  try {
    await pass(workers);
    const alone = [];
    const together = [];
    for (let i = 0; i < PROBE_PASSES; i++) {
      alone.push(await pass(workers.slice(0, 1)));
      together.push(await pass(workers));
    }
    return (2 * Math.min(...alone)) / median(together);
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
}

function once(worker) {
  return new Promise((resolve, reject) => {
    const answered = () => {
      worker.off('error', reject);
      resolve();
    };
    worker.once('message', answered).once('error', reject);
    worker.postMessage('go', []);
  });
}

/** Ticks the host took from this machine, and all of its ticks; zeros where that is not told. */
export function stolenTicks() {
  try {
    const [, ...ticks] = readFileSync('/proc/stat', 'utf8').split('\n', 1)[0].trim().split(/\s+/);
    return { stolen: Number(ticks[7] ?? 0), all: ticks.slice(0, 8).reduce((sum, text) => sum + Number(text), 0) };
  } catch {
    return { stolen: 0, all: 0 };
  }
}
