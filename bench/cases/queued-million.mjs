/** A million tasks at once: is the queue's cost independent of its length? */
import { burst, burstWithin } from '../harness/load.mjs';
import { median } from '../harness/statistics.mjs';

const SHORT = 10_000;
const LIMIT_MS = 12_000;

export default {
  name: 'queued-million',
  title: '1,000,000 no-ops queued at once, 2 threads',
  kind: 'thread',
  abandons: true,
  nodeArgs: ['--max-old-space-size=8192'],
  limitMs: 60_000,
  metrics: [
    { key: 'rate', label: 'rate', unit: 'tasks/s', better: 'higher', target: { ratio: 8 } },
    { key: 'growth', label: 'time per task, 1,000,000 / 10,000 queued', unit: 'x', better: 'lower', compared: false, target: { max: 1.2 } },
  ],
  params: { tasks: 1_000_000 },
  quick: { tasks: 200_000 },

  async measure({ start, params }) {
    const { run } = await start();
    const short = [];
    for (let i = 0; i < 9; i++) short.push((await burst(() => run('noop'), SHORT)) / SHORT);
    const { done, elapsedMs } = await burstWithin(() => run('noop'), params.tasks, LIMIT_MS);
    const note = done < params.tasks ? `stopped after ${LIMIT_MS / 1000} s with ${done} of ${params.tasks} done` : undefined;
    return { rate: (done / elapsedMs) * 1000, growth: elapsedMs / done / median(short), note };
  },
};
