/** Three ways to take a cancellation: see it in a loop, see it as a signal, not see it at all. */
import { setTimeout as sleep } from 'node:timers/promises';
import { context } from 'millrace/worker';

/** Synchronous code gets no events while it runs: it asks. */
export function search(limit: number): number {
  const task = context();
  let last = 0;
  for (let candidate = 0; candidate < limit; candidate += 1) {
    if (candidate % 1_000 === 0) task.throwIfCancelled();
    last = candidate;
  }
  return last;
}

/** Asynchronous code hands the signal on. */
export async function wait(ms: number): Promise<string> {
  await sleep(ms, undefined, { signal: context().signal });
  return 'waited';
}

/** Code that never looks: its worker is ended. */
export function stubborn(): never {
  for (;;);
}

export function ping(): string {
  return 'pong';
}
