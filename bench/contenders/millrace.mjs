/** millrace as a user gets it: every option at its default but for the size, and no bound on the queue because no peer has one. */
const MODULES = { plain: 'functions', move: 'millrace-move', 'fork-join': 'millrace-fork-join' };

export default {
  name: 'millrace',
  package: 'millrace',
  kinds: ['thread', 'process', 'async'],
  variants: { thread: { defaults: {} }, process: { defaults: {} }, async: { defaults: {} } },
  best: { thread: { otherwise: 'defaults' }, process: { otherwise: 'defaults' }, async: { otherwise: 'defaults' } },

  async start({ kind, threads, config, module }) {
    const { createPool } = await import('millrace');
    const url = new URL(`../tasks/${MODULES[module]}.mjs`, import.meta.url);
    const workers = kind === 'async' ? {} : { size: threads };
    const pool = createPool(url, { worker: kind, ...workers, queue: { max: Infinity }, ...config });
    return {
      pool,
      run: (name, arg) => (arg === undefined ? pool.run(name) : pool.run(name, arg)),
      move: (name, view) => pool.submit(name, [view], { transfer: [view.buffer] }).result,
      close: () => pool.close(),
    };
  },
};
