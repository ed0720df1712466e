/** What a waiting task weighs, its promise included. Nothing of the harness is counted: it keeps neither the promises nor a callback. */
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
