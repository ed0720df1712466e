import assert from 'node:assert/strict';
import { test } from 'node:test';
import { RateMeter } from './rate-meter.js';

test('before the window is full the rate is since the start', () => {
  const meter = new RateMeter(100, 1_000, 10);
  assert.equal(meter.sample(100, 0), 0);
  assert.equal(meter.sample(600, 50), 100);
});

test('later it is the rate of the window: what came before is forgotten', () => {
  const meter = new RateMeter(0, 1_000, 10);
  for (let now = 100; now <= 2_000; now += 100) meter.sample(now, now <= 1_000 ? now : 1_000);
  assert.equal(meter.sample(2_100, 1_000), 0);
});
