/** What faults do inside a worker. */
import { isMainThread } from 'node:worker_threads';
import { wait } from '../../runtime/atomics.js';

/** Ends the worker: the process by a signal that nothing catches, the thread by the hardest exit it has. */
export function crash(): void {
  if (isMainThread) process.kill(process.pid, 'SIGKILL');
  else process.exit(1);
}

/** Never returns, and keeps the event loop; does not use the CPU. */
export function hang(): void {
  const never = new Int32Array(new SharedArrayBuffer(4));
  for (;;) wait(never, 0, 0);
}

/** Ends the worker as running out of memory does, without the memory: that takes long, and the limits of threads are not to be relied upon. */
export function oom(): void {
  if (isMainThread) process.abort();
  process.exit(1);
}
