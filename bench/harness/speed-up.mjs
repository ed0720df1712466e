/** The speed-up of work that is shared out, over the same work on one thread. */
import { medianOf, warmUp } from './load.mjs';

/**
 * Speed-up over the same work inline, taken before and after. `prepare` puts the input back before every pass and is not counted: a pass over what the
 * last one left would be other work (`Math.sin` takes longer for large arguments). `open` starts the pool and resolves to the pooled work, which is run for
 * `warmMs` before it counts.
 */
export async function speedUpOverInline({ inline, prepare = () => {}, open, warmMs }) {
  await warmUp(() => pass(inline, prepare));
  const before = await medianPass(inline, prepare);
  const pooled = await open();
  await warmUp(() => pass(pooled, prepare), warmMs);
  const pooledMs = await medianPass(pooled, prepare);
  const after = await medianPass(inline, prepare);
  return (before + after) / 2 / pooledMs;
}

const medianPass = (run, prepare) => medianOf(() => pass(run, prepare));

/** Milliseconds of one pass. */
async function pass(run, prepare) {
  prepare();
  const started = performance.now();
  await run();
  return performance.now() - started;
}
