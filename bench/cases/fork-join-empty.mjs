/** What a fork and its join cost when there is nothing to do and nobody to take it: one worker. */
import { splitsInWorker } from '../harness/fork-join.mjs';
import { NotAvailable } from '../harness/start.mjs';

export default {
  name: 'fork-join-empty',
  title: 'Empty fork and join without a thief, 1 thread',
  kind: 'thread',
  threads: 1,
  module: 'fork-join',
  metrics: [{ key: 'us', label: 'time', unit: 'µs', better: 'lower', target: { max: 1 } }],
  params: { count: 100_000 },
  quick: { count: 20_000 },

  async measure({ contender, start, params }) {
    if (!(await splitsInWorker(contender))) throw new NotAvailable('has no fork/join');
    const { run } = await start();
    await run('emptyForks', params.count);
    return { us: await run('emptyForks', params.count) };
  },
};
