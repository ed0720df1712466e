/** A tree of small tasks: n-queens, forked at the first rows. Peers: the caller submits one flat task per board with the first rows filled. */
import { splitsInWorker } from '../harness/fork-join.mjs';
import { speedUpOverInline } from '../harness/speed-up.mjs';
import { queens } from '../tasks/functions.mjs';

const FORK_DEPTH = 3;
/** Boards with two rows filled: enough tasks to balance, few enough that their hand-off does not count. */
const FLAT_DEPTH = 2;

export default {
  name: 'fork-join-queens',
  title: 'Fork/join tree: n-queens, 2 threads, against one thread inline',
  kind: 'thread',
  module: 'fork-join',
  metrics: [{ key: 'speedUp', label: 'speed-up', unit: 'x', better: 'higher', target: { min: 1.8 }, guarded: true }],
  params: { n: 14 },
  quick: { n: 13 },

  async measure({ contender, start, params }) {
    const board = { n: params.n, columns: 0, left: 0, right: 0 };
    const forked = await splitsInWorker(contender);
    const speedUp = await speedUpOverInline({
      inline: () => queens(board),
      async open() {
        const { run } = await start();
        const solve = forked ? () => run('queensTree', { ...board, depth: FORK_DEPTH }) : () => flat(run, board);
        if ((await solve()) !== queens(board)) throw new Error('wrong number of solutions');
        return solve;
      },
    });
    return { speedUp, ...(forked ? {} : { note: 'split flat by the caller' }) };
  },
};

async function flat(run, board) {
  const counts = await Promise.all(boards(board, FLAT_DEPTH).map((partial) => run('queens', partial)));
  return counts.reduce((sum, count) => sum + count, 0);
}

/** All boards with `depth` more rows filled. */
function boards(board, depth) {
  if (depth === 0) return [board];
  const { n, columns, left, right } = board;
  const all = (1 << n) - 1;
  const result = [];
  for (let free = all & ~(columns | left | right); free !== 0; free &= free - 1) {
    const bit = free & -free;
    result.push(...boards({ n, columns: columns | bit, left: ((left | bit) << 1) & all, right: (right | bit) >> 1 }, depth - 1));
  }
  return result;
}
