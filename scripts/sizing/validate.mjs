/**
 * The simulator's predictions against real pools on this machine: wait percentiles and worker-seconds, for three scenarios.
 *
 *   node scripts/sizing/validate.mjs [step | square | mixed ...] [--runs 6] [--policy adaptive] [--seconds 12] [--state FILE] [--write]
 *
 * Takes some 15 seconds a run. With `--state` the runs of several calls add up. Wants a quiet machine, and makes sure of it: a run beside which others took
 * a quarter of a core for half a second is repeated.
 *
 * Each run draws arrivals of its own: where a small difference decides what a pool does next, one load would be judged by its accidents. What the machine adds
 * (how long a worker takes to start and what of that it computes, how late timers are, what a hand-over takes of either side) is measured before each run and
 * given to the simulator, with the very instants at which the tasks of the run were submitted. Tasks wait rather than compute, so that the cores bound neither.
 * Compared are the means over the runs. Exits with 1 when one is off by more than 20 % (and, of waits, by more than 4 ms).
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createPool } from 'millrace';
import { simulate } from 'millrace/simulator';
import { mean, short, withInterval } from './statistics.mjs';

const PAGE = fileURLToPath(new URL('../../docs/design/sizing-figures.md', import.meta.url));
const TASKS = new URL('./real-tasks.mjs', import.meta.url);
const TOLERANCE = 0.2;
/** Differences below this are the clock of the event loop, not the model, in ms. */
const TOLERANCE_MS = 4;
/** Before the first task, in ms: the first worker is ready by then. */
const LEAD_MS = 500;
/** Starts measured before each run, and what lies between them, in ms. */
const STARTS = 6;
const PAUSE_MS = 100;
/** Tasks measured of each kind before each run, and those before them. */
const ROUNDS = 12;
const WARM_UPS = 4;
/** Each real run is simulated so many times: only how long workers take to start differs. */
const SIMULATIONS = 10;
/** Cores that others may use in half a second of a run. */
const OTHERS_MAX = 0.25;
/** Of /proc/stat, in ms. */
const TICK_MS = 10;
/** What a task computes when it is measured how much is a millisecond. */
const AMOUNT = 40;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: 'string', default: '6' },
    seconds: { type: 'string', default: '12' },
    policy: { type: 'string', default: 'adaptive' },
    state: { type: 'string' },
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

/**
 * The host as the simulator is told of it. Starts one after another, since it shares the cores between those that come together itself; before each run, since
 * from minute to minute they differ by a third.
 */
async function measureHost(kinds) {
  const pool = createPool(TASKS, { size: 1, submitStack: false });
  await pool.ready();
  const starts = [];
  pool.on('workerReady', ({ bootMs }) => starts.push({ bootMs }));
  for (let round = 0; round < STARTS; round += 1) {
    await pause(PAUSE_MS);
    const before = process.cpuUsage();
    await pool.addWorker();
    const { user, system } = process.cpuUsage(before);
    starts.at(-1).cpuMs = (user + system) / 1_000;
  }
  const time = async (amount, ioMs) => {
    for (let round = 0; round < WARM_UPS; round += 1) await pool.run('work', amount, ioMs);
    const before = process.cpuUsage();
    const all = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const startMs = performance.now();
      await pool.run('work', amount, ioMs);
      all.push(performance.now() - startMs);
    }
    const { user, system } = process.cpuUsage(before);
    return { tookMs: median(all), taskCpuMs: (user + system) / 1_000 / ROUNDS };
  };
  const dispatchMs = (await time(0, 0)).tookMs;
  const unitMs = ((await time(AMOUNT, 0)).tookMs - dispatchMs) / AMOUNT;
  const tookMs = [];
  const callerMs = [];
  for (const { cpuMs, ioMs } of kinds) {
    const measured = await time(Math.round(cpuMs / unitMs), ioMs);
    tookMs.push(measured.tookMs - dispatchMs);
    // What is left of the CPU time when the simulated worker has had its part.
    callerMs.push(measured.taskCpuMs - cpuMs - dispatchMs);
  }
  await pool.close();
  return { starts, dispatchMs, unitMs, tookMs, callerMs: Math.max(0, mean(callerMs)) };
}

/** The starts measured before a run in one. */
function hostOf({ starts, dispatchMs, callerMs, tookMs }) {
  const bootMs = mean(starts.map((start) => start.bootMs));
  return { bootMs, bootCpuShare: Math.min(1, mean(starts.map(({ cpuMs }) => cpuMs)) / bootMs), dispatchMs, callerMs, tookMs };
}

/** How far starts vary around what they take at the time: as a standard deviation of logarithms. */
function spreadOf(hosts) {
  const strays = hosts.flatMap(({ starts }) => {
    const around = mean(starts.map(({ bootMs }) => Math.log(bootMs)));
    return starts.map(({ bootMs }) => (Math.log(bootMs) - around) ** 2);
  });
  return Math.sqrt(mean(strays) * (STARTS / (STARTS - 1)));
}

/** What others than this process take of the cores, in cores: the most in any half second. NaN where it cannot be known. */
function watchOthers() {
  let last = usage();
  let most = NaN;
  const timer = setInterval(() => {
    const now = usage();
    const others = (now.allMs - now.ownMs - (last.allMs - last.ownMs)) / (now.atMs - last.atMs);
    if (!(others <= most)) most = others;
    last = now;
  }, 500);
  return () => {
    clearInterval(timer);
    return most;
  };
}

