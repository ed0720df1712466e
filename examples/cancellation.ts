/** Cancellation, timeouts and what becomes of the worker. */
import { createPool, TaskCancelledError, TaskTimeoutError } from 'millrace';

const pool = createPool<typeof import('./cancellation.tasks.js')>(new URL('./cancellation.tasks.js', import.meta.url), { size: 1, cancelGrace: 50 });

/** What a task that does not succeed rejects with. */
async function errorOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}

await pool.run('ping'); // from here on a worker is ready

// #region cancel
const search = pool.submit('search', [Infinity]);
pool.once('dispatched', () => setTimeout(() => search.cancel('found elsewhere'), 20));
const cancelled = await errorOf(search.result);
if (cancelled instanceof TaskCancelledError) console.log(`${cancelled.code}: ${cancelled.cause}, had started: ${cancelled.started}`);
// #endregion

// #region signal
const controller = new AbortController();
const waits = ['1m', '2m'].map(() => pool.submit('wait', [60_000], { signal: controller.signal }));
controller.abort(); // one signal may serve any number of tasks
for (const task of waits) console.log(`${task.state}: ${((await errorOf(task.result)) as Error).name}`);
// #endregion

// #region timeout
const late = await errorOf(pool.submit('stubborn', [], { timeout: 50 }).result);
if (late instanceof TaskTimeoutError) console.log(`${late.code} after ${late.limitMs} ms`);
console.log(`the next task does not wait for it: ${await pool.run('ping')}`);
// #endregion

await pool.close();

// prints:
// ERR_TASK_CANCELLED: found elsewhere, had started: true
// CANCELLED: AbortError
// CANCELLED: AbortError
// ERR_TASK_TIMEOUT after 50 ms
// the next task does not wait for it: pong
