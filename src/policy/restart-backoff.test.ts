import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from '../runtime/fixtures/fast-check.js';
import { RestartIntensity, restartDelayMs } from './restart-backoff.js';

describe('restartDelayMs', () => {
  it('replaces at once after the first failure', () => {
    assert.deepEqual(
      [0, 1].map((failures) => restartDelayMs(failures, () => 0.99)),
      [0, 0],
    );
  });

  it('doubles the upper bound with each failure up to 30 s', () => {
    const bounds = [2, 3, 4, 8, 9, 100, 1e9].map((failures) => restartDelayMs(failures, () => 1));
    assert.deepEqual(bounds, [400, 800, 1_600, 25_600, 30_000, 30_000, 30_000]);
  });

  it('spreads the wait over all of it', () => {
    assert.equal(
      restartDelayMs(5, () => 0),
      0,
    );
    assert.equal(
      restartDelayMs(5, () => 0.25),
      800,
    );
  });
});

describe('RestartIntensity', () => {
  it('allows three restarts to the smallest pool and one a worker to a larger one', () => {
    const intensity = new RestartIntensity();
    for (let i = 0; i < 3; i += 1) intensity.record(i);
    assert.equal(intensity.exceeded(10, 1), false);
    intensity.record(20);
    assert.equal(intensity.exceeded(20, 1), true);
    assert.equal(intensity.exceeded(20, 4), false);
  });

  it('forgets a restart after 10 s', () => {
    const intensity = new RestartIntensity();
    for (const at of [0, 5_000, 5_000, 9_999]) intensity.record(at);
    assert.equal(intensity.exceeded(9_999, 1), true);
    assert.equal(intensity.exceeded(10_000, 1), false);
    assert.equal(intensity.recent(15_000), 1);
    assert.equal(intensity.recent(19_999), 0);
  });

  it('counts exactly the restarts of the window', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(5_000), { maxLength: 100 }), (gaps) => {
        const intensity = new RestartIntensity();
        const times: number[] = [];
        let nowMs = 0;
        for (const gap of gaps) {
          nowMs += gap;
          intensity.record(nowMs);
          times.push(nowMs);
          assert.equal(intensity.recent(nowMs), times.filter((at) => at > nowMs - 10_000).length);
        }
      }),
    );
  });
});
