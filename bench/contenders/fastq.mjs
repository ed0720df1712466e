/** fastq.promise: a queue over one function, so one queue per function, 64 at a time. */
import * as tasks from '../tasks/functions.mjs';

const functions = { ...tasks };

export default {
  name: 'fastq',
  package: 'fastq',
  kinds: ['async'],
  variants: { async: { 'promise, concurrency 64': { concurrency: 64 } } },
  best: { async: { otherwise: 'promise, concurrency 64' } },

  async start({ config }) {
    const { default: fastq } = await import('fastq');
    const queues = {};
    const queue = (name) => (queues[name] ??= fastq.promise(functions[name], config.concurrency));
    return { pool: queues, run: (name, arg) => queue(name).push(arg), close: () => {} };
  },
};
