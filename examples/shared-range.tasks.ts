/** Work on data that all threads share. */
import { Mutex } from 'millrace/shared';
import type { MutexHandle } from 'millrace/shared';

/** Fills its part of the field with the height of a surface. */
export function survey(start: number, end: number, field: Float64Array, width: number): void {
  for (let index = start; index < end; index += 1) {
    const [x, y] = [(index % width) / width, Math.floor(index / width) / width];
    field[index] = Math.sin(9 * x) * Math.cos(7 * y) - (x - 0.6) ** 2 - (y - 0.3) ** 2;
  }
}

export function total(start: number, end: number, field: Float64Array): number {
  let sum = 0;
  for (let index = start; index < end; index += 1) sum += field[index] ?? 0;
  return sum;
}

/** Compares the highest point of its part with the highest found so far: two words that belong together, so under a lock. */
export function findPeak(start: number, end: number, field: Float64Array, best: Float64Array, lock: MutexHandle): void {
  let peak = start;
  for (let index = start; index < end; index += 1) if ((field[index] ?? 0) > (field[peak] ?? 0)) peak = index;
  Mutex.from(lock).runSync(() => {
    if ((field[peak] ?? 0) <= (best[1] ?? 0)) return;
    best[0] = peak;
    best[1] = field[peak] ?? 0;
  });
}
