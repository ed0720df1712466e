/**
 * Sizes that vary widely (squared coefficient of variation 10): a pool that sends tasks ahead to a busy worker lets short ones wait behind long
 * ones while another worker idles. The list of sizes is the same for every contender.
 */
import { measureSpeedUp } from '../harness/cpu-case.mjs';
import { window } from '../harness/load.mjs';
import { percentile, seeded } from '../harness/statistics.mjs';

const MEAN_US = 300;
const SCV = 10;
const WIDTH = 8;

export default {
  name: 'mixed-sizes',
  title: `CPU tasks of mixed sizes (mean ${MEAN_US} µs, SCV ${SCV}), 2 threads`,
  kind: 'thread',
  metrics: [
    { key: 'speedUp', label: 'speed-up, all at once', unit: 'x', better: 'higher' },
    { key: 'meanMs', label: `mean time in system, ${WIDTH} in flight`, unit: 'ms', better: 'lower' },
    { key: 'p99Ms', label: `p99 time in system, ${WIDTH} in flight`, unit: 'ms', better: 'lower' },
  ],
  params: { tasks: 3_000 },
  quick: { tasks: 1_500 },

  async measure({ start, params, iterationsPerUs }) {
    const sizes = hyperexponential(params.tasks).map((us) => Math.round(us * iterationsPerUs));
    let handle;
    const speedUp = await measureSpeedUp(async () => (handle = await start()), sizes);
    const times = await timesInSystem(handle.run, sizes);
    return { speedUp, meanMs: times.reduce((sum, time) => sum + time, 0) / times.length, p99Ms: percentile(times, 0.99) };
  },
};

/** Two exponentials with balanced means: many short tasks, few long ones, and together the wanted variation. */
function hyperexponential(count) {
  const random = seeded(1);
  const share = (1 + Math.sqrt((SCV - 1) / (SCV + 1))) / 2;
  const exponential = (mean) => -Math.log(1 - random()) * mean;
  return Array.from({ length: count }, () => exponential(random() < share ? MEAN_US / (2 * share) : MEAN_US / (2 * (1 - share))));
}

/** From submission to result, in ms, sorted. */
async function timesInSystem(run, sizes) {
  const times = new Float64Array(sizes.length);
  const timed = async (i) => {
    const submitted = performance.now();
    await run('work', sizes[i]);
    times[i] = performance.now() - submitted;
  };
  await window(timed, sizes.length, WIDTH);
  return times.sort();
}
