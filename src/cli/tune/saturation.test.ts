import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { WorkerKind } from '../../worker/worker.js';
import { curveSvg, curveTable } from './draw.js';
import { recommend, saturate } from './saturation.js';
import type { Measure, Saturation } from './saturation.js';

/** A machine with so many CPUs, and a function that computes and waits for so long. */
function machine(cpus: number, cpuMs: number, waitMs: number): { readonly measure: Measure; readonly measured: string[] } {
  const measured: string[] = [];
  const measure: Measure = (kind, atOnce) => {
    measured.push(`${kind} ${atOnce}`);
    const cores = kind === 'async' ? 1 : cpus;
    const perMs = Math.min(atOnce / (cpuMs + waitMs), cpuMs === 0 ? Infinity : cores / cpuMs);
    const latencyMs = atOnce / perMs;
    return Promise.resolve({ atOnce, throughputPerS: 1_000 * perMs, latencyMeanMs: latencyMs, latencyP99Ms: 1.2 * latencyMs, cpuMs });
  };
  return { measure, measured };
}

async function tune(cpus: number, cpuMs: number, waitMs: number): Promise<readonly Saturation[]> {
  const all: Saturation[] = [];
  for (const kind of ['async', 'thread', 'process'] satisfies WorkerKind[])
    all.push(await saturate(kind, machine(cpus, cpuMs, waitMs).measure, kind === 'async' ? 256 : 4 * cpus));
  return all;
}

test('what computes gets a thread for each CPU', async () => {
  const all = await tune(8, 20, 0);
  const { kind, options, reasons } = recommend(all, 8);
  assert.equal(kind, 'thread');
  assert.equal(options, "{ worker: 'thread', size: { min: 1, max: 8 } }");
  assert.match(reasons[0] as string, /20 ms of CPU \(100 %\) and 0.00 ms of waiting/);
  assert.match(reasons[2] as string, /^32 at once give 400 tasks\/s, at a p99 of 96 ms: more only waits/);
});

test('what computes stays off the event loop, also where one CPU makes it as fast there', async () => {
  assert.equal(recommend(await tune(1, 20, 0), 1).kind, 'thread');
});

test('what waits gets the event loop, with as many at once as Goetz says', async () => {
  const all = await tune(4, 1, 99);
  const { options, reasons } = recommend([all[0] as Saturation], 1);
  assert.equal(options, "{ worker: 'async', concurrency: 128 }", '100 are enough; 128 is the next that was measured');
  assert.match(reasons.join('\n'), /1 CPUs could keep 100 of them going/);
});

test('it stops when twice as many bring nothing, twice in a row', async () => {
  const { measure, measured } = machine(2, 10, 0);
  const { knee, little } = await saturate('thread', measure, 256);
  assert.deepEqual(measured, ['thread 1', 'thread 2', 'thread 4', 'thread 8']);
  assert.equal(knee.atOnce, 2);
  assert.ok(Math.abs(little - 1) < 1e-9, "Little's law holds");
});

test('the last measurement is the most that is allowed', async () => {
  const { measure, measured } = machine(100, 10, 0);
  await saturate('thread', measure, 6);
  assert.deepEqual(measured, ['thread 1', 'thread 2', 'thread 4', 'thread 6']);
});

test('the curve has a bar for each measurement and one knee for each kind', async () => {
  const all = await tune(2, 10, 0);
  const lines = curveTable(all).split('\n');
  assert.equal(lines.filter((line) => line.includes('<- knee')).length, 3);
  assert.match(lines.find((line) => /^thread +2 /.test(line)) as string, /200\/s +10\.0ms +12\.0ms +█{40} <- knee$/);
  const svg = curveSvg('f & g', all);
  assert.match(svg, /f &amp; g: throughput/);
  assert.doesNotMatch(svg, /NaN|undefined/);
});
