/** p-queue, 64 at a time, no priorities, no timeouts. Held at the newest version that runs on Node 20. */
import * as tasks from '../tasks/functions.mjs';

const functions = { ...tasks };

export default {
  name: 'p-queue',
  package: 'p-queue',
  kinds: ['async'],
  variants: { async: { 'concurrency 64': { concurrency: 64 } } },
  best: { async: { otherwise: 'concurrency 64' } },

  async start({ config }) {
    const { default: PQueue } = await import('p-queue');
    const queue = new PQueue({ concurrency: config.concurrency });
    return { pool: queue, run: (name, arg) => queue.add(() => functions[name](arg)), close: () => {} };
  },
};
