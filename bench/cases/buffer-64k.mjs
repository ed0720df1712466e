/** 64 KB there and back to threads; the caller keeps its buffer. */
import { measureBuffers } from '../harness/buffer-case.mjs';

export default {
  name: 'buffer-64k',
  title: '64 KB buffer there and back, 16 in flight, 2 threads',
  kind: 'thread',
  buffers: true,
  metrics: [{ key: 'rate', label: 'rate', unit: 'tasks/s', better: 'higher', target: { ratio: 2 }, guarded: true }],
  params: { passMs: 150 },
  quick: { passMs: 100 },
  measure: measureBuffers,
};
