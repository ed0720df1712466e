/** Async functions on the event loop, a limited number at a time. */
import { burst, medianOf } from '../harness/load.mjs';

export default {
  name: 'async-burst',
  title: 'Burst of 100,000 async no-ops on the event loop, 64 at a time',
  kind: 'async',
  metrics: [{ key: 'rate', label: 'rate', unit: 'tasks/s', better: 'higher', target: { ratio: 1, over: 'fastq' }, guarded: true }],
  params: { tasks: 100_000 },
  quick: { tasks: 30_000 },

  async measure({ start, params }) {
    const { run } = await start();
    await burst(() => run('noopAsync'), params.tasks >> 2);
    const elapsedMs = await medianOf(() => burst(() => run('noopAsync'), params.tasks));
    return { rate: (params.tasks / elapsedMs) * 1000 };
  },
};
