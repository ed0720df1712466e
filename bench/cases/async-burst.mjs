/** Async functions on the event loop, a limited number at a time. */
import { burst, medianOf, warmUp } from '../harness/load.mjs';

export default {
  name: 'async-burst',
  title: 'Burst of 100,000 async no-ops on the event loop, 64 at a time',
  kind: 'async',
  metrics: [{ key: 'rate', label: 'rate', unit: 'tasks/s', better: 'higher', target: { ratio: 1, over: 'fastq' }, guarded: true }],
  params: { tasks: 100_000 },
  quick: { tasks: 30_000 },

  async measure({ start, params }) {
    const { run } = await start();
    const pass = () => burst(() => run('noopAsync'), params.tasks);
    await warmUp(pass);
    const elapsedMs = await medianOf(pass);
    return { rate: (params.tasks / elapsedMs) * 1000 };
  },
};
