/** Everything at once: what a batch job does. */
import { burst, medianOf, warmUp } from '../harness/load.mjs';

export default {
  name: 'burst',
  title: 'Burst of 100,000 no-ops, 2 threads',
  kind: 'thread',
  metrics: [{ key: 'rate', label: 'rate', unit: 'tasks/s', better: 'higher', target: { ratio: 10 }, guarded: true }],
  params: { tasks: 100_000 },
  quick: { tasks: 30_000 },

  async measure({ start, params }) {
    const { run } = await start();
    const pass = () => burst(() => run('noop'), params.tasks);
    await warmUp(pass);
    const elapsedMs = await medianOf(pass);
    return { rate: (params.tasks / elapsedMs) * 1000 };
  },
};
