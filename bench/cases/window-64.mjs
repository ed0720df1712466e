/** A bounded number in flight: what a server or a stream does. */
import { steadyRate, window } from '../harness/load.mjs';

export default {
  name: 'window-64',
  title: 'No-ops, 64 in flight, 2 threads',
  kind: 'thread',
  metrics: [{ key: 'rate', label: 'rate', unit: 'tasks/s', better: 'higher', target: { ratio: 8 }, guarded: true }],
  params: { passMs: 150 },
  quick: { passMs: 100 },

  async measure({ start, params, passTasks }) {
    const { run } = await start();
    return steadyRate((tasks) => window(() => run('noop'), tasks, 64), params, passTasks);
  },
};
