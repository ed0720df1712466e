/** What the queues and limits of other packages do, done with a pool. */
import { createPool } from 'millrace';

type Tasks = typeof import('./migrating.tasks.js');
const url = new URL('./migrating.tasks.js', import.meta.url);

// #region limit
// A limit for functions that wait, and another limit while it runs: as many workers as may run at once, one task each.
const limited = createPool<Tasks>(url, { worker: 'async', size: 2, concurrency: 1 });
await Promise.all([1, 2, 3, 4].map((number) => limited.run('page', number)));
console.log(`at once: ${await limited.run('mostAtOnce')}`);
limited.resize(4);
await Promise.all([1, 2, 3, 4].map((number) => limited.run('page', number)));
console.log(`at once: ${await limited.run('mostAtOnce')}`);
// #endregion

// #region clear
// Forget what waits and keep what runs.
const tasks = [1, 2, 3, 4, 5, 6].map((number) => limited.submit('page', [number]));
limited.once('dispatched', () => setImmediate(() => tasks.filter((task) => task.state !== 'EXECUTING').forEach((task) => task.cancel('cleared'))));
await limited.idle();
console.log(tasks.map((task) => task.state).join(' '));
// #endregion

// #region start-later
// Collect first, start later.
limited.pause();
const collected = [7, 8].map((number) => limited.run('page', number));
console.log(`waiting: ${limited.stats().queue.depth}`);
limited.resume();
console.log((await Promise.all(collected)).join(', '));
// #endregion

await limited.close();

// prints:
// at once: 2
// at once: 4
// COMPLETED COMPLETED COMPLETED COMPLETED CANCELLED CANCELLED
// waiting: 2
// page 7, page 8
