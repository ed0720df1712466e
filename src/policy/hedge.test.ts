import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '../runtime/random.js';
import { HedgeDelay, normaliseHedge } from './hedge.js';

describe('the option hedge', () => {
  it('fills in its defaults', () => {
    assert.equal(normaliseHedge('hedge', undefined), undefined);
    assert.equal(normaliseHedge('hedge', false), undefined);
    assert.deepEqual(normaliseHedge('hedge', true), { afterMs: undefined, budget: 0.02 });
    assert.deepEqual(normaliseHedge('hedge', { after: 'p95', budget: 0.1 }), { afterMs: undefined, budget: 0.1 });
    assert.deepEqual(normaliseHedge('hedge', { after: '50ms' }), { afterMs: 50, budget: 0.02 });
  });

  it('names what is wrong', () => {
    assert.throws(() => normaliseHedge('hedge', 'p95' as never), /^OptionError: hedge: expected true, false or an object/);
    assert.throws(() => normaliseHedge('hedge', { after: 'p99' as never }), /hedge\.after: expected a duration/);
    assert.throws(() => normaliseHedge('hedge', { budget: 2 }), /hedge\.budget: expected a number from 0 to 1, got 2/);
    assert.throws(() => normaliseHedge('hedge', { bugdet: 0.1 } as never), /did you mean budget/);
  });
});

describe('HedgeDelay', () => {
  it('knows nothing before a hundred answers', () => {
    const delay = new HedgeDelay();
    for (let n = 0; n < 99; n += 1) delay.record(5);
    assert.ok(Number.isNaN(delay.ms));
    delay.record(5);
    assert.ok(Math.abs(delay.ms - 5) < 0.5);
  });

  it('is longer than 95 % of the answers take, and follows them', () => {
    const random = seededRandom(7);
    const delay = new HedgeDelay();
    for (const scaleMs of [10, 100]) {
      for (let n = 0; n < 3_000; n += 1) delay.record(random() * scaleMs);
      assert.ok(Math.abs(delay.ms - 0.95 * scaleMs) < 0.07 * scaleMs, `${delay.ms} ms of ${scaleMs}`);
    }
  });
});
