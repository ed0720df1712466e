/** One async function after the other on the event loop. */
export default {
  name: 'async-one-at-a-time',
  title: 'Async no-ops on the event loop, one at a time',
  kind: 'async',
  metrics: [{ key: 'rate', label: 'rate', unit: 'tasks/s', better: 'higher', target: { ratio: 1, over: 'fastq' } }],
  params: { tasks: 100_000 },
  quick: { tasks: 30_000 },

  async measure({ start, params }) {
    const { run } = await start();
    for (let i = 0; i < params.tasks >> 2; i++) await run('noopAsync');
    const started = performance.now();
    for (let i = 0; i < params.tasks; i++) await run('noopAsync');
    return { rate: (params.tasks / (performance.now() - started)) * 1000 };
  },
};
