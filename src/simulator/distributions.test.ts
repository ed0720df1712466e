import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '../runtime/random.js';
import { meanMsOf, scvOf, timeSampler } from './distributions.js';
import type { TimeModel } from './distributions.js';

const MODELS: readonly TimeModel[] = [
  12,
  { kind: 'exponential', meanMs: 5 },
  { kind: 'lognormal', meanMs: 20, sigma: 0.8 },
  { kind: 'hyperexponential', meanMs: 20, scv: 10 },
  { kind: 'uniform', minMs: 10, maxMs: 30 },
];

test('every model has the mean and the spread it says', () => {
  for (const model of MODELS) {
    const draw = timeSampler('cpu', model);
    const random = seededRandom(11);
    const draws = Array.from({ length: 200_000 }, () => draw(random));
    const mean = draws.reduce((a, b) => a + b, 0) / draws.length;
    const scv = draws.reduce((sum, each) => sum + (each - mean) ** 2, 0) / draws.length / mean ** 2;
    assert.ok(Math.abs(mean / meanMsOf(model) - 1) < 0.03, `${JSON.stringify(model)}: mean ${mean}`);
    assert.ok(Math.abs(scv - scvOf(model)) <= 0.1 * scvOf(model) + 1e-9, `${JSON.stringify(model)}: SCV ${scv}, expected ${scvOf(model)}`);
    assert.ok(draws.every((each) => each >= 0 && Number.isFinite(each)));
  }
});

test('what is no model is refused by name', () => {
  for (const model of [-1, NaN, 'fast', { kind: 'gamma', meanMs: 1 }, { kind: 'exponential' }]) {
    assert.throws(() => timeSampler('tasks[0].cpu', model as TimeModel), { code: 'ERR_OPTION', message: /^tasks\[0\]\.cpu/ });
  }
});
