/** From `import` to the first result, in a fresh process: what a command line tool or a function in the cloud waits for. */
export default {
  name: 'start-up',
  title: 'Import, pool of 1 thread, first result',
  kind: 'thread',
  threads: 1,
  metrics: [{ key: 'ms', label: 'time', unit: 'ms', better: 'lower' }],

  async measure({ startCold }) {
    const started = performance.now();
    const { run } = await startCold();
    await run('noop');
    return { ms: performance.now() - started };
  },
};
