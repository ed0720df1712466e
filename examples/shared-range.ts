/** Threads that work on one array: in chunks, without copies, without a message per chunk. */
import { createPool } from 'millrace';
import { Mutex, SharedArray } from 'millrace/shared';

const WIDTH = 400;
const LENGTH = WIDTH * WIDTH;

const pool = createPool<typeof import('./shared-range.tasks.js')>(new URL('./shared-range.tasks.js', import.meta.url), { size: 2 });

// #region range
const field = new SharedArray(Float64Array, LENGTH);
await pool.range('survey', LENGTH, {}, field, WIDTH);
const sum = await pool.range('total', LENGTH, { chunk: 10_000, reduce: (a, b) => a + b }, field);
// #endregion
console.log(`mean height ${((sum ?? 0) / LENGTH).toFixed(4)}`);

// #region lock
const best = SharedArray.of(Float64Array, -1, -Infinity); // where, how high
await pool.range('findPeak', LENGTH, {}, field, best, new Mutex());
// #endregion
const [where = 0, height = 0] = best;
console.log(`peak ${height.toFixed(4)} at column ${where % WIDTH}, row ${Math.floor(where / WIDTH)}`);
const alone = field.reduce((highest, each) => Math.max(highest, each));
console.log(`the same as one thread finds: ${height === alone}`);

await pool.close();

// prints:
// mean height …
// peak … at column …, row …
// the same as one thread finds: true
