/** The round trip: one task in flight, the worker warm. */
import { oneAtATime, warmUp } from '../harness/load.mjs';
import { percentile } from '../harness/statistics.mjs';

export default {
  name: 'one-at-a-time',
  title: 'No-ops one at a time, 1 thread, warm',
  kind: 'thread',
  threads: 1,
  metrics: [
    { key: 'p50Us', label: 'p50', unit: 'µs', better: 'lower', target: { ratio: 10 }, guarded: true },
    { key: 'p99Us', label: 'p99', unit: 'µs', better: 'lower', target: { ratio: 2 } },
  ],
  params: { tasks: 20_000 },
  quick: { tasks: 15_000 },

  async measure({ start, params }) {
    const { run } = await start();
    await warmUp(() => oneAtATime(() => run('noop'), 2_000));
    const times = await oneAtATime(() => run('noop'), params.tasks);
    return { p50Us: percentile(times, 0.5), p99Us: percentile(times, 0.99) };
  },
};
