/** Speed-up of a list of CPU-bound tasks: the same work first inline on one thread, then through the pool, then inline again. */
import { burst } from './load.mjs';
import { work } from '../tasks/functions.mjs';

/** `sizes`: iterations of each task. Resolves to the speed-up over one thread that runs the very same list inline. */
export async function measureSpeedUp(start, sizes) {
  const before = inline(sizes);
  const { run } = await start();
  await burst((i) => run('work', sizes[i]), Math.max(1, Math.min(sizes.length >> 2, 200)));
  const elapsedMs = await burst((i) => run('work', sizes[i]), sizes.length);
  const after = inline(sizes);
  return (before + after) / 2 / elapsedMs;
}

const WARM_MS = 50;

/** Milliseconds the list takes on this thread, after some of it has let the function be compiled. */
function inline(sizes) {
  const warmUntil = performance.now() + WARM_MS;
  for (let i = 0; i < sizes.length && performance.now() < warmUntil; i++) work(sizes[i]);
  const started = performance.now();
  for (const size of sizes) work(size);
  return performance.now() - started;
}
