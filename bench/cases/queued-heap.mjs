/**
 * What a waiting task weighs, its promise included. Nothing of the harness is counted: it keeps neither the promises nor a callback. The workers are kept busy
 * until the end, so that every task does wait.
 */
import { setTimeout } from 'node:timers/promises';

/** Far more than anybody does until the process ends. */
const ENDLESS = 1e12;
/** For the workers to have begun. */
const BEGUN_MS = 300;

export default {
  name: 'queued-heap',
  title: 'Memory of 1,000,000 queued no-ops, 2 threads',
  kind: 'thread',
  abandons: true,
  nodeArgs: ['--max-old-space-size=8192'],
  roundsMax: 3,
  metrics: [
    { key: 'heapBytes', label: 'heap per task', unit: 'bytes', better: 'lower', target: { max: 400 }, guarded: true },
    { key: 'residentBytes', label: 'resident per task', unit: 'bytes', better: 'lower' },
  ],
  params: { tasks: 1_000_000 },
  quick: { tasks: 100_000 },

  async measure({ start, params }) {
    const { run } = await start();
    for (let worker = 0; worker < 2; worker++) void run('work', ENDLESS);
    await setTimeout(BEGUN_MS);
    const before = settledMemory();
    for (let i = 0; i < params.tasks; i++) void run('noop');
    const after = settledMemory();
    return { heapBytes: (after.heapUsed - before.heapUsed) / params.tasks, residentBytes: (after.rss - before.rss) / params.tasks };
  },
};

function settledMemory() {
  globalThis.gc();
  globalThis.gc();
  return process.memoryUsage();
}
