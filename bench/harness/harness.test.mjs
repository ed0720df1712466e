/** The parts of the harness that decide what a figure means. `npm run check -- bench` runs them. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { cases } from '../cases/index.mjs';
import { contenders } from '../contenders/index.mjs';
import { steadyRate } from './load.mjs';
import { sameClass } from './machine.mjs';
import { makePlan } from './plan.mjs';
import { guardedNames, guardedRatios, judge } from './ratio-check.mjs';
import { finalistsOf } from './screening.mjs';
import { remark } from './report/format.mjs';
import { advantage, median, percentile } from './statistics.mjs';
import { summarise } from './summary.mjs';

const ok = (values) => ({ status: 'ok', values });
const entry = (name, reference) => ({ contender: { name, reference }, variant: 'x', label: name });
const rate = { key: 'rate', label: 'rate', unit: 'tasks/s', better: 'higher' };
const summariseWith = (metric, results) => summarise({ name: 'c', title: 'C', metrics: [metric] }, results);

test('a median of an even number is the mean of the middle two', () => {
  assert.equal(median([9, 1, 3, 5]), 4);
  assert.equal(median([3, 1, 2]), 2);
});

test('a percentile is the nearest rank', () => {
  assert.equal(percentile([1, 2, 3, 4], 0.5), 2);
  assert.equal(percentile([1, 2, 3, 4], 0.99), 4);
});

test('an advantage above 1 is better in both directions', () => {
  assert.equal(advantage(20, 10, { better: 'higher' }), 2);
  assert.equal(advantage(10, 20, { better: 'lower' }), 2);
  assert.equal(advantage(0, 0.02, { better: 'lower', resolution: 0.01 }), 2);
});

test('the best peer is the fastest that is no reference and did not fail', () => {
  const results = [
    { entry: entry('millrace'), answers: [ok({ rate: 100 })] },
    { entry: entry('slow'), answers: [ok({ rate: 5 })] },
    { entry: entry('fast'), answers: [ok({ rate: 10 })] },
    { entry: entry('broken'), answers: [{ status: 'failed', note: 'no answer' }] },
    { entry: entry('yardstick', true), answers: [ok({ rate: 1000 })] },
  ];
  const { metrics, entries } = summariseWith({ ...rate, target: { ratio: 10 } }, results);
  assert.equal(metrics[0].bestPeer, 'fast');
  assert.equal(metrics[0].ratio, 10);
  assert.equal(metrics[0].reached, true);
  assert.equal(entries[3].status, 'failed');
});

test('a target over a named peer is judged by that peer alone', () => {
  const results = [
    { entry: entry('millrace'), answers: [ok({ rate: 100 })] },
    { entry: entry('fast'), answers: [ok({ rate: 90 })] },
    { entry: entry('named'), answers: [ok({ rate: 20 })] },
  ];
  const [metric] = summariseWith({ ...rate, target: { ratio: 6, over: 'named' } }, results).metrics;
  assert.equal(metric.bestPeer, 'fast');
  assert.equal(metric.targetRatio, 5);
  assert.equal(metric.reached, false);
});

test('a case that millrace cannot run stays in the report, without a ratio', () => {
  const results = [
    { entry: entry('millrace'), answers: [{ status: 'not available', note: 'not available yet' }] },
    { entry: entry('peer'), answers: [ok({ rate: 1 })] },
  ];
  const { metrics, entries } = summariseWith({ ...rate, target: { ratio: 2 } }, results);
  assert.deepEqual([metrics[0].ratio, metrics[0].reached], [undefined, undefined]);
  assert.deepEqual([entries[0].status, entries[0].note], ['not available', 'not available yet']);
});

test('who was screened out keeps a figure and is no candidate for the best peer', () => {
  const results = [
    { entry: entry('millrace'), answers: [ok({ rate: 100 }), ok({ rate: 100 })] },
    { entry: entry('lucky once'), answers: [ok({ rate: 90 })], screened: true },
    { entry: entry('peer'), answers: [ok({ rate: 20 }), ok({ rate: 20 })] },
  ];
  const { metrics, entries } = summariseWith(rate, results);
  assert.equal(metrics[0].bestPeer, 'peer');
  assert.equal(entries[1].values.rate.median, 90);
  assert.equal(remark(entries[1]), 'screening round only');
});

const first = (name, values, reference) => ({ entry: entry(name, reference), answers: [ok(values)] });

test('after the first round the best peer goes on, and the second where it is close', () => {
  const far = [first('millrace', { rate: 1 }), first('slow', { rate: 5 }), first('fast', { rate: 10 }), first('free', { rate: 99 }, true)];
  assert.deepEqual([...finalistsOf({ metrics: [rate] }, far)].sort(), ['fast', 'free', 'millrace']);
  const near = [...far, first('close', { rate: 8 })];
  assert.deepEqual([...finalistsOf({ metrics: [rate] }, near)].sort(), ['close', 'fast', 'free', 'millrace']);
});

test('the best peer by any compared metric goes on, and the one a target names', () => {
  const metrics = [
    { ...rate, target: { ratio: 4, over: 'named' } },
    { key: 'p99', better: 'lower' },
    { key: 'growth', better: 'lower', compared: false },
  ];
  const results = [
    first('fast', { rate: 10, p99: 9, growth: 9 }),
    first('steady', { rate: 5, p99: 1, growth: 9 }),
    first('named', { rate: 1, p99: 9, growth: 9 }),
    first('flat', { rate: 1, p99: 9, growth: 1 }),
    { entry: entry('broken'), answers: [{ status: 'failed', note: 'no answer' }] },
  ];
  assert.deepEqual([...finalistsOf({ metrics }, results)].sort(), ['fast', 'named', 'steady']);
});

/** `measure` for `judge`: these tries in turn. */
const tries = (...answers) => {
  const asked = [];
  return { asked, measure: async (rounds) => (asked.push(rounds), answers[asked.length - 1]) };
};
const quiet = (ratio) => ({ ratio, quiet: true });
const busy = (ratio) => ({ ratio, quiet: false });

