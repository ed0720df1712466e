/** tinypool: threads like piscina's, and child processes. */
import { fileURLToPath } from 'node:url';
import { Fifo } from './fifo.mjs';

const filenames = {
  thread: fileURLToPath(new URL('../tasks/tinypool.mjs', import.meta.url)),
  process: fileURLToPath(new URL('../tasks/functions.mjs', import.meta.url)),
};

const variants = {
  'atomics, 1 task per worker': { useAtomics: true },
  'atomics, 64 tasks per worker': { useAtomics: true, concurrentTasksPerWorker: 64 },
  'atomics, 64 tasks per worker, O(1) queue': { useAtomics: true, concurrentTasksPerWorker: 64, fifo: true },
  'atomics, unbounded tasks per worker': { useAtomics: true, concurrentTasksPerWorker: 1e9 },
  'no atomics, 64 tasks per worker': { useAtomics: false, concurrentTasksPerWorker: 64 },
  'no atomics, unbounded tasks per worker': { useAtomics: false, concurrentTasksPerWorker: 1e9 },
  'atomics, 64 tasks per worker, buffers copied then moved': { useAtomics: true, concurrentTasksPerWorker: 64, copyThenMove: true },
};

const processVariants = {
  'json, 1 task per worker': { serialization: 'json' },
  'json, 64 tasks per worker': { serialization: 'json', concurrentTasksPerWorker: 64 },
  'json, 64 tasks per worker, O(1) queue': { serialization: 'json', concurrentTasksPerWorker: 64, fifo: true },
  'advanced serialization, 1 task per worker': { serialization: 'advanced' },
  'advanced serialization, 64 tasks per worker': { serialization: 'advanced', concurrentTasksPerWorker: 64 },
  'advanced serialization, 64 tasks per worker, O(1) queue': { serialization: 'advanced', concurrentTasksPerWorker: 64, fifo: true },
};

export default {
  name: 'tinypool',
  package: 'tinypool',
  kinds: ['thread', 'process'],
  variants: { thread: variants, process: processVariants },
  best: {
    thread: {
      'window-64': 'atomics, 64 tasks per worker',
      'one-at-a-time': 'atomics, 1 task per worker',
      'buffer-64k': 'atomics, 64 tasks per worker, buffers copied then moved',
      'transfer-16m': 'atomics, 1 task per worker',
      otherwise: 'atomics, 64 tasks per worker, O(1) queue',
    },
    process: {
      'process-burst': 'json, 64 tasks per worker',
      otherwise: 'advanced serialization, 64 tasks per worker, O(1) queue',
    },
  },

  async start({ kind, threads, config }) {
    const { Tinypool } = await import('tinypool');
    const { fifo, ...options } = config;
    const queue = fifo ? { taskQueue: taskQueue() } : {};
    const pool = new Tinypool({
      filename: filenames[kind],
      runtime: kind === 'thread' ? 'worker_threads' : 'child_process',
      minThreads: threads,
      maxThreads: threads,
      idleTimeout: Infinity,
      ...queue,
      ...options,
    });
    const byName = {};
    return {
      pool,
      run: (name, arg) => pool.run(arg, (byName[name] ??= { name })),
      move: (name, view) => pool.run(view, { name, transferList: [view.buffer] }),
      close: () => pool.destroy(),
    };
  },
};

/** The O(1) queue in the shape tinypool asks for. */
function taskQueue() {
  const fifo = new Fifo();
  return {
    get size() {
      return fifo.length;
    },
    push: (task) => fifo.push(task),
    shift: () => fifo.take() ?? null,
    remove: () => {
      throw new Error('the benchmark cancels nothing');
    },
    cancel: () => fifo.clear(),
  };
}
