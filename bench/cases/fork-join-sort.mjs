/**
 * Merge sort over shared memory, from one half of it to the other and back level by level. A long merge is cut in pieces too: the last one alone would hold
 * two threads at 1.8 times the speed of one. Peers: the caller submits the runs, waits, then submits the merges level by level, cut as ours are.
 */
import { refill, sharedDoubles, splitsInWorker } from '../harness/fork-join.mjs';
import { speedUpOverInline } from '../harness/speed-up.mjs';
import { mergeRuns, sortRun, splitMerge } from '../tasks/functions.mjs';

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
    const { count } = params;
    const both = sharedDoubles(2 * count);
    const array = both.subarray(0, count);
    const whole = { buffer: both.buffer, start: 0, end: count, to: 0, spare: count };
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

function inlineSort({ buffer, start, end, to, spare }) {
  if (end - start <= GRAIN) return sortRun({ buffer, start, end, to });
  const half = (end - start) >>> 1;
  inlineSort({ buffer, start, end: start + half, to: spare, spare: to });
  inlineSort({ buffer, start: start + half, end, to: spare + half, spare: to + half });
  mergeRuns({ buffer, left: spare, leftEnd: spare + half, right: spare + half, rightEnd: spare + end - start, to });
}

async function flat(run, { buffer, end: count }) {
  const levels = Math.ceil(Math.log2(count / GRAIN));
  // The last level writes to the first half.
  let from = levels % 2 === 0 ? 0 : count;
  await Promise.all(starts(count, GRAIN).map((start) => run('sortRun', { buffer, start, end: start + GRAIN, to: from + start })));
  for (let width = GRAIN; width < count; width *= 2) {
    const to = count - from;
    const merges = starts(count, 2 * width).flatMap((at) => {
      const left = from + at;
      const right = left + width;
      return pieces({ buffer, left, leftEnd: right, right, rightEnd: right + width, to: to + at });
    });
    await Promise.all(merges.map((merge) => run('mergeRuns', merge)));
    from = to;
  }
}

/** Where the parts of that length begin. */
const starts = (count, length) => Array.from({ length: count / length }, (_, part) => part * length);

function pieces(merge) {
  if (merge.leftEnd - merge.left + merge.rightEnd - merge.right <= 2 * GRAIN) return [merge];
  return splitMerge(merge).flatMap(pieces);
}
