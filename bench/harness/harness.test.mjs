/** The parts of the harness that decide what a figure means. Run with `node --test bench/harness/`. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cases } from '../cases/index.mjs';
import { contenders } from '../contenders/index.mjs';
import { makePlan } from './plan.mjs';
import { compareRatios, guardedRatios } from './ratio-check.mjs';
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

test('a ratio fails when it falls by more than a third, or can no longer be measured', () => {
  const recorded = { a: 9, b: 9, c: 9 };
  assert.deepEqual(compareRatios({ a: 6.1, b: 5.9, c: undefined, d: 1 }, recorded), { passed: ['a'], failed: ['b', 'c'] });
  assert.deepEqual(compareRatios({ a: 6.1, b: 6.1 }, recorded), { passed: ['a', 'b'], failed: ['c'] });
});

test('only guarded metrics are watched', () => {
  const summaries = [
    {
      name: 'burst',
      metrics: [
        { key: 'rate', guarded: true, ratio: 3 },
        { key: 'p99', ratio: 1 },
      ],
    },
  ];
  assert.deepEqual(guardedRatios(summaries), { 'burst/rate': 3 });
});

test('every case has millrace and every contender of its kind in its plan', () => {
  for (const { benchCase, entries } of makePlan({})) {
    const expected = contenders.filter(({ kinds }) => benchCase.kind === 'any' || kinds.includes(benchCase.kind)).map(({ name }) => name);
    assert.deepEqual(
      entries.map(({ label }) => label),
      expected,
      benchCase.name,
    );
    assert.equal(expected[0], 'millrace', benchCase.name);
  }
  assert.equal(makePlan({}).length, cases.length);
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
