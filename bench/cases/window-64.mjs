/** A bounded number in flight: what a server or a stream does. */
import { medianOf, window } from '../harness/load.mjs';

export default {
  name: 'window-64',
  title: 'No-ops, 64 in flight, 2 threads',
  kind: 'thread',
  metrics: [{ key: 'rate', label: 'rate', unit: 'tasks/s', better: 'higher', target: { ratio: 8 }, guarded: true }],
  params: { tasks: 100_000 },
  quick: { tasks: 30_000 },

  async measure({ start, params }) {
    const { run } = await start();
    const elapsedMs = await medianOf(() => window(() => run('noop'), params.tasks, 64));
    return { rate: (params.tasks / elapsedMs) * 1000 };
  },
};
