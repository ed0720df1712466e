/** A burst to child processes. */
import { burst, medianOf, warmUp } from '../harness/load.mjs';

export default {
  name: 'process-burst',
  title: 'Burst of 20,000 no-ops, 2 processes',
  kind: 'process',
  metrics: [{ key: 'rate', label: 'rate', unit: 'tasks/s', better: 'higher', target: { ratio: 4, over: 'workerpool' }, guarded: true }],
  params: { tasks: 20_000 },
  quick: { tasks: 8_000 },

  async measure({ start, params }) {
    const { run } = await start();
    const pass = () => burst(() => run('noop'), params.tasks);
    await warmUp(pass);
    const elapsedMs = await medianOf(pass);
    return { rate: (params.tasks / elapsedMs) * 1000 };
  },
};
