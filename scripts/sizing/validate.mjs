/**
 * The simulator's predictions against real pools on this machine: wait percentiles and worker-seconds, for three scenarios.
 *
 *   node scripts/sizing/validate.mjs [scenario ...] [--policy adaptive] [--short] [--write]
 *
 * Wants a quiet machine; takes about two minutes (`--short`: a third, and rougher). What the machine adds (boot time, timers that are late) is measured
 * first and given to the simulator; arrivals are the same instants in both. Exits with 1 when a prediction is off by more than 20 % (and 4 ms).
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createPool } from 'millrace';
import { simulate } from 'millrace/simulator';
import { short } from './statistics.mjs';

const PAGE = fileURLToPath(new URL('../../docs/design/sizing-figures.md', import.meta.url));
const TASKS = new URL('./real-tasks.mjs', import.meta.url);
const TOLERANCE = 0.2;
/** Differences below this are the clock of the event loop, not the model, in ms. */
const TOLERANCE_MS = 4;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { short: { type: 'boolean', default: false }, write: { type: 'boolean', default: false }, policy: { type: 'string', default: 'adaptive' } },
});
const LENGTH = values.short ? 1 / 3 : 1;

const SCENARIOS = [
  { name: 'step', seconds: 45, rate: (at) => (at > 15 * LENGTH && at < 30 * LENGTH ? 160 : 20), kinds: [{ cpuMs: 1, ioMs: 49 }] },
  { name: 'square wave', seconds: 48, rate: (at) => (Math.floor(at / (6 * LENGTH)) % 2 === 1 ? 120 : 12), kinds: [{ cpuMs: 1, ioMs: 49 }] },
  {
    name: 'mixed',
    seconds: 45,
    rate: () => 60,
    kinds: [
      { cpuMs: 4, ioMs: 0 },
      { cpuMs: 0, ioMs: 90 },
    ],
  },
].filter(({ name }) => positionals.length === 0 || positionals.some((wanted) => name.startsWith(wanted)));

const POOL = { size: { min: 1, max: 24 }, policy: values.policy, queue: { max: 100_000 } };
/** An idle pool keeps no process alive. */
const alive = setInterval(() => {}, 1_000);

/** The host as the simulator is told of it: starts one after another, since it shares the cores between those that come together itself. */
async function measureHost(kinds) {
  const pool = createPool(TASKS, { size: 1, submitStack: false });
  await pool.ready();
  const bootsMs = [];
  const cpuMs = [];
  pool.on('workerReady', ({ bootMs }) => bootsMs.push(bootMs));
  for (let round = 0; round < 7; round += 1) {
    const before = process.cpuUsage();
    await pool.addWorker();
    const { user, system } = process.cpuUsage(before);
    cpuMs.push((user + system) / 1_000);
  }
  const tookMs = [];
  for (const { cpuMs, ioMs } of kinds) {
    const all = [];
    for (let round = 0; round < 40; round += 1) all.push((await pool.run('work', cpuMs, ioMs)).tookMs);
    tookMs.push(median(all.slice(5)));
  }
  await pool.close();
  const bootMs = median(bootsMs);
  return { bootMs, bootCpuShare: Math.min(1, median(cpuMs) / bootMs), tookMs };
}

async function runReal(stampsMs, kindOf, kinds) {
  const pool = createPool(TASKS, { ...POOL, submitStack: false });
  let workers = 0;
  let workerMs = 0;
  let since = performance.now();
  const change = (by) => {
    workerMs += workers * (performance.now() - since);
    since = performance.now();
    workers += by;
  };
  pool.on('workerStarting', () => change(1)).on('workerExit', () => change(-1));
  await pool.ready();
  const startMs = performance.now();
  workerMs = 0;
  since = startMs;
  const waits = [];
  const open = [];
  for (const [index, stamp] of stampsMs.entries()) {
    while (performance.now() - startMs < stamp) await new Promise((resolve) => setTimeout(resolve, Math.max(0, stamp - (performance.now() - startMs) - 0.5)));
    const submittedAt = performance.timeOrigin + performance.now();
    const { cpuMs, ioMs } = kinds[kindOf[index]];
    open.push(pool.run('work', cpuMs, ioMs).then(({ beganAt }) => waits.push(Math.max(0, beganAt - submittedAt))));
  }
  change(0);
  const workerS = workerMs / 1_000;
  await Promise.all(open);
  await pool.close();
  return { waits: waits.sort((a, b) => a - b), workerS };
}

async function validate({ name, seconds, rate, kinds }) {
  const durationMs = seconds * 1_000 * LENGTH;
  const { bootMs, bootCpuShare, tookMs } = await measureHost(kinds);
  const { stampsMs, kindOf } = draw(durationMs, rate, kinds.length);
  const real = await runReal(stampsMs, kindOf, kinds);
  const tasks = kinds.map(({ cpuMs }, index) => ({ name: `kind${index}`, cpu: cpuMs, io: Math.max(0, tookMs[index] - cpuMs) }));
  const scenario = {
    name,
    durationMs,
    arrivals: { kind: 'stamps', stampsMs },
    tasks,
    host: { cores: availableParallelism(), boot: { kind: 'lognormal', meanMs: bootMs, sigma: 0.15 }, bootCpuShare },
    pool: POOL,
  };
  const simulated = await simulate(scenario);
  const at = (q) => real.waits[Math.max(0, Math.ceil(q * real.waits.length) - 1)];
  return [
    ['wait p50 (ms)', at(0.5), simulated.wait.p50, TOLERANCE_MS],
    ['wait p95 (ms)', at(0.95), simulated.wait.p95, TOLERANCE_MS],
    ['wait p99 (ms)', at(0.99), simulated.wait.p99, TOLERANCE_MS],
    ['worker-seconds', real.workerS, simulated.cost.workerS, 0],
  ].map(([figure, measured, predicted, slack]) => ({
    line: `| ${name} | ${figure} | ${short(measured)} | ${short(predicted)} | ${measured === 0 ? '' : `${short(100 * (predicted / measured - 1))} %`} |`,
    good: Math.abs(predicted - measured) <= Math.max(slack, TOLERANCE * measured),
  }));
}

/** Arrivals drawn here, so that the real pool and the simulated one are given the same. */
function draw(durationMs, rate, kinds) {
  let state = 42;
  const random = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state + 0.5) / 4_294_967_296;
  };
  const stampsMs = [];
  const kindOf = [];
  for (let at = 0; ;) {
    at += (-Math.log(random()) * 1_000) / rate(at / 1_000);
    if (at >= durationMs) return { stampsMs, kindOf };
    stampsMs.push(at);
    kindOf.push(Math.floor(random() * kinds));
  }
}

function median(list) {
  return [...list].sort((a, b) => a - b)[list.length >> 1];
}

const found = [];
for (const scenario of SCENARIOS) {
  const rows = await validate(scenario);
  for (const row of rows) console.log(`${row.line}${row.good ? '' : '  off by more than 20 %'}`);
  found.push(...rows);
}
if (values.write) {
  const page = readFileSync(PAGE, 'utf8');
  const [before, after] = [page.slice(0, page.indexOf('<!-- validation -->')), page.slice(page.indexOf('<!-- end of validation -->'))];
  writeFileSync(
    PAGE,
    `${before}<!-- validation -->\n\n| scenario | figure | real pool | simulated | difference |\n|---|---|---|---|---|\n${found.map(({ line }) => line).join('\n')}\n\n${after}`,
  );
}
clearInterval(alive);
process.exitCode = found.every(({ good }) => good) ? 0 : 1;
