/**
 * poolifier: threads, and processes of the cluster module. Without its own task queue every task goes straight into the port of a worker, which is how
 * it does best in a burst; round robin asks for no statistics.
 */
import { fileURLToPath } from 'node:url';

const files = {
  thread: fileURLToPath(new URL('../tasks/poolifier-thread.mjs', import.meta.url)),
  process: fileURLToPath(new URL('../tasks/poolifier-cluster.cjs', import.meta.url)),
};

const queued = { enableTasksQueue: true, tasksQueueOptions: { concurrency: 64, size: 1e9 } };

const variants = {
  'no queue, least used': { workerChoiceStrategy: 'LEAST_USED' },
  'no queue, round robin': { workerChoiceStrategy: 'ROUND_ROBIN' },
  'queue, 1 task per worker, least used': { workerChoiceStrategy: 'LEAST_USED', enableTasksQueue: true, tasksQueueOptions: { concurrency: 1, size: 1e9 } },
  'queue, 64 tasks per worker, round robin': { workerChoiceStrategy: 'ROUND_ROBIN', ...queued },
  'no queue, round robin, buffers copied then moved': { workerChoiceStrategy: 'ROUND_ROBIN', copyThenMove: true },
};

const processVariants = {
  'json, no queue, round robin': { workerChoiceStrategy: 'ROUND_ROBIN' },
  'advanced serialization, no queue, least used': { workerChoiceStrategy: 'LEAST_USED', settings: { serialization: 'advanced' } },
  'advanced serialization, no queue, round robin': { workerChoiceStrategy: 'ROUND_ROBIN', settings: { serialization: 'advanced' } },
  'advanced serialization, queue, 64 tasks per worker': { workerChoiceStrategy: 'ROUND_ROBIN', settings: { serialization: 'advanced' }, ...queued },
};

export default {
  name: 'poolifier',
  package: 'poolifier',
  kinds: ['thread', 'process'],
  variants: { thread: variants, process: processVariants },
  best: {
    thread: { otherwise: 'no queue, least used' },
    process: { 'process-burst': 'json, no queue, round robin', otherwise: 'advanced serialization, no queue, least used' },
  },

  async start({ kind, threads, config }) {
    const { FixedThreadPool, FixedClusterPool } = await import('poolifier');
    const Pool = kind === 'thread' ? FixedThreadPool : FixedClusterPool;
    const pool = new Pool(threads, files[kind], { enableEvents: false, ...config });
    return {
      pool,
      run: (name, arg) => pool.execute(arg, name),
      move: (name, view) => pool.execute(view, name, undefined, [view.buffer]),
      close: () => pool.destroy(),
    };
  },
};
