/** One async function after the other on the event loop. */
import { steadyRate } from '../harness/load.mjs';

export default {
  name: 'async-one-at-a-time',
  title: 'Async no-ops on the event loop, one at a time',
  kind: 'async',
  metrics: [{ key: 'rate', label: 'rate', unit: 'tasks/s', better: 'higher', target: { ratio: 1, over: 'fastq' } }],
  params: { passMs: 150 },
  quick: { passMs: 100 },

  async measure({ start, params, passTasks }) {
    const { run } = await start();
    return steadyRate((tasks) => inTurn(run, tasks), params, passTasks);
  },
};

/** Milliseconds of `tasks` calls, each awaited. */
async function inTurn(run, tasks) {
  const started = performance.now();
  for (let i = 0; i < tasks; i++) await run('noopAsync');
  return performance.now() - started;
}
