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

/** Runs out of memory. A process ends as V8 ends it then, without the wait; a thread fills the heap that the pool gave it. */
export function oom(): void {
  if (isMainThread) process.abort();
  // Of some KB each: a loop of millions would be compiled in the background, and Node 20 aborts when a thread ends at its limit in the middle of that.
  const kept: number[][] = [];
  for (;;) kept.push(new Array<number>(8_000).fill(0));
}