test('a ratio that has fallen by more than a third is measured again, and fails when it has fallen twice in a row', async () => {
  assert.equal((await judge(9, tries(quiet(6.1)))).verdict, 'passed');
  assert.equal((await judge(9, tries(quiet(5.9), quiet(6.1)))).verdict, 'passed');
  assert.deepEqual(await judge(9, tries(quiet(5.9), quiet(5.8))), { verdict: 'failed', ratios: [5.9, 5.8] });
});

test('a try that millrace does not survive counts as fallen', async () => {
  assert.equal((await judge(9, tries(quiet(undefined), quiet(undefined)))).verdict, 'failed');
});

test('a busy machine gets a third try, and is then skipped: it can pass but not fail', async () => {
  assert.equal((await judge(9, tries(busy(1), busy(1), busy(8)))).verdict, 'passed');
  assert.equal((await judge(9, tries(busy(1), busy(1), busy(1)))).verdict, 'skipped');
  assert.equal((await judge(9, tries(busy(1), busy(1), quiet(1)))).verdict, 'failed');
});

test('a peer that cannot be measured, or time that is up, is no failure of ours', async () => {
  assert.deepEqual(await judge(9, tries({ problem: 'x is gone' })), { verdict: 'skipped', reason: 'x is gone', ratios: [] });
  const late = { ...tries(quiet(1), quiet(1)), timeIsUp: () => late.asked.length > 0 };
  assert.equal((await judge(9, late)).verdict, 'skipped');
});

test('every guarded metric has its recorded ratio over a peer that exists, and no recorded ratio outlives its metric', () => {
  const { ratios } = JSON.parse(readFileSync(new URL('../ratios.json', import.meta.url), 'utf8'));
  assert.deepEqual(Object.keys(ratios).sort(), guardedNames(cases).sort());
  for (const { ratio, peer } of Object.values(ratios)) {
    assert.ok(ratio > 0);
    assert.ok(
      contenders.some(({ name, reference }) => name === peer && !reference),
      peer,
    );
  }
});

test('the length of a pass is found once and kept', async () => {
  const passes = [];
  const pass = async (tasks) => (passes.push(tasks), tasks / 10);
  const { rate: found, passTasks } = await steadyRate(pass, { passMs: 150, warmMs: 0 });
  assert.deepEqual([found, passTasks], [10_000, 2_000]);
  passes.length = 0;
  await steadyRate(pass, { passMs: 150, warmMs: 0 }, 500);
  assert.ok(passes.every((tasks) => tasks === 500));
});

test('machines of another class are told apart', () => {
  const here = { cores: 2, platform: 'linux', arch: 'x64', node: 'v20.19.1', memoryGiB: 4 };
  assert.ok(sameClass(here, { ...here, node: 'v20.20.2', memoryGiB: 8 }));
  for (const other of [{ cores: 4 }, { arch: 'arm64' }, { platform: 'darwin' }, { node: 'v22.0.0' }]) assert.ok(!sameClass(here, { ...here, ...other }));
});

test('only guarded metrics are watched', () => {
  const summaries = [
    {
      name: 'burst',
      metrics: [
        { key: 'rate', guarded: true, ratio: 3, bestPeer: 'fast' },
        { key: 'p99', ratio: 1, bestPeer: 'fast' },
        { key: 'heap', guarded: true },
      ],
    },
  ];
  assert.deepEqual(guardedRatios(summaries), { 'burst/rate': { ratio: 3, peer: 'fast' } });
});

test('every case has millrace and every contender of its kind in its plan', () => {
  for (const { benchCase, entries } of makePlan({})) {
    const expected = contenders.filter(({ kinds }) => benchCase.kind === 'any' || kinds.includes(benchCase.kind)).map(({ name }) => name);
    const labels = entries.filter(({ asItComes }) => !asItComes).map(({ label }) => label);
    assert.deepEqual(labels, expected, benchCase.name);
    assert.equal(expected[0], 'millrace', benchCase.name);
  }
  assert.equal(makePlan({}).length, cases.length);
});

test('a peer as it comes stands beside its tuned self where a target speaks of it, and is not tuned', () => {
  const chosen = { caseNames: ['process-buffer-64k'], contenderNames: ['workerpool'] };
  const [{ benchCase, entries }] = makePlan(chosen);
  assert.deepEqual(
    entries.map(({ label }) => label),
    ['workerpool', benchCase.metrics[0].target.over],
  );
  assert.ok(entries.every(({ contender, kind, variant }) => contender.variants[kind][variant] !== undefined));
  assert.ok(makePlan({ ...chosen, tune: true })[0].entries.every(({ asItComes }) => asItComes === undefined));
});

test('every best configuration exists, and belongs to a case that exists', () => {
  for (const { name, best, variants } of contenders) {
    for (const [kind, byCase] of Object.entries(best)) {
      for (const [caseName, variant] of Object.entries(byCase)) {
        assert.ok(variants[kind][variant] !== undefined, `${name}: ${variant}`);
        assert.ok(caseName === 'otherwise' || cases.some((one) => one.name === caseName), `${name}: ${caseName}`);
      }
    }
  }
});
