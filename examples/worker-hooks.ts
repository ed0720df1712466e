/** Workers with a start and a stop hook, replaced after every two tasks. */
import { createPool } from 'millrace';

const pool = createPool<typeof import('./worker-hooks.tasks.js')>(new URL('./worker-hooks.tasks.js', import.meta.url), {
  name: 'labels',
  size: 1,
  workerData: { prefix: '# ' },
  recycle: { afterTasks: 2 },
});
pool.on('workerRecycled', ({ workerId, cause }) => console.log(`${workerId} is replaced: ${cause}`));

for (const text of ['one', 'two', 'three']) console.log(await pool.run('label', text));

await pool.close();

// prints:
// # one (labels-1)
// labels-1 is replaced: tasks
// # two (labels-1)
// # three (labels-2)
