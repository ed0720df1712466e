// #region tasks
import { fork, join } from 'millrace/worker';

/** Sorts `[start, end)` of a shared array: one half is forked, the other done here. */
export async function sort(array: Float64Array, start: number, end: number): Promise<void> {
  if (end - start <= 20_000) {
    array.subarray(start, end).sort();
    return;
  }
  const middle = (start + end) >>> 1;
  const right = fork(sort, array, middle, end);
  await sort(array, start, middle);
  await join(right);
  merge(array, start, middle, end);
}
// #endregion

function merge(array: Float64Array, start: number, middle: number, end: number): void {
  const first = array.slice(start, middle);
  for (let left = 0, right = middle, to = start; left < first.length; to += 1) {
    const takesRight = right < end && (array[right] as number) < (first[left] as number);
    array[to] = (takesRight ? array[right++] : first[left++]) as number;
  }
}

/** The sum of squares below `count`, by a list of children. */
export async function squares(count: number): Promise<number> {
  const parts = await join(Array.from({ length: count }, (_, index) => fork(square, index)));
  return parts.reduce((sum, part) => sum + part, 0);
}

export function square(value: number): number {
  return value * value;
}
