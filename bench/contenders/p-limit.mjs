/** p-limit, 64 at a time. */
import * as tasks from '../tasks/functions.mjs';

const functions = { ...tasks };

export default {
  name: 'p-limit',
  package: 'p-limit',
  kinds: ['async'],
  variants: { async: { 'concurrency 64': { concurrency: 64 } } },
  best: { async: { otherwise: 'concurrency 64' } },

  async start({ config }) {
    const { default: pLimit } = await import('p-limit');
    const limit = pLimit(config.concurrency);
    return { pool: limit, run: (name, arg) => limit(functions[name], arg), close: () => {} };
  },
};
