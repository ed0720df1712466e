/**
 * The shared ring alone, without a pool, beside a bare postMessage ping-pong in the same run.
 *
 *     node bench/micro/shared-ring.mjs [folder of compiled sources, default build/src] [--quick]
 *
 * Prints: bursts of no-ops and of small objects with one and two workers (tasks/s); one task at a time (p50, p99 in us) with both sides parked, with the pool's side
 * looking again, and with the worker spinning too; the same over a message port.
 */
import { pathToFileURL } from 'node:url';
import { isMainThread, MessageChannel, Worker, workerData } from 'node:worker_threads';

const root = isMainThread ? pathToFileURL(`${process.argv.slice(2).find((arg) => !arg.startsWith('--')) ?? 'build/src'}/`).href : workerData.root;
const load = (name) => import(new URL(`transport/shared-ring/${name}.js`, root).href);
/** Enough for the code of both sides to be compiled. */
const WARM_UP_TRIPS = 8_000;
const quick = process.argv.includes('--quick');

if (isMainThread) await main();
else if (workerData.kind === 'ring') await serveRing();
else servePort();

async function serveRing() {
  const { RingMemory } = await load('layout');
  const { createRingWorkerEnd } = await load('worker-end');
  const noop = () => undefined;
  const end = createRingWorkerEnd(
    RingMemory.open(workerData.buffer),
    workerData.port,
    {
      onTask(task) {
        if (!end.begin(task)) return;
        end.sendResult(task.slot, task.args[0], undefined);
        end.flush();
      },
      onUndecodable: noop,
      onFrame: noop,
      onUnsentResult: noop,
      onUnsentFrame: noop,
      onClose: noop,
    },
    { cores: workerData.cores },
  );
  end.send({ type: 'log' });
  end.flush();
}

function servePort() {
  workerData.port.on('message', (message) => workerData.port.postMessage(message, []));
  workerData.port.postMessage('ready', []);
}

async function startRing({ poolCores = 2, workerCores = 2 } = {}) {
  const [{ RingMemory }, { createRingPoolEnd }] = await Promise.all([load('layout'), load('pool-end')]);
  const memory = RingMemory.create();
  const { port1, port2 } = new MessageChannel();
  const worker = new Worker(new URL(import.meta.url), {
    workerData: { kind: 'ring', root, buffer: memory.buffer, port: port2, cores: workerCores },
    transferList: [port2],
  });
  const ring = { onResult: undefined };
  await new Promise((resolve) => {
    const noop = () => undefined;
    const handler = { onResult: (slot) => ring.onResult(slot), onError: noop, onFrame: resolve, onUnsent: noop, onClose: noop };
    ring.end = createRingPoolEnd(memory, port1, handler, { cores: poolCores });
  });
  ring.task = (slot, args = []) => ({
    slot,
    name: 'noop',
    args,
    transfer: undefined,
    sequence: slot,
    attempt: 1,
    flags: 0,
    deadlineEpochMs: 0,
    correlationId: undefined,
  });
  ring.stop = () => worker.terminate();
  return ring;
}

/** `total` tasks over all rings, each kept filled with `credit`. */
async function burst(rings, total, credit, args) {
  let sent = 0;
  let done = 0;
  const startedAt = performance.now();
  await new Promise((resolve) => {
    for (const ring of rings) {
      const tasks = Array.from({ length: credit }, (_, slot) => ring.task(slot, args));
      let free = 0;
      ring.onResult = (slot) => {
        done += 1;
        if (sent < total) {
          sent += 1;
          ring.end.sendTask(tasks[slot]);
          // As a pool does: one flush for a batch, here of a quarter of the credit.
          if ((free = (free + 1) % Math.ceil(credit / 4)) === 0) ring.end.flush();
          else if (sent === total) for (const other of rings) other.end.flush();
        } else if (done === total) resolve();
      };
      for (const task of tasks) {
        sent += 1;
        ring.end.sendTask(task);
      }
      ring.end.flush();
    }
  });
  return total / (performance.now() - startedAt);
}

async function oneAtATime(count, once) {
  const us = new Float64Array(count);
  for (let index = 0; index < count; index += 1) {
    const startedAt = performance.now();
    await once();
    us[index] = (performance.now() - startedAt) * 1e3;
  }
  us.sort();
  return { p50: us[Math.floor(count * 0.5)], p99: us[Math.floor(count * 0.99)] };
}

async function ringRoundTrip(options, count) {
  const ring = await startRing(options);
  const task = ring.task(0);
  const once = () =>
    new Promise((resolve) => {
      ring.onResult = resolve;
      ring.end.sendTask(task);
      ring.end.flush();
    });
  await oneAtATime(WARM_UP_TRIPS, once);
  const figures = await oneAtATime(count, once);
  await ring.stop();
  return figures;
}

async function portRoundTrip(count) {
  const { port1, port2 } = new MessageChannel();
  const worker = new Worker(new URL(import.meta.url), { workerData: { kind: 'port', port: port2, root }, transferList: [port2] });
  await new Promise((resolve) => port1.once('message', resolve));
  let resolveOnce;
  port1.on('message', () => resolveOnce());
  const once = () =>
    new Promise((resolve) => {
      resolveOnce = resolve;
      port1.postMessage([0, 'noop', []], []);
    });
  await oneAtATime(WARM_UP_TRIPS, once);
  const figures = await oneAtATime(count, once);
  await worker.terminate();
  port1.close();
  return figures;
}

function median(values) {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}

async function bursts(workers, total, rounds, args) {
  const rings = [];
  for (let index = 0; index < workers; index += 1) rings.push(await startRing());
  const rates = [];
  await burst(rings, total >> 2, 256, args);
  for (let round = 0; round < rounds; round += 1) rates.push(await burst(rings, total, 256, args));
  for (const ring of rings) await ring.stop();
  return median(rates);
}

async function main() {
  const rounds = quick ? 3 : 5;
  const total = quick ? 50_000 : 300_000;
  const trips = quick ? 2_000 : 20_000;
  const inputs = { 'no-op': [], 'small object there and back': [{ id: 42, name: 'thumbnail', sizes: [64, 320], ok: true }] };
  for (const [name, args] of Object.entries(inputs)) {
    for (const workers of [1, 2]) {
      const rate = (await bursts(workers, total, rounds, args)) / 1e3;
      console.log(`burst, ${name}, ${workers} worker(s)`.padEnd(48), `${rate.toFixed(2)} million/s`);
    }
  }
  const cases = {
    'one at a time, both parked': () => ringRoundTrip({ poolCores: 1, workerCores: 1 }, trips),
    'one at a time, pool looks again': () => ringRoundTrip({ poolCores: 2, workerCores: 1 }, trips),
    'one at a time, worker spins too': () => ringRoundTrip({}, trips),
    'one at a time, postMessage': () => portRoundTrip(trips),
  };
  const figures = Object.fromEntries(Object.keys(cases).map((name) => [name, []]));
  for (let round = 0; round < rounds; round += 1) for (const [name, run] of Object.entries(cases)) figures[name].push(await run());
  for (const [name, list] of Object.entries(figures)) {
    console.log(name.padEnd(48), `p50 ${median(list.map(({ p50 }) => p50)).toFixed(1)} us, p99 ${median(list.map(({ p99 }) => p99)).toFixed(1)} us`);
  }
}
