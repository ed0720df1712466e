import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from '../runtime/fixtures/fast-check.js';
import { LogHistogram } from './log-histogram.js';

const HOUR_MS = 3_600_000;
const durations = fc.array(fc.double({ min: 0.001, max: HOUR_MS, noNaN: true }), { minLength: 1, maxLength: 300 });

function recorded(values: readonly number[]): LogHistogram {
  const histogram = new LogHistogram();
  for (const value of values) histogram.record(value);
  return histogram;
}

function summary(histogram: LogHistogram): number[] {
  return [histogram.count, histogram.max, ...[0, 0.25, 0.5, 0.9, 0.99, 1].map((q) => histogram.quantile(q))];
}

describe('LogHistogram', () => {
  it('is all zeros when empty', () => {
    const histogram = new LogHistogram();
    assert.deepEqual([histogram.count, histogram.mean, histogram.max, histogram.quantile(0.5)], [0, 0, 0, 0]);
  });

  it('gives any quantile within 4.5 % of the exact one, from 1 µs to 1 h', () => {
    fc.assert(
      fc.property(durations, fc.double({ min: 0, max: 1, noNaN: true }), (values, q) => {
        const sorted = values.toSorted((a, b) => a - b);
        const exact = sorted[Math.max(1, Math.ceil(q * values.length)) - 1] as number;
        const ratio = recorded(values).quantile(q) / exact;
        assert.ok(ratio > 0.955 && ratio < 1.045, `off by a factor of ${ratio}`);
      }),
    );
  });

  it('keeps count, mean and maximum exactly', () => {
    fc.assert(
      fc.property(durations, (values) => {
        const histogram = recorded(values);
        const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
        assert.equal(histogram.count, values.length);
        assert.equal(histogram.max, Math.max(...values));
        assert.ok(Math.abs(histogram.mean - mean) <= mean * 1e-9);
      }),
    );
  });

  it('counts a weight as that many durations', () => {
    const weighted = new LogHistogram();
    weighted.record(5, 3);
    weighted.record(9, 2);
    assert.deepEqual(summary(weighted), summary(recorded([5, 5, 5, 9, 9])));
    assert.equal(weighted.mean, 33 / 5);
  });

  it('merges into what recording everything in one place would have given', () => {
    fc.assert(
      fc.property(durations, durations, (left, right) => {
        const merged = recorded(left);
        merged.merge(recorded(right));
        assert.deepEqual(summary(merged), summary(recorded([...left, ...right])));
      }),
    );
  });

  it('forgets everything on reset', () => {
    const histogram = recorded([1, 2, 3]);
    histogram.reset();
    assert.deepEqual(summary(histogram), summary(new LogHistogram()));
    histogram.record(4);
    assert.equal(histogram.quantile(0), 4);
  });

  it('counts what lies outside its range in its first and last bucket', () => {
    const histogram = recorded([-5, 0, 1e-9, 100 * HOUR_MS]);
    assert.equal(histogram.count, 4);
    assert.equal(histogram.max, 100 * HOUR_MS);
    assert.ok(histogram.quantile(0.5) <= 0.0011);
    assert.ok(histogram.quantile(1) >= HOUR_MS);
  });

  it('counts more of the same as if each had been recorded', () => {
    const each = recorded([0, 0, 5, 7, 7, 7]);
    const histogram = new LogHistogram();
    histogram.more += 2;
    assert.equal(histogram.count, 2);
    histogram.setMore(7);
    histogram.record(5);
    histogram.more += 3;
    assert.deepEqual([histogram.mean, ...summary(histogram)], [each.mean, ...summary(each)]);
    histogram.more += 1;
    const copy = new LogHistogram();
    copy.more = 9;
    copy.copyFrom(histogram);
    assert.deepEqual([copy.count, copy.quantile(1)], [7, 7]);
    histogram.more += 1;
    copy.merge(histogram);
    assert.equal(copy.count, 15);
    histogram.more += 1;
    assert.equal(histogram.quantileSince(0.5, copy), 0);
    histogram.reset();
    assert.deepEqual(summary(histogram), summary(new LogHistogram()));
  });
});
