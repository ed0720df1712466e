/** Fork/join trees for millrace: a task that splits itself and waits for its children. */
import { mergeChunks, queens, sortChunk } from './functions.mjs';

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

/** Merge sort over shared memory: halves until `grain` elements are left. */
export async function sortTree({ buffer, start, end, grain }) {
  if (end - start <= grain) return sortChunk({ buffer, start, end });
  const middle = (start + end) >>> 1;
  const half = fork('sortTree', { buffer, start: middle, end, grain });
  await sortTree({ buffer, start, end: middle, grain });
  await join(half);
  mergeChunks({ buffer, start, middle, end });
}

/** Microseconds an empty fork and its join take when no thief takes it. */
export async function emptyForks(count) {
  const started = performance.now();
  for (let i = 0; i < count; i++) await join(fork('noop'));
  return ((performance.now() - started) * 1000) / count;
}
