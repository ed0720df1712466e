/**
 * The simulator's predictions against real pools on this machine: wait percentiles and worker-seconds, for three scenarios.
 *
 *   node scripts/sizing/validate.mjs [step | square | mixed ...] [--runs 5] [--policy adaptive] [--seconds 12] [--write]
 *
 * Wants a quiet machine; takes some 70 seconds a scenario. What the machine adds (how long a worker takes to start and what of that it computes, how late
 * timers are, what a hand-over takes) is measured first and given to the simulator. Tasks wait rather than compute, so that the cores bound neither. Each real
 * run is simulated with the very instants at which its tasks were submitted; what is compared are the medians over the runs. Exits with 1 when one is
 * off by more than 20 % (and, of waits, by more than 4 ms).
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
/** Before the first task, in ms: the first worker is ready by then. */
const LEAD_MS = 500;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '12' },
    policy: { type: 'string', default: 'adaptive' },
    write: { type: 'boolean', default: false },
  },
});
const DURATION_MS = 1_000 * Number(values.seconds);

const CALLS = [{ cpuMs: 1, ioMs: 49 }];
const SCENARIOS = [
  { name: 'step', rate: (share) => (share > 0.25 && share < 0.6 ? 160 : 20), kinds: CALLS },
  { name: 'square wave', rate: (share) => (Math.floor(share * 8) % 2 === 1 ? 120 : 12), kinds: CALLS },
  {
    name: 'mixed',
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
  for (let round = 0; round < 9; round += 1) {
    const before = process.cpuUsage();
    await pool.addWorker();
    const { user, system } = process.cpuUsage(before);
    cpuMs.push((user + system) / 1_000);
  }
  const time = async (cpuMs, ioMs) => {
    const all = [];
    for (let round = 0; round < 24; round += 1) {
      const startMs = performance.now();
      await pool.run('work', cpuMs, ioMs);
      all.push(performance.now() - startMs);
    }
    return median(all.slice(4));
  };
  const dispatchMs = await time(0, 0);
  const tookMs = [];
  for (const { cpuMs, ioMs } of kinds) tookMs.push((await time(cpuMs, ioMs)) - dispatchMs);
  await pool.close();
  const bootMs = median(bootsMs);
  return { bootMs, bootCpuShare: Math.min(1, median(cpuMs) / bootMs), dispatchMs, tookMs };
}

async function runReal({ dueMs, kindOf }, kinds) {
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
  const reached = async (atMs) => {
    while (performance.now() - startMs < atMs) await new Promise((resolve) => setTimeout(resolve, Math.max(0, atMs - (performance.now() - startMs) - 0.5)));
  };
  workerMs = 0;
  since = startMs;
  const waits = [];
  const stampsMs = [];
  const open = [];
  for (const [index, due] of dueMs.entries()) {
    await reached(due);
    const nowMs = performance.now();
    stampsMs.push(nowMs - startMs);
    const { cpuMs, ioMs } = kinds[kindOf[index]];
    open.push(pool.run('work', cpuMs, ioMs).then(({ beganAt }) => waits.push(Math.max(0, beganAt - performance.timeOrigin - nowMs))));
  }
  await reached(DURATION_MS);
  change(0);
  const workerS = workerMs / 1_000;
  await Promise.all(open);
  await pool.close();
  waits.sort((a, b) => a - b);
  const at = (q) => waits[Math.max(0, Math.ceil(q * waits.length) - 1)];
  return { stampsMs, figures: [at(0.5), at(0.95), at(0.99), workerS] };
}

async function runSimulated(name, stampsMs, kindOf, kinds, { bootMs, bootCpuShare, dispatchMs, tookMs }, seed) {
  const { wait, cost } = await simulate(
    {
      name,
      durationMs: LEAD_MS + DURATION_MS,
      measureFromMs: LEAD_MS,
      arrivals: { kind: 'stamps', stampsMs: stampsMs.map((stamp) => LEAD_MS + stamp), tasks: kindOf },
      tasks: kinds.map(({ cpuMs }, index) => ({ name: 'work', cpu: cpuMs, io: Math.max(0, tookMs[index] - cpuMs) })),
      host: { cores: availableParallelism(), boot: { kind: 'lognormal', meanMs: bootMs, sigma: 0.15 }, bootCpuShare, dispatchMs },
      pool: POOL,
    },
    { seed },
  );
  return [wait.p50, wait.p95, wait.p99, cost.workerS];
}

async function validate({ name, rate, kinds }) {
  const host = await measureHost(kinds);
  console.error(`${name}: ${JSON.stringify(host)}`);
  const drawn = draw(rate, kinds.length);
  const real = [];
  const simulated = [];
  for (let seed = 1; seed <= Number(values.runs); seed += 1) {
    const { stampsMs, figures } = await runReal(drawn, kinds);
    real.push(figures);
    simulated.push(await runSimulated(name, stampsMs, drawn.kindOf, kinds, host, seed));
    console.error(
      `  real ${figures.map((each) => short(each)).join(', ')}; simulated ${simulated
        .at(-1)
        .map((each) => short(each))
        .join(', ')}`,
    );
  }
  return ['wait p50 (ms)', 'wait p95 (ms)', 'wait p99 (ms)', 'worker-seconds'].map((figure, index) => {
    const [measured, predicted] = [real, simulated].map((runs) => median(runs.map((run) => run[index])));
    const good = Math.abs(predicted - measured) <= Math.max(figure.startsWith('wait') ? TOLERANCE_MS : 0, TOLERANCE * measured);
    const both = Math.max(measured, predicted) < TOLERANCE_MS;
    const difference = both ? `both below ${TOLERANCE_MS} ms` : `${short(100 * (predicted / measured - 1))} %`;
    return { line: `| ${name} | ${figure} | ${short(measured)} | ${short(predicted)} | ${difference} |`, good };
  });
}

/** Arrivals drawn here, so that the real pool and the simulated one are given the same. */
function draw(rate, kinds) {
  let state = 42;
  const random = () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return (state + 0.5) / 4_294_967_296;
  };
  const dueMs = [];
  const kindOf = [];
  for (let at = 0; ;) {
    at += (-Math.log(random()) * 1_000) / rate(at / DURATION_MS);
    if (at >= DURATION_MS) return { dueMs, kindOf };
    dueMs.push(at);
    kindOf.push(Math.floor(random() * kinds));
  }
}

function median(list) {
  return [...list].sort((a, b) => a - b)[list.length >> 1];
}

/** Rows of scenarios that were not run stay. */
function write(lines) {
  const page = readFileSync(PAGE, 'utf8');
  const from = page.indexOf('<!-- validation -->');
  const to = page.indexOf('<!-- end of validation -->');
  const names = new Set(SCENARIOS.map(({ name }) => name));
  const kept = page
    .slice(from, to)
    .split('\n')
    .filter((line) => /^\| (step|square wave|mixed) \|/.test(line) && !names.has(line.split('|')[1].trim()));
  const head = '| scenario | figure | real pool | simulated | difference |\n|---|---|---|---|---|';
  writeFileSync(PAGE, `${page.slice(0, from)}<!-- validation -->\n\n${head}\n${[...kept, ...lines].join('\n')}\n\n${page.slice(to)}`);
}

const found = [];
for (const scenario of SCENARIOS) {
  const rows = await validate(scenario);
  for (const row of rows) console.log(`${row.line}${row.good ? '' : '  off by more than 20 %'}`);
  found.push(...rows);
}
if (values.write) write(found.map(({ line }) => line));
clearInterval(alive);
process.exitCode = found.every(({ good }) => good) ? 0 : 1;
