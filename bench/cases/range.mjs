/** Every element of a shared array of doubles. Peers: the caller submits as many chunks as it pleases; 8 a worker balance well. */
import { refill, sharedDoubles } from '../harness/fork-join.mjs';
import { speedUpOverInline } from '../harness/speed-up.mjs';
import { NotAvailable } from '../harness/start.mjs';
import { scale } from '../tasks/functions.mjs';

const FACTOR = 1.5;
const CHUNKS_PER_WORKER = 8;

export default {
  name: 'range',
  title: 'Range over a shared Float64Array, 2 threads, against one thread inline',
  kind: 'thread',
  metrics: [{ key: 'speedUp', label: 'speed-up', unit: 'x', better: 'higher', target: { min: 1.8 }, guarded: true }],
  params: { count: 4_000_000 },

  async measure({ contender, start, threads, params }) {
    const { count } = params;
    const array = sharedDoubles(count);
    const ours = contender.name === 'millrace';
    const speedUp = await speedUpOverInline({
      prepare: () => refill(array),
      inline: () => scale(0, count, array, FACTOR),
      async open() {
        const { pool, run } = await start();
        if (ours && typeof pool.range !== 'function') throw new NotAvailable('not available yet: needs pool.range');
        const all = ours ? () => pool.range('scale', count, { chunk: 'auto' }, array, FACTOR) : () => byHand(run, array, threads * CHUNKS_PER_WORKER);
        await sameResult(array, all);
        return all;
      },
    });
    return { speedUp, ...(ours ? {} : { note: 'split by the caller' }) };
  },
};

/** Throws unless the pool computes what this thread does. */
async function sameResult(array, all) {
  refill(array);
  const expected = Float64Array.from(array);
  scale(0, expected.length, expected, FACTOR);
  await all();
  if (expected.some((value, i) => value !== array[i])) throw new Error('the range was not computed as it should be');
}

function byHand(run, array, chunks) {
  const size = Math.ceil(array.length / chunks);
  const chunk = (i) => ({ buffer: array.buffer, start: i * size, end: Math.min(array.length, (i + 1) * size), factor: FACTOR });
  return Promise.all(Array.from({ length: chunks }, (_, i) => run('scaleChunk', chunk(i))));
}
