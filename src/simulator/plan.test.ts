import assert from 'node:assert/strict';
import { test } from 'node:test';
import { htmlReport } from './html-report.js';
import { costCurve, paretoFront } from './pareto.js';
import { planSize } from './plan.js';
import { simulate } from './simulate.js';
import type { Scenario } from './scenario.js';

const scenario: Scenario = {
  name: 'a <step>',
  durationMs: 12_000,
  arrivals: { kind: 'step', fromPerS: 50, toPerS: 300, atMs: 4_000 },
  tasks: [{ cpu: { kind: 'exponential', meanMs: 20 } }],
  host: { cores: 32 },
  pool: { queue: { max: 100_000 }, policy: 'adaptive' },
};

test('a plan is the smallest size that meets the target', async () => {
  const plan = await planSize({ ...scenario, waitTargetMs: 150 }, { workersMax: 32 });
  assert.ok(plan.met && plan.best.waitP99Ms <= 150);
  assert.ok(plan.fixed.max >= 6 && plan.fixed.max <= 12, JSON.stringify(plan.fixed));
  const smaller = await simulate({ ...scenario, pool: { ...scenario.pool, size: plan.fixed.max - 1 } });
  assert.ok(smaller.wait.p99 > 150, 'one worker less is too few');
  assert.ok(plan.best.min <= plan.best.max && plan.best.max <= 32);
});

test('a target that cannot be met is said to be', async () => {
  const plan = await planSize({ ...scenario, waitTargetMs: 1 }, { workersMax: 4 });
  assert.equal(plan.met, false);
  assert.deepEqual([plan.best.min, plan.best.max], [4, 4]);
});

test('the front holds what nothing beats, cheapest first', () => {
  const point = (workerS: number, waitP99Ms: number) => ({ policy: 'p', setting: '', workerS, waitP99Ms, missShare: 0 });
  const front = paretoFront([point(5, 5), point(1, 9), point(2, 9), point(3, 4), point(9, 1)]);
  assert.deepEqual(
    front.map(({ workerS }) => workerS),
    [1, 3, 9],
  );
});

test('the page is whole, escapes names and refers to nothing outside', async () => {
  const report = await simulate(scenario);
  const page = htmlReport([report], await costCurve({ ...scenario, durationMs: 3_000 }));
  assert.match(page, /<title>a &lt;step&gt;<\/title>/);
  assert.equal(page.match(/<svg /g)?.length, 5);
  assert.equal(page.match(/<svg /g)?.length, page.match(/<\/svg>/g)?.length);
  assert.doesNotMatch(page, /NaN|undefined|Infinity|<script|(?:src|href)=/);
  assert.equal(page, htmlReport([await simulate(scenario)], await costCurve({ ...scenario, durationMs: 3_000 })), 'one seed, one page');
});
