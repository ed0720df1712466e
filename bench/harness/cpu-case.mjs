/** Speed-up of a list of CPU-bound tasks over the very same list inline. */
import { burst } from './load.mjs';
import { speedUpOverInline } from './speed-up.mjs';
import { work } from '../tasks/functions.mjs';

/** `sizes`: iterations of each task. `start` starts the pool. `warmMs`: see {@link speedUpOverInline}. */
export function measureSpeedUp(start, sizes, warmMs) {
  return speedUpOverInline({
    warmMs,
    inline: () => sizes.forEach((size) => work(size)),
    async open() {
      const { run } = await start();
      return () => burst((i) => run('work', sizes[i]), sizes.length);
    },
  });
}
