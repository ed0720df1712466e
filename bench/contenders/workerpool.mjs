/** workerpool: threads and child processes; one task per worker at a time, always. */
import { fileURLToPath } from 'node:url';
import { Fifo } from './fifo.mjs';

const script = fileURLToPath(new URL('../tasks/workerpool.mjs', import.meta.url));

const variants = {
  'own queue': {},
  'O(1) queue': { fifo: true },
  'O(1) queue, buffers copied then moved': { fifo: true, copyThenMove: true },
};

const processVariants = {
  'json, own queue': {},
  'json, O(1) queue': { fifo: true },
  'advanced serialization, own queue': { forkOpts: { serialization: 'advanced' } },
  'advanced serialization, O(1) queue': { fifo: true, forkOpts: { serialization: 'advanced' } },
};

export default {
  name: 'workerpool',
  package: 'workerpool',
  kinds: ['thread', 'process'],
  variants: { thread: variants, process: processVariants },
  best: {
    thread: { 'buffer-64k': 'O(1) queue, buffers copied then moved', otherwise: 'O(1) queue' },
    process: {
      'process-burst': 'json, O(1) queue',
      'process-buffer-64k': 'advanced serialization, own queue',
      otherwise: 'advanced serialization, O(1) queue',
    },
  },

  asItComes: { process: { 'process-buffer-64k': { label: 'workerpool, default serialization', variant: 'json, own queue' } } },

  async start({ kind, threads, config }) {
    const { default: workerpool } = await import('workerpool');
    const { fifo, ...options } = config;
    const queue = fifo ? { queueStrategy: queueStrategy() } : {};
    const pool = workerpool.pool(script, { workerType: kind, minWorkers: threads, maxWorkers: threads, ...queue, ...options });
    return {
      pool,
      run: (name, arg) => (arg === undefined ? pool.exec(name) : pool.exec(name, [arg])),
      move: (name, view) => pool.exec(name, [view], { transfer: [view.buffer] }),
      close: () => pool.terminate(),
    };
  },
};

/** The O(1) queue in the shape workerpool asks for. */
function queueStrategy() {
  const fifo = new Fifo();
  return {
    push: (task) => fifo.push(task),
    pop: () => fifo.take(),
    size: () => fifo.length,
    contains: (task) => fifo.includes(task),
    clear: () => fifo.clear(),
  };
}
