/**
 * How fast a stuck worker is seen and replaced, on an otherwise idle machine.
 *
 *     node bench/micro/stuck-workers.mjs [--quick]        after `npm run build`
 *
 * Prints for threads and processes, in ms: the stack of a worker in an endless loop; how late a bare timer of the same time is beside a bare thread or process
 * in such a loop, which is what the machine allows; how long after its deadline the promise of a CPU-bound loop is rejected;
 * how long after that the pool, at its largest, has run the next task, beside what one spawn takes: the first result of a new pool of one worker; and the start
 * alone (the time until `workerReady`) of the replacements.
 */
import { spawn as startChild } from 'node:child_process';
import { once } from 'node:events';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';

const { createPool } = await import(pathToFileURL('dist/index.js').href);
const quick = process.argv.includes('--quick');
const ROUNDS = quick ? 5 : 100;
const TIMEOUT_MS = 50;
const TURN = quick ? 5 : 10;
const PAUSE_MS = 300;
const tasks = `data:text/javascript,${encodeURIComponent('export function spin() { for (;;); } export function noop() {}')}`;

const keepAlive = setInterval(() => undefined, 60_000);
for (const worker of ['thread', 'process']) {
  console.log(`${worker.padEnd(8)} stack          ${spread(await stacks(worker))}`);
  console.log(`${worker.padEnd(8)} timer late     ${spread(await timers(worker))}`);
  const { late, back, spawn, boot } = await replacements(worker);
  console.log(`${worker.padEnd(8)} past deadline  ${spread(late)}`);
  console.log(`${worker.padEnd(8)} capacity back  ${spread(back)}`);
  console.log(`${worker.padEnd(8)} one spawn      ${spread(spawn)}`);
  console.log(`${worker.padEnd(8)} start          ${spread(boot)}`);
}
clearInterval(keepAlive);

async function stacks(worker) {
  const times = [];
  for (let pools = 0; pools < (quick ? 1 : 5); pools += 1) {
    const pool = createPool(tasks, { worker, size: 1 });
    await pool.ready();
    const task = pool.submit('spin', []);
    task.result.catch(() => undefined);
    while (task.state !== 'EXECUTING') await new Promise((resolve) => setImmediate(resolve));
    for (let round = 0; round < ROUNDS / 5; round += 1) {
      const startedAt = performance.now();
      const [stack] = await pool.dumpStacks();
      times.push(performance.now() - startedAt);
      if (!stack.frames.some((frame) => frame.startsWith('at spin '))) throw new Error(stack.text);
    }
    await pool.terminate();
  }
  return times;
}

async function timers(worker) {
  const times = [];
  for (let loops = 0; loops < (quick ? 1 : 5); loops += 1) {
    const end = worker === 'thread' ? await startThread() : await startProcess();
    for (let round = 0; round < ROUNDS / 5; round += 1) {
      const startedAt = performance.now();
      await new Promise((resolve) => setTimeout(resolve, TIMEOUT_MS));
      times.push(performance.now() - startedAt - TIMEOUT_MS);
    }
    await end();
  }
  return times;
}

async function startThread() {
  const thread = new Worker('require("node:worker_threads").parentPort.postMessage(0); for (;;);', { eval: true });
  await once(thread, 'message');
  return () => thread.terminate();
}

async function startProcess() {
  const child = startChild(process.execPath, ['-e', 'process.stdout.write("."); for (;;);']);
  await once(child.stdout, 'data');
  return async () => {
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
}

async function replacements(worker) {
  const [late, back, spawn, boot] = [[], [], [], []];
  const pool = createPool(tasks, { worker, size: 1 });
  pool.on('workerReady', ({ bootMs }) => boot.push(bootMs));
  await pool.ready();
  // In turns, for the machine is not always as fast; by the ten, and with a pause: what has been ended should be gone when something else is measured.
  for (let round = 0; round < ROUNDS; round += 1) {
    const startedAt = performance.now();
    await pool.submit('spin', [], { deadline: TIMEOUT_MS }).result.catch(() => undefined);
    const rejectedAt = performance.now();
    late.push(rejectedAt - startedAt - TIMEOUT_MS);
    await pool.run('noop');
    back.push(performance.now() - rejectedAt);
    if (round % TURN !== TURN - 1) continue;
    await pause();
    for (let each = 0; each < TURN; each += 1) spawn.push(await firstResult(worker));
    await pause();
  }
  await pool.terminate();
  return { late, back, spawn, boot };
}

function pause() {
  return new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
}

async function firstResult(worker) {
  const startedAt = performance.now();
  const pool = createPool(tasks, { worker, size: 1 });
  await pool.run('noop');
  const tookMs = performance.now() - startedAt;
  await pool.terminate();
  return tookMs;
}

function spread(times) {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))].toFixed(1);
  return `p50 ${at(0.5)}  p99 ${at(0.99)}  max ${at(1)}  (${sorted.length} times)`;
}
