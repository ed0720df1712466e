/** What the fork/join cases share. */
import { medianOf } from './load.mjs';
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

/** Least time for which either side runs before it is measured: a tree has more code to compile than a loop, and the compiler wants the cores too. */
const WARM_MS = 1_000;

/**
 * Speed-up over the same work inline, taken before and after. `prepare` puts the input back before every pass and is not counted: a pass over what the
 * last one left would be other work (`Math.sin` takes longer for large arguments). `open` starts the pool and resolves to the pooled work.
 */
export async function speedUpOverInline({ inline, prepare = () => {}, open }) {
  await warm(inline, prepare);
  const before = await medianPass(inline, prepare);
  const pooled = await open();
  await warm(pooled, prepare);
  const pooledMs = await medianPass(pooled, prepare);
  const after = await medianPass(inline, prepare);
  return (before + after) / 2 / pooledMs;
}

async function warm(run, prepare) {
  const started = performance.now();
  do await pass(run, prepare);
  while (performance.now() - started < WARM_MS);
}

const medianPass = (run, prepare) => medianOf(() => pass(run, prepare));

/** Milliseconds of one pass. */
async function pass(run, prepare) {
  prepare();
  const started = performance.now();
  await run();
  return performance.now() - started;
}
