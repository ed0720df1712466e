/** Draws the plots of `docs/guide/sizing.md` anew: `node scripts/sizing/plots.mjs`. Time is simulated: the same code draws the same plots. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { adaptive, costCurve, simulate, svgChart } from 'millrace/simulator';
import * as scenarios from './scenarios.mjs';

const FOLDER = new URL('../../docs/guide/plots/', import.meta.url);
mkdirSync(FOLDER, { recursive: true });

const over = (report, values) => values.map((value, index) => [((index + 1) * report.series.intervalMs) / 1_000, value]);
const save = (name, chart) => writeFileSync(new URL(`${name}.svg`, FOLDER), `${svgChart(chart)}\n`);

const step = { ...scenarios.step, durationMs: 60_000, arrivals: { ...scenarios.step.arrivals, backAtMs: 40_000 } };
const law = await simulate(step, { policy: adaptive() });
save('step', {
  title: 'ten times the traffic between 20 and 40 s, tasks of 20 ms',
  xLabel: 'seconds',
  yLabel: 'workers',
  lines: [
    { name: 'workers', points: over(law, law.series.workers) },
    { name: 'busy', points: over(law, law.series.busy) },
  ],
});

const policies = ['adaptive', 'queue-depth', 'threshold'];
const waits = [];
for (const policy of policies) waits.push(await simulate(step, { policy }));
save('step-wait', {
  title: 'the longest wait meanwhile',
  xLabel: 'seconds',
  yLabel: 'ms',
  logY: true,
  lines: waits.map((report, index) => ({ name: policies[index], points: over(report, report.series.waitMaxMs).map(([at, ms]) => [at, Math.max(1, ms)]) })),
});

const wave = await simulate(scenarios.squareWave(10_000), { policy: adaptive() });
save('square-wave', {
  title: 'traffic that goes up and down tenfold every 5 s: after a few turns it stays',
  xLabel: 'seconds',
  yLabel: 'workers',
  lines: [
    { name: 'workers', points: over(wave, wave.series.workers) },
    { name: 'busy', points: over(wave, wave.series.busy) },
  ],
});

const points = await costCurve({ ...scenarios.worldCup('24'), durationMs: 480_000 });
const shown = points.filter(({ waitP99Ms }) => waitP99Ms < 10_000);
save('cost', {
  title: 'cost against wait, 8 hours of the World Cup 1998 site in 8 minutes',
  xLabel: 'worker-seconds',
  yLabel: 'p99 ms',
  logY: true,
  height: 360,
  lines: [...new Set(shown.map(({ policy }) => policy))].map((name) => {
    const of = shown.filter(({ policy }) => policy === name);
    return { name, points: of.map(({ workerS, waitP99Ms }) => [workerS, Math.max(1, waitP99Ms)]), labels: of.map(({ setting }) => setting) };
  }),
});
