/** Merge sort over shared memory. Peers: the caller submits the runs, waits, then submits the merges level by level. */
import { refill, sharedDoubles, splitsInWorker } from '../harness/fork-join.mjs';
import { speedUpOverInline } from '../harness/speed-up.mjs';
import { mergeChunks, sortChunk } from '../tasks/functions.mjs';

const GRAIN = 1 << 15;

export default {
  name: 'fork-join-sort',
  title: 'Fork/join tree: merge sort over shared memory, 2 threads, against the same on one thread inline',
  kind: 'thread',
  module: 'fork-join',
  metrics: [{ key: 'speedUp', label: 'speed-up', unit: 'x', better: 'higher', target: { min: 1.8 } }],
  params: { count: 1 << 20 },
  quick: { count: 1 << 19 },

  async measure({ contender, start, params }) {
    const array = sharedDoubles(params.count);
    const whole = { buffer: array.buffer, start: 0, end: params.count };
    const forked = await splitsInWorker(contender);
    const speedUp = await speedUpOverInline({
      prepare: () => refill(array),
      inline: () => inlineSort(whole),
      async open() {
        const { run } = await start();
        const sort = forked ? () => run('sortTree', { ...whole, grain: GRAIN }) : () => flat(run, whole);
        await sorts(array, sort);
        return sort;
      },
    });
    return { speedUp, ...(forked ? {} : { note: 'split by the caller, level by level' }) };
  },
};

/** Throws unless the pool sorts. */
async function sorts(array, sort) {
  refill(array);
  await sort();
  for (let i = 1; i < array.length; i++) if (array[i] < array[i - 1]) throw new Error('not sorted');
}

function inlineSort({ buffer, start, end }) {
  if (end - start <= GRAIN) return sortChunk({ buffer, start, end });
  const middle = (start + end) >>> 1;
  inlineSort({ buffer, start, end: middle });
  inlineSort({ buffer, start: middle, end });
  mergeChunks({ buffer, start, middle, end });
}

async function flat(run, { buffer, end }) {
  const chunks = [];
  for (let at = 0; at < end; at += GRAIN) chunks.push(run('sortChunk', { buffer, start: at, end: at + GRAIN }));
  await Promise.all(chunks);
  for (let width = GRAIN; width < end; width *= 2) {
    const merges = [];
    for (let at = 0; at < end; at += 2 * width) merges.push(run('mergeChunks', { buffer, start: at, middle: at + width, end: at + 2 * width }));
    await Promise.all(merges);
  }
}
