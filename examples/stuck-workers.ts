/** Where is it stuck? Stacks of running workers, and a watchdog that ends those past a limit. */
import { createPool, WorkerStuckError } from 'millrace';

const pool = createPool<typeof import('./stuck-workers.tasks.js')>(new URL('./stuck-workers.tasks.js', import.meta.url), {
  name: 'names',
  size: 1,
  watchdog: { stuckAfter: '1s' },
});

// #region stuck
pool.on('stuck', ({ workerId, activity, reason, frames }) => {
  console.log(`${workerId} is ${activity} (${reason}), in ${frames.find((frame) => frame.includes('tasks'))?.split(' (')[0]}`);
});
// #endregion

const hanging = pool.submit('parseName', [`${'M'.repeat(40)}!`]);
while (hanging.state !== 'EXECUTING') await new Promise((resolve) => setImmediate(resolve));

// #region stacks
const [stack] = await pool.dumpStacks();
console.log(stack?.text.split('\n').slice(0, 3).join('\n'));
// #endregion

// #region error
try {
  await hanging.result;
} catch (error) {
  if (error instanceof WorkerStuckError) console.log(`${error.code}: ${error.message.split(' for ')[0]}`);
}
// #endregion
console.log(await pool.run('greet', 'Luisa'));

await pool.close();

// prints:
// worker names-1 (thread) is computing: it computes
//     task parseName (…, attempt 1)
//     at RegExp.test (<anonymous>)
// names-1 is computing (limit), in at parseName
// ERR_WORKER_STUCK: task parseName on worker names-1 kept the event loop
// hello Luisa
