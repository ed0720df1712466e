/**
 * The slow check: no recorded ratio over the fastest peer may fall by more than a third, twice in a row. Ratios within one run only, never absolute times:
 * millrace and the peer that was the fastest take turns, in the quick form of each case. What cannot be told on this machine is skipped, and counted.
 *
 *   node bench/check-ratios.mjs                      compares with bench/ratios.json
 *   node bench/check-ratios.mjs --case burst         only this case (may be given several times)
 *   node bench/check-ratios.mjs --record             writes bench/ratios.json, on an idle machine; with --case only those
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { cases } from './cases/index.mjs';
import { OURS } from './contenders/index.mjs';
import { installDependencies, millraceIsBuilt } from './harness/install.mjs';
import { busyBefore, coresFree, describeMachine, machineClass, sameClass, stolenTicks } from './harness/machine.mjs';
import { makePlan } from './harness/plan.mjs';
import { guardedNames, guardedRatios, judge, splitName } from './harness/ratio-check.mjs';
import { number } from './harness/report/format.mjs';
import { calibrate, runRounds } from './harness/rounds.mjs';
import { summarise } from './harness/summary.mjs';

const RATIOS = new URL('./ratios.json', import.meta.url);
const SETTINGS = { threads: 2, quick: true };
/** From the start of this process, the installation of the peers included. */
const LIMIT_MS = 330_000;
const RECORD_ROUNDS = 5;
/** The share of the recorded spare cores below which something else is running. */
const FREE_SHARE_MIN = 0.85;
/** How much slower or faster than when it was recorded one core may be. */
const SPEED_FACTOR_MAX = 1.25;
/** The share of its time a machine may lose to its host and still count as quiet. */
const STOLEN_MAX = 0.03;

async function main(argv) {
  const { values } = parseArgs({ args: argv, options: { record: { type: 'boolean', default: false }, case: { type: 'string', multiple: true } } });
  const names = guardedNames(cases).filter((name) => values.case?.includes(splitName(name)[0]) ?? true);
  if (names.length === 0) throw new Error(`check-ratios: no such case is guarded; these are: ${guardedNames(cases).join(', ')}`);
  if (values.record) return record(names);
  const recorded = JSON.parse(readFileSync(RATIOS, 'utf8'));
  const obstacle = obstacleTo(recorded);
  return report(obstacle === undefined ? await checkAll(names, recorded) : names.map((name) => ({ name, verdict: 'skipped', reason: obstacle })));
}

/** Why nothing can be told here; undefined when something can. */
function obstacleTo(recorded) {
  if (recorded.machine === undefined) return 'nothing recorded: see --record';
  const here = machineClass();
  if (!sameClass(here, recorded.machine)) return `recorded on ${describeMachine(recorded.machine)}; this is ${describeMachine(here)}`;
  try {
    installDependencies();
  } catch (error) {
    return error.message;
  }
  if (!millraceIsBuilt()) throw new Error('millrace is not built: run `npm run build` first');
  return undefined;
}

async function checkAll(names, { machine, ratios }) {
  const iterationsPerUs = calibrate();
  const results = [];
  for (const name of names) {
    const expected = ratios[name];
    const measure = (rounds) => measureOnce(name, expected.peer, { ...SETTINGS, rounds, iterationsPerUs }, machine);
    const result =
      expected === undefined ? { verdict: 'skipped', reason: 'nothing recorded: see --record' } : await judge(expected.ratio, { measure, timeIsUp });
    results.push({ name, expected, ...result });
    console.log(describe(results.at(-1)));
  }
  return results;
}

const timeIsUp = () => performance.now() > LIMIT_MS;

/** One try, as `judge` asks for it. */
async function measureOnce(name, peer, settings, recordedOn) {
  const [caseName, key] = splitName(name);
  const [item] = makePlan({ caseNames: [caseName], contenderNames: [OURS, peer] });
  const quietBefore = await isAsRecorded(recordedOn);
  const before = stolenTicks();
  const results = await runRounds(item, { ...settings, giveUpAt: LIMIT_MS });
  const after = stolenTicks();
  const summary = summarise(item.benchCase, results);
  const theirs = summary.entries.find((entry) => entry.name === peer);
  if (theirs?.status !== 'ok') return { problem: `${peer} cannot be measured: ${theirs?.note ?? 'no contender of this name'}` };
  const stolen = (after.stolen - before.stolen) / Math.max(1, after.all - before.all);
  const quiet = quietBefore && stolen <= STOLEN_MAX && (await isAsRecorded(recordedOn));
  return { ratio: summary.metrics.find((metric) => metric.key === key).ratio, quiet };
}

/** Whether the cores are as free and as fast as they were: else a ratio that has fallen says more about the machine than about the code. */
async function isAsRecorded({ coresFree: whenIdle, iterationsPerUs }) {
  const speed = calibrate() / iterationsPerUs;
  return Math.max(speed, 1 / speed) <= SPEED_FACTOR_MAX && (await coresFree()) >= FREE_SHARE_MIN * whenIdle;
}

function describe({ name, expected, verdict, reason, ratios = [] }) {
  const measured = ratios.map((ratio) => (ratio === undefined ? 'no answer' : `${number(ratio)}x`)).join(', ');
  const versus = ratios.length === 0 ? '' : `: ${measured} over ${expected.peer}, recorded ${number(expected.ratio)}x`;
  return `${verdict === 'failed' ? 'FAILED' : verdict.padEnd(6)} ${name}${versus}${reason === undefined ? '' : ` (${reason})`}`;
}

function report(results) {
  for (const result of results.filter(({ verdict, ratios }) => verdict === 'skipped' && ratios === undefined)) console.log(describe(result));
  const count = (wanted) => results.filter(({ verdict }) => verdict === wanted).length;
  console.log(`${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} skipped`);
  return count('failed') === 0 ? 0 : 1;
}

async function record(names) {
  installDependencies();
  const { free, warning } = await busyBefore();
  if (warning !== undefined)
    throw new Error('check-ratios: nothing recorded: ratios of a busy machine would be the yardstick from now on. Try again when it is idle');
  const settings = { ...SETTINGS, rounds: RECORD_ROUNDS, screening: true, iterationsPerUs: calibrate() };
  let count = 0;
  for (const item of makePlan({ caseNames: [...new Set(names.map((name) => splitName(name)[0]))] })) {
    const measured = guardedRatios([summarise(item.benchCase, await runRounds(item, settings))]);
    writeRatios({ ...machineClass(), coresFree: free, iterationsPerUs: Math.round(settings.iterationsPerUs) }, measured);
    for (const [name, { ratio, peer }] of Object.entries(measured)) console.log(`recorded ${name}: ${number(ratio)}x over ${peer}`);
    count += Object.keys(measured).length;
  }
  return count === names.length ? 0 : 1;
}

/** Adds to what is recorded, in the order of the cases; what is no longer guarded goes. */
function writeRatios(machine, measured) {
  const { ratios: kept } = JSON.parse(readFileSync(RATIOS, 'utf8'));
  const all = { ...kept, ...measured };
  const names = guardedNames(cases).filter((name) => all[name] !== undefined);
  const ratios = Object.fromEntries(names.map((name) => [name, { ratio: Number(all[name].ratio.toPrecision(3)), peer: all[name].peer }]));
  writeFileSync(RATIOS, `${JSON.stringify({ machine, ratios }, null, 2)}\n`);
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  console.error(error.message);
  process.exitCode = 2;
}
