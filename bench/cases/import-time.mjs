/** The import alone, in a fresh process. */
import { NotAvailable } from '../harness/start.mjs';

export default {
  name: 'import-time',
  title: 'Import time',
  kind: 'any',
  metrics: [{ key: 'ms', label: 'time', unit: 'ms', better: 'lower' }],

  async measure({ contender }) {
    if (contender.package === undefined) throw new NotAvailable('nothing to import');
    const started = performance.now();
    await import(contender.package);
    return { ms: performance.now() - started };
  },
};
