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

/** Sorts `[start, end)` of shared doubles into the equally long part at `to`, which may be where they are. */
export function sortRun({ buffer, start, end, to }) {
  const array = new Float64Array(buffer);
  if (to !== start) array.copyWithin(to, start, end);
  array.subarray(to, to + end - start).sort();
}

/** Merges the sorted runs `[left, leftEnd)` and `[right, rightEnd)` into the part at `to`, which overlaps neither. */
export function mergeRuns({ buffer, left, leftEnd, right, rightEnd, to }) {
  const array = new Float64Array(buffer);
  while (left < leftEnd && right < rightEnd) array[to++] = array[right] < array[left] ? array[right++] : array[left++];
  if (left < leftEnd) array.copyWithin(to, left, leftEnd);
  else array.copyWithin(to, right, rightEnd);
}

/** Cuts a merge in two that do not touch each other: the longer run at its middle, the other where that element belongs. */
export function splitMerge({ buffer, left, leftEnd, right, rightEnd, to }) {
  const array = new Float64Array(buffer);
  const leftIsLonger = leftEnd - left >= rightEnd - right;
  const leftCut = leftIsLonger ? (left + leftEnd) >>> 1 : upperBound(array, left, leftEnd, array[(right + rightEnd) >>> 1]);
  const rightCut = leftIsLonger ? lowerBound(array, right, rightEnd, array[leftCut]) : (right + rightEnd) >>> 1;
  return [
    { buffer, left, leftEnd: leftCut, right, rightEnd: rightCut, to },
    { buffer, left: leftCut, leftEnd, right: rightCut, rightEnd, to: to + leftCut - left + rightCut - right },
  ];
}

/** First position in the sorted `[from, end)` whose element is not below `value`. */
function lowerBound(array, from, end, value) {
  while (from < end) {
    const middle = (from + end) >>> 1;
    if (array[middle] < value) from = middle + 1;
    else end = middle;
  }
  return from;
}

/** First position in the sorted `[from, end)` whose element is above `value`. */
function upperBound(array, from, end, value) {
  while (from < end) {
    const middle = (from + end) >>> 1;
    if (array[middle] <= value) from = middle + 1;
    else end = middle;
  }
  return from;
}

/** Some arithmetic on every element of `[start, end)`: enough that memory is not what limits it. */
export function scaleChunk({ buffer, start, end, factor }) {
  scale(start, end, new Float64Array(buffer), factor);
}

/** The same in the shape of `pool.range`: `(start, end, ...args)`. */
export function scale(start, end, array, factor) {
  for (let i = start; i < end; i++) array[i] = Math.sin(array[i] * factor) + Math.sqrt(i);
}
