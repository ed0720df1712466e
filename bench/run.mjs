/** `npm run bench`: measures every contender in every case, prints the tables and writes the report. `--help` lists the options. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { join, relative } from 'node:path';
import { cases } from './cases/index.mjs';
import { contenders, OURS } from './contenders/index.mjs';
import { installDependencies, millraceIsBuilt, versionOf } from './harness/install.mjs';
import { busyBefore, machineClass } from './harness/machine.mjs';
import { HELP, readOptions } from './harness/options.mjs';
import { makePlan } from './harness/plan.mjs';
import { markdown } from './harness/report/markdown.mjs';
import { svg } from './harness/report/svg.mjs';
import { caseTable, tuneTable } from './harness/report/table.mjs';
import { calibrate, runRounds } from './harness/rounds.mjs';
import { summarise } from './harness/summary.mjs';

const RESULTS = fileURLToPath(new URL('./results/', import.meta.url));

async function main(options) {
  installDependencies();
  const plan = makePlan(options);
  if (plan.some(({ entries }) => entries.some(({ contender }) => contender.name === OURS)) && !millraceIsBuilt())
    throw new Error('millrace is not built: run `npm run build` first');
  const { load, free, warning } = await busyBefore();
  if (warning !== undefined) console.error(`bench: ${warning}`);
  const settings = { ...options, iterationsPerUs: calibrate() };
  const summaries = [];
  const started = performance.now();
  for (const item of plan) {
    const caseStarted = performance.now();
    const results = await runRounds(item, settings, showProgress(item));
    clearProgress();
    summaries.push({ ...summarise(item.benchCase, results), seconds: secondsSince(caseStarted) });
    console.log((options.tune ? tuneTable : caseTable)(summaries.at(-1)));
  }
  if (!options.tune)
    write(options, {
      machine: machineClass(),
      loadBefore: load,
      coresFreeBefore: free,
      warning,
      rounds: options.rounds,
      threads: options.threads,
      quick: options.quick,
      screening: options.screening,
      seconds: secondsSince(started),
      versions: versions(plan),
      cases: summaries,
    });
  return oursFailed(summaries) ? 1 : 0;
}

const secondsSince = (started) => Math.round((performance.now() - started) / 1000);

/** Versions of the packages that took part. */
function versions(plan) {
  const names = new Set(plan.flatMap(({ entries }) => entries.map(({ contender }) => contender.package)));
  names.delete(undefined);
  return Object.fromEntries([...names].map((name) => [name, versionOf(name)]));
}

/** Four digits are more than a measurement has. */
const shortNumbers = (_, value) => (typeof value === 'number' ? Number(value.toPrecision(4)) : value);

function write({ out, complete }, report) {
  const folder = out ?? (complete ? RESULTS : join(RESULTS, 'tmp'));
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'latest.json'), `${JSON.stringify(report, shortNumbers)}\n`);
  writeFileSync(join(folder, 'latest.svg'), svg(report));
  writeFileSync(join(folder, 'README.md'), markdown(report));
  console.log(`Report: ${relative(process.cwd(), join(folder, 'README.md'))}`);
}

const oursFailed = (summaries) => summaries.some(({ entries }) => entries.some(({ name, status }) => name === OURS && status === 'failed'));

function showProgress({ benchCase, entries }) {
  if (!process.stderr.isTTY) return undefined;
  let done = 0;
  return (entry, answer, round) =>
    process.stderr.write(`\r\x1b[K${benchCase.name}: round ${round + 1}, ${++done} of ${entries.length} a round: ${entry.label} ${answer.status}`);
}

function clearProgress() {
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
}

try {
  const options = readOptions(process.argv.slice(2));
  if (options.help) console.log(HELP);
  else if (options.list) console.log(`cases: ${cases.map(({ name }) => name).join(', ')}\ncontenders: ${contenders.map(({ name }) => name).join(', ')}`);
  else process.exitCode = await main(options);
} catch (error) {
  console.error(error.message);
  process.exitCode = 2;
}
