/** 16 MB handed over and handed back. What is moved is not copied, so it should take as long as 64 KB does. */
import { percentile } from '../harness/statistics.mjs';
import { NotAvailable } from '../harness/start.mjs';

const SMALL = 64 * 1024;
const LARGE = 16 * 1024 * 1024;

export default {
  name: 'transfer-16m',
  title: '16 MB transferred there and back, one at a time, 1 thread',
  kind: 'thread',
  threads: 1,
  module: 'move',
  metrics: [
    { key: 'p50Us', label: 'p50 of 16 MB', unit: 'µs', better: 'lower' },
    { key: 'growth', label: '16 MB / 64 KB', unit: 'x', better: 'lower', compared: false, target: { max: 1.5 } },
  ],
  params: { tasks: 500 },
  quick: { tasks: 100 },

  async measure({ start, params }) {
    const { move } = await start();
    if (move === undefined) throw new NotAvailable('cannot transfer');
    await bounce(move, SMALL, params.tasks);
    const small = await bounce(move, SMALL, params.tasks);
    const large = await bounce(move, LARGE, params.tasks);
    return { p50Us: large, growth: large / small };
  },
};

/** The median round trip of one buffer of `bytes` that goes to and fro, in µs. */
async function bounce(move, bytes, times) {
  let view = new Uint8Array(bytes).fill(7);
  const taken = new Float64Array(times);
  for (let i = 0; i < times; i++) {
    const started = performance.now();
    view = await move('bounce', view);
    taken[i] = (performance.now() - started) * 1000;
  }
  if (view.length !== bytes || view[bytes - 1] !== 7) throw new Error('the buffer came back different');
  return percentile(taken.sort(), 0.5);
}
