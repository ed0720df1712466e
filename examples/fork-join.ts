/** A task that splits itself: merge sort over shared memory. */
import { createPool } from 'millrace';
import { SharedArray } from 'millrace/shared';

await using pool = createPool<typeof import('./fork-join.tasks.js')>(new URL('./fork-join.tasks.js', import.meta.url), { size: 2 });

const array = new SharedArray(Float64Array, 200_000);
for (let i = 0, state = 1; i < array.length; i += 1) array[i] = state = (state * 48_271) % 2_147_483_647;

await pool.run('sort', array, 0, array.length);
console.log(`sorted: ${array.every((value, index) => index === 0 || (array[index - 1] as number) <= value)}`);
console.log(`sum of squares: ${await pool.run('squares', 100)}`);

// prints:
// sorted: true
// sum of squares: 328350
