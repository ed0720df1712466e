/** Fork/join trees for millrace: a task that splits itself and waits for its children. */
import { mergeRuns, queens, sortRun, splitMerge } from './functions.mjs';

export * from './functions.mjs';

const { fork, join } = await import('millrace/worker');

/** n-queens: forks at the first `depth` rows, counts sequentially below. */
export async function queensTree({ n, columns, left, right, depth }) {
  if (depth === 0) return queens({ n, columns, left, right });
  const all = (1 << n) - 1;
  const children = [];
  for (let free = all & ~(columns | left | right); free !== 0; free &= free - 1) {
    const bit = free & -free;
    children.push(fork('queensTree', { n, columns: columns | bit, left: ((left | bit) << 1) & all, right: (right | bit) >> 1, depth: depth - 1 }));
  }
  let count = 0;
  for (const child of children) count += await join(child);
  return count;
}

/** Merge sort of `[start, end)` into the part at `to`; `spare` is as long and may be overwritten. Halves until `grain` elements are left, merges likewise. */
export async function sortTree({ buffer, start, end, to, spare, grain }) {
  if (end - start <= grain) return sortRun({ buffer, start, end, to });
  const half = (end - start) >>> 1;
  const child = fork('sortTree', { buffer, start: start + half, end, to: spare + half, spare: to + half, grain });
  await sortTree({ buffer, start, end: start + half, to: spare, spare: to, grain });
  await join(child);
  await mergeTree({ buffer, left: spare, leftEnd: spare + half, right: spare + half, rightEnd: spare + end - start, to }, 2 * grain);
}

export async function mergeTree(merge, grain) {
  if (merge.leftEnd - merge.left + merge.rightEnd - merge.right <= grain) return mergeRuns(merge);
  const [first, second] = splitMerge(merge);
  const child = fork('mergeTree', second, grain);
  await mergeTree(first, grain);
  await join(child);
}

/** Microseconds an empty fork and its join take when no thief takes it. */
export async function emptyForks(count) {
  const started = performance.now();
  for (let i = 0; i < count; i++) await join(fork('noop'));
  return ((performance.now() - started) * 1000) / count;
}
