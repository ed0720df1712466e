/** The task functions every contender runs: plain functions of one argument, the same code for all. */
import { threadId } from 'node:worker_threads';

/** Nothing: what remains is the hand-off. */
export function noop() {}

/** Nothing, asynchronously: for the pools of the event loop. */
export async function noopAsync() {}

/** There and back. */
export function echo(value) {
  return value;
}

/** A fixed amount of arithmetic, so that two workers that disturb each other show it (a loop that watches the clock would hide it). */
export function work(iterations) {
  let state = 12345;
  for (let i = 0; i < iterations; i++) state = (Math.imul(state, 1664525) + 1013904223) | 0;
  return state;
}

/** Which worker ran this. Busy for 2 ms, so that a second task goes to a second worker. */
export function identify() {
  const end = performance.now() + 2;
  while (performance.now() < end);
  return `${process.pid}:${threadId}`;
}

/** Solutions of the n-queens problem from a partly filled board; the masks are columns and diagonals under attack. */
export function queens({ n, columns, left, right }) {
  const all = (1 << n) - 1;
  if (columns === all) return 1;
  let count = 0;
  let free = all & ~(columns | left | right);
  while (free !== 0) {
    const bit = free & -free;
    free ^= bit;
    count += queens({ n, columns: columns | bit, left: ((left | bit) << 1) & all, right: (right | bit) >> 1 });
  }
  return count;
}

/** Sorts `[start, end)` of a shared array of doubles in place. */
export function sortChunk({ buffer, start, end }) {
  new Float64Array(buffer).subarray(start, end).sort();
}

/** Merges the sorted runs `[start, middle)` and `[middle, end)` in place, through a copy of the first. */
export function mergeChunks({ buffer, start, middle, end }) {
  const target = new Float64Array(buffer);
  const first = target.slice(start, middle);
  let left = 0;
  let right = middle;
  let to = start;
  while (left < first.length) {
    if (right < end && target[right] < first[left]) target[to++] = target[right++];
    else target[to++] = first[left++];
  }
}

/** Some arithmetic on every element of `[start, end)`: enough that memory is not what limits it. */
export function scaleChunk({ buffer, start, end, factor }) {
  scale(start, end, new Float64Array(buffer), factor);
}

/** The same in the shape of `pool.range`: `(start, end, ...args)`. */
export function scale(start, end, array, factor) {
  for (let i = start; i < end; i++) array[i] = Math.sin(array[i] * factor) + Math.sqrt(i);
}
