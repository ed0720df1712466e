/**
 * piscina. `atomics: 'sync'` blocks the worker between tasks (fastest wake-up, but its timers stop); more than one task per worker puts the next
 * task into the port before the last has finished.
 */
import { fileURLToPath } from 'node:url';

const filename = fileURLToPath(new URL('../tasks/piscina.mjs', import.meta.url));

const variants = {
  'atomics sync, 1 task per worker': { atomics: 'sync' },
  'atomics sync, 64 tasks per worker': { atomics: 'sync', concurrentTasksPerWorker: 64 },
  'atomics sync, unbounded tasks per worker': { atomics: 'sync', concurrentTasksPerWorker: 1e9 },
  'atomics async, 64 tasks per worker': { atomics: 'async', concurrentTasksPerWorker: 64 },
  'atomics disabled, 64 tasks per worker': { atomics: 'disabled', concurrentTasksPerWorker: 64 },
  'atomics disabled, unbounded tasks per worker': { atomics: 'disabled', concurrentTasksPerWorker: 1e9 },
  'atomics sync, 64 tasks per worker, buffers copied then moved': { atomics: 'sync', concurrentTasksPerWorker: 64, copyThenMove: true },
};

export default {
  name: 'piscina',
  package: 'piscina',
  kinds: ['thread'],
  variants: { thread: variants },
  best: {
    thread: {
      burst: 'atomics disabled, unbounded tasks per worker',
      'buffer-64k': 'atomics sync, 64 tasks per worker, buffers copied then moved',
      'transfer-16m': 'atomics sync, 1 task per worker',
      otherwise: 'atomics sync, 64 tasks per worker',
    },
  },

  async start({ threads, config }) {
    const { Piscina } = await import('piscina');
    const pool = new Piscina({ filename, minThreads: threads, maxThreads: threads, idleTimeout: Infinity, recordTiming: false, ...config });
    const byName = {};
    return {
      pool,
      run: (name, arg) => pool.run(arg, (byName[name] ??= { name })),
      move: (name, view) => pool.run(view, { name, transferList: [view.buffer] }),
      close: () => pool.destroy(),
    };
  },
};
