/**
 * A pool with nothing to do: what it costs, and whether it lets the process end. CPU time of the whole process with its threads, from the
 * counters behind /proc/<pid>/stat, read without their 10 ms tick. The pool is not closed.
 */
export default {
  name: 'parked',
  title: 'Parked pool, 2 threads: CPU used, and whether the process ends by itself',
  kind: 'thread',
  roundsMax: 3,
  endsByItself: true,
  metrics: [
    { key: 'cpuPercent', label: 'CPU', unit: '% of a core', better: 'lower', resolution: 0.1, target: { max: 0.5 } },
    { key: 'endedByItself', label: 'process ends by itself', unit: 'yes/no', better: 'higher', compared: false, target: { min: 1 } },
  ],
  params: { ms: 2_500 },
  quick: { ms: 1_500 },

  async measure({ start, params }) {
    await start();
    await sleep(500);
    const before = process.cpuUsage();
    const started = performance.now();
    await sleep(params.ms);
    const { user, system } = process.cpuUsage(before);
    return { cpuPercent: (user + system) / 10 / (performance.now() - started) };
  },
};

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
