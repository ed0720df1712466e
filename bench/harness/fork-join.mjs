/** What the fork/join cases share. */
import { NotAvailable } from './start.mjs';

/** millrace splits inside the worker; the peers have no fork/join, for them the caller splits by hand. */
export async function splitsInWorker(contender) {
  if (contender.name !== 'millrace') return false;
  const door = await import('millrace/worker');
  if (typeof door.fork !== 'function' || typeof door.join !== 'function') throw new NotAvailable('not available yet: needs fork and join of millrace/worker');
  return true;
}

/** `count` pseudo-random doubles in shared memory, the same every time. */
export function sharedDoubles(count) {
  const array = new Float64Array(new SharedArrayBuffer(count * Float64Array.BYTES_PER_ELEMENT));
  refill(array);
  return array;
}

export function refill(array) {
  let state = 1;
  for (let i = 0; i < array.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    array[i] = state / 2 ** 31;
  }
}
