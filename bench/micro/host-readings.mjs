/**
 * What it costs to watch the host for the sizing of a pool: `node bench/micro/host-readings.mjs [threads]` (default 64) after `npm run build`.
 *
 * Real threads that wait for the end; prints microseconds of CPU a reading, how often one is taken, and the share of a core that makes. The limit is 0.1 %.
 */
import { readlinkSync } from 'node:fs';
import { Worker, isMainThread, parentPort } from 'node:worker_threads';

if (isMainThread) await main(Number(process.argv[2] ?? 64));
else {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a port of worker_threads, which has none
  parentPort.postMessage(Number(readlinkSync('/proc/thread-self').split('/').pop()));
  parentPort.on('message', () => undefined);
}

async function main(count) {
  const { HostReadings } = await import('../../build/src/pool/host-readings.js');
  const workers = Array.from({ length: count }, () => new Worker(new URL(import.meta.url)));
  const ids = await Promise.all(workers.map((worker) => new Promise((resolve) => worker.once('message', resolve))));
  const threads = ids.map((osThreadId) => ({ pid: process.pid, osThreadId }));
  const readings = new HostReadings(2);
  const periodMs = Math.max(250, 16 * count);
  let nowMs = 0;
  const read = () => readings.read((nowMs += periodMs), { threads, occupiedMs: nowMs, blocked: 0 });
  for (let warmUp = 0; warmUp < 200; warmUp += 1) read();
  const rounds = [];
  for (let round = 0; round < 15; round += 1) {
    const before = process.cpuUsage();
    for (let each = 0; each < 200; each += 1) read();
    const used = process.cpuUsage(before);
    rounds.push((used.user + used.system) / 200);
  }
  const us = rounds.toSorted((a, b) => a - b)[7];
  console.log(`${count} threads: ${us.toFixed(0)} us of CPU a reading, one every ${periodMs} ms: ${((us / (periodMs * 1_000)) * 100).toFixed(3)} % of a core`);
  readings.close();
  await Promise.all(workers.map((worker) => worker.terminate()));
}
