import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { fixed } from '../scheduler/scaler/fixed.js';
import type { ScalingPolicy } from '../scheduler/scaler/scaling-policy.js';
import { simulateFleet } from './fleet.js';
import type { FleetScenario } from './fleet.js';
import { IdleStack } from './idle-stack.js';
import { erlangC } from './optimum.js';
import { Stretches } from './stretches.js';

const day: FleetScenario = {
  durationMs: 86_400_000,
  measureFromMs: 3_600_000,
  arrivals: { kind: 'diurnal', meanPerS: 3, peakToMean: 1.8, periodMs: 86_400_000 },
  service: { kind: 'lognormal', meanMs: 120_000, sigma: 1 },
  slotsPerNode: 4,
  nodes: { min: 2, max: 500 },
};

describe('a simulated fleet', () => {
  test('waits as long as queueing theory says (M/M/n)', () => {
    const report = simulateFleet({
      durationMs: 4_000_000,
      measureFromMs: 20_000,
      arrivals: { kind: 'poisson', ratePerS: 90 },
      service: { kind: 'exponential', meanMs: 100 },
      slotsPerNode: 2,
      nodes: { min: 5, max: 5 },
      policy: fixed() as ScalingPolicy,
    });
    const waitMs = (erlangC(10, 9) * 100) / 1;
    assert.ok(Math.abs(report.wait.mean / waitMs - 1) < 0.1, `${report.wait.mean} ms, theory ${waitMs} ms`);
    assert.ok(Math.abs(report.utilisation - 0.9) < 0.01);
    assert.equal(report.nodes.boots, 0);
  });

  test('follows the day: few tasks wait, and nodes go with the load', () => {
    const report = simulateFleet(day);
    assert.ok(report.tasks > 250_000);
    assert.ok(report.missShare < 0.02, String(report.missShare));
    assert.ok(report.utilisation > 0.6, String(report.utilisation));
    const [night, noon] = [report.series.nodes[10] as number, report.series.nodes[144] as number];
    assert.ok(noon > 2.5 * night, `${night} nodes at night, ${noon} at noon`);
    assert.ok(report.series.busyNodes.every((busy, index) => busy <= (report.series.nodes[index] as number)));
  });

  test('has its nodes ready when the day needs them: fewer than one task in a hundred waits longer than it should', () => {
    const { missShare, utilisation } = simulateFleet({
      ...day,
      arrivals: { kind: 'diurnal', meanPerS: 40, peakToMean: 1.8, periodMs: 86_400_000 },
      service: { kind: 'lognormal', meanMs: 40_000, sigma: 1 },
      slotsPerNode: 8,
    });
    assert.ok(missShare < 0.01, String(missShare));
    assert.ok(utilisation > 0.93, String(utilisation));
  });

  test('is the same for one seed', () => {
    assert.deepEqual(simulateFleet({ ...day, durationMs: 10_000_000 }, 5), simulateFleet({ ...day, durationMs: 10_000_000 }, 5));
  });
});

test('stretches come out by their end, with their start', () => {
  const stretches = new Stretches();
  const ends = Array.from({ length: 3_000 }, (_, index) => (index * 7_919) % 3_001);
  for (const end of ends) stretches.add(-end, end);
  assert.equal(
    stretches.elapsedMs(0),
    ends.reduce((a, b) => a + b, 0),
  );
  const out: number[] = [];
  while (stretches.size > 0) {
    out.push(stretches.firstEnd());
    assert.equal(stretches.removeFirst(), -(out.at(-1) as number));
  }
  assert.deepEqual(
    out,
    [...ends].sort((a, b) => a - b),
  );
  assert.equal(stretches.firstEnd(), Infinity);
});

test('the last that became idle serves first, the first leaves first', () => {
  const idle = new IdleStack();
  for (let at = 0; at < 2_000; at += 1) idle.push(at);
  idle.removeOldest(1_990);
  idle.pop();
  assert.equal(idle.size, 9);
  assert.deepEqual(idle.idleMs(2_000, 4), [7, 3], 'of each node of four the last of its slots');
});