function usage() {
  const { user, system } = process.cpuUsage();
  let allMs = NaN;
  try {
    const [, ...ticks] = readFileSync('/proc/stat', 'utf8').split('\n', 1)[0].split(/ +/).map(Number);
    const [byUser, nice, bySystem, , , irq, softIrq, steal] = ticks;
    allMs = TICK_MS * (byUser + nice + bySystem + irq + softIrq + steal);
  } catch {
    // Not Linux: whether it was quiet is for whoever measures to know.
  }
  return { atMs: performance.now(), ownMs: (user + system) / 1_000, allMs };
}

async function runReal({ dueMs, kindOf }, kinds, unitMs) {
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
    open.push(pool.run('work', Math.round(cpuMs / unitMs), ioMs).then(({ beganAt }) => waits.push(Math.max(0, beganAt - performance.timeOrigin - nowMs))));
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

async function runSimulated(name, { host, stampsMs, kindOf }, kinds, sigma, seed) {
  const { bootMs, bootCpuShare, dispatchMs, callerMs, tookMs } = hostOf(host);
  const { wait, cost } = await simulate(
    {
      name,
      durationMs: LEAD_MS + DURATION_MS,
      measureFromMs: LEAD_MS,
      arrivals: { kind: 'stamps', stampsMs: stampsMs.map((stamp) => LEAD_MS + stamp), tasks: kindOf },
      tasks: kinds.map(({ cpuMs }, index) => ({ name: 'work', cpu: cpuMs, io: Math.max(0, tookMs[index] - cpuMs) })),
      host: { cores: availableParallelism(), boot: { kind: 'lognormal', meanMs: bootMs, sigma }, bootCpuShare, dispatchMs, callerMs },
      pool: POOL,
    },
    { seed },
  );
  return [wait.p50, wait.p95, wait.p99, cost.workerS];
}

/** Runs until there are so many more that nothing disturbed. */
async function measure({ rate, kinds }, runs, kept) {
  for (let tries = 0, until = kept.length + runs; kept.length < until && tries < 2 * runs; tries += 1) {
    const others = watchOthers();
    const host = await measureHost(kinds);
    const load = draw(rate, kinds.length, 42 + kept.length);
    const run = { host, kindOf: load.kindOf, ...(await runReal(load, kinds, host.unitMs)) };
    const most = others();
    console.error(`  ${run.figures.map((each) => short(each)).join(', ')}; ${short(hostOf(host).bootMs)} ms a start; others took up to ${short(most)} cores`);
    if (most > OTHERS_MAX) continue;
    kept.push(run);
    if (values.state !== undefined) writeFileSync(values.state, JSON.stringify(state));
  }
}

async function validate(scenario, runs) {
  const { name, kinds } = scenario;
  const sigma = spreadOf(runs.map(({ host }) => host));
  console.error(`${name}, ${runs.length} runs; starts vary by a factor of ${short(Math.exp(sigma))}`);
  const real = runs.map(({ figures }) => figures);
  const simulated = [];
  for (const [index, run] of runs.entries()) {
    const figures = [];
    for (let seed = 1; seed <= SIMULATIONS; seed += 1) figures.push(await runSimulated(name, run, kinds, sigma, SIMULATIONS * index + seed));
    simulated.push(figures[0].map((_, figure) => mean(figures.map((each) => each[figure]))));
    const { bootMs, callerMs } = hostOf(run.host);
    console.error(
      `  ${short(bootMs)} ms a start, ${short(callerMs)} ms beside a task: real ${real[index].map((each) => short(each)).join(', ')}; simulated ${simulated[index].map((each) => short(each)).join(', ')}`,
    );
  }
  return ['wait p50 (ms)', 'wait p95 (ms)', 'wait p99 (ms)', 'worker-seconds'].map((figure, index) => {
    const [measured, predicted] = [real, simulated].map((all) => all.map((each) => each[index]));
    const off = mean(predicted) - mean(measured);
    const isWait = figure.startsWith('wait');
    const good = Math.abs(off) <= Math.max(isWait ? TOLERANCE_MS : 0, TOLERANCE * mean(measured));
    const both = isWait && Math.max(mean(measured), mean(predicted)) < TOLERANCE_MS;
    const difference = both
      ? `both below ${TOLERANCE_MS} ms`
      : `${withInterval(predicted.map((each, run) => (100 * (each - measured[run])) / mean(measured)))} %`;
    return { line: `| ${name} | ${figure} | ${withInterval(measured)} | ${withInterval(predicted)} | ${difference} |`, good };
  });
}

/** Arrivals drawn here, so that the real pool and the simulated one are given the same. */
function draw(rate, kinds, seed) {
  let state = seed;
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

function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
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

const state = values.state !== undefined && existsSync(values.state) ? JSON.parse(readFileSync(values.state, 'utf8')) : {};
const found = [];
for (const scenario of SCENARIOS) {
  const runs = (state[scenario.name] ??= []);
  await measure(scenario, Number(values.runs), runs);
  if (runs.length === 0) throw new Error('no run was left alone by what else this machine does');
  const rows = await validate(scenario, runs);
  for (const row of rows) console.log(`${row.line}${row.good ? '' : '  off by more than 20 %'}`);
  found.push(...rows);
}
if (values.write) write(found.map(({ line }) => line));
clearInterval(alive);
process.exitCode = found.every(({ good }) => good) ? 0 : 1;
