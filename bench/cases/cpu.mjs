/** Tasks that compute for a while: how much of two cores is left for them? */
import { measureSpeedUp } from '../harness/cpu-case.mjs';

/**
 * Warm-up where tasks are long: so few of them run in the usual time that each pool's own code would still be compiled while they are measured, on the cores
 * that they want. It takes a server the same seconds, once.
 */
const LONG_WARM_MS = 10_000;

function cpuCase({ name, words, microseconds, tasks, warmMs, ...metric }) {
  return {
    name,
    title: `CPU tasks of ${words}, 2 threads, against one thread inline`,
    kind: 'thread',
    metrics: [{ key: 'speedUp', label: 'speed-up', unit: 'x', better: 'higher', ...metric }],
    params: { tasks, warmMs },
    quick: { tasks: Math.ceil(tasks / 2), warmMs: undefined },

    async measure({ start, params, iterationsPerUs }) {
      const sizes = new Array(params.tasks).fill(Math.round(microseconds * iterationsPerUs));
      return { speedUp: await measureSpeedUp(start, sizes, params.warmMs) };
    },
  };
}

export const cpu10us = cpuCase({ name: 'cpu-10us', words: '10 µs', microseconds: 10, tasks: 50_000 });
export const cpu100us = cpuCase({ name: 'cpu-100us', words: '100 µs', microseconds: 100, tasks: 3_000 });
export const cpu1ms = cpuCase({ name: 'cpu-1ms', words: '1 ms', microseconds: 1_000, tasks: 300, warmMs: LONG_WARM_MS, target: { min: 1.9 } });
export const cpu10ms = cpuCase({
  name: 'cpu-10ms',
  words: '10 ms',
  microseconds: 10_000,
  tasks: 60,
  warmMs: LONG_WARM_MS,
  target: { min: 1.9 },
  guarded: true,
});
