/**
 * The slow check: no recorded ratio against the best peer may fall by more than a third, twice in a row. Runs the quick form of every case with a
 * guarded metric; what has fallen is measured once more before it counts. Ratios within one run only, never absolute times.
 *
 *   node bench/check-ratios.mjs             compares with bench/ratios.json
 *   node bench/check-ratios.mjs --record    writes bench/ratios.json
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { cases } from './cases/index.mjs';
import { installDependencies, millraceIsBuilt } from './harness/install.mjs';
import { busyWarning, loadBefore, machineClass } from './harness/machine.mjs';
import { makePlan } from './harness/plan.mjs';
import { casesOf, compareRatios, guardedRatios } from './harness/ratio-check.mjs';
import { number } from './harness/report/format.mjs';
import { calibrate, runRounds } from './harness/rounds.mjs';
import { summarise } from './harness/summary.mjs';

const RATIOS = new URL('./ratios.json', import.meta.url);
const SETTINGS = { rounds: 3, threads: 2, quick: true };

async function main(argv) {
  const unknown = argv.find((argument) => argument !== '--record');
  if (unknown !== undefined) throw new Error(`check-ratios: expected --record or nothing, got ${unknown}`);
  installDependencies();
  if (!millraceIsBuilt()) throw new Error('millrace is not built: run `npm run build` first');
  const warning = busyWarning(loadBefore());
  if (warning !== undefined) console.error(`check-ratios: ${warning}`);
  return argv.includes('--record') ? record(warning) : check();
}

/** `burst/rate` and so on, of every guarded metric. */
function guardedNames() {
  return cases.flatMap(({ name, metrics }) => metrics.filter(({ guarded }) => guarded).map(({ key }) => `${name}/${key}`));
}

/** The guarded ratios of these cases, from one run. */
async function measure(names) {
  const plan = makePlan({ caseNames: casesOf(names) });
  const settings = { ...SETTINGS, iterationsPerUs: calibrate() };
  const summaries = [];
  for (const item of plan) summaries.push(summarise(item.benchCase, await runRounds(item, settings)));
  return guardedRatios(summaries);
}

async function record(warning) {
  if (warning !== undefined)
    throw new Error('check-ratios: nothing recorded: ratios of a busy machine would be the yardstick from now on. Try again when it is idle');
  const measured = await measure(guardedNames());
  const rounded = Object.entries(measured)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => [name, Number(value.toPrecision(3))]);
  writeFileSync(RATIOS, `${JSON.stringify({ machine: machineClass(), ratios: Object.fromEntries(rounded) }, null, 2)}\n`);
  console.log(`recorded ${rounded.length} ratios`);
  return 0;
}

async function check() {
  const { ratios: recorded } = JSON.parse(readFileSync(RATIOS, 'utf8'));
  const skipped = guardedNames().filter((name) => recorded[name] === undefined);
  for (const name of skipped) console.log(`skipped ${name}: nothing recorded; see --record`);
  const failed = await failedTwice(recorded);
  console.log(`${Object.keys(recorded).length - failed.length} passed, ${failed.length} failed, ${skipped.length} skipped`);
  return failed.length === 0 ? 0 : 1;
}

/** The names that fail in a first run and again in a second run of their cases. */
async function failedTwice(recorded) {
  const once = compareRatios(await measure(Object.keys(recorded)), recorded).failed;
  if (once.length === 0) return [];
  console.log(`measuring again: ${once.join(', ')}`);
  const measured = await measure(once);
  const twice = compareRatios(measured, recorded).failed.filter((name) => once.includes(name));
  for (const name of twice)
    console.log(`FAILED ${name}: ${measured[name] === undefined ? 'no ratio' : `${number(measured[name])}x`}, recorded ${number(recorded[name])}x`);
  return twice;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  console.error(error.message);
  process.exitCode = 2;
}
