/**
 * 64 KB there and back to child processes. The target speaks of workerpool with its default serialization, JSON; tuned, it takes part as everywhere.
 */
import { measureBuffers } from '../harness/buffer-case.mjs';

export default {
  name: 'process-buffer-64k',
  title: '64 KB buffer there and back, 16 in flight, 2 processes',
  kind: 'process',
  metrics: [{ key: 'rate', label: 'rate', unit: 'tasks/s', better: 'higher', target: { ratio: 50, over: 'workerpool, default serialization' }, guarded: true }],
  params: { passMs: 150 },
  quick: { passMs: 100 },
  measure: measureBuffers,
};
