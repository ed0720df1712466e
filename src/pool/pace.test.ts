import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Pace } from './pace.js';

/** Chances passed over until the next wait. */
function passedOver(pace: Pace): number {
  let passed = 0;
  while (!pace.isDue()) passed += 1;
  return passed;
}

test('waits while it is answered', () => {
  const pace = new Pace();
  for (let wait = 0; wait < 5; wait += 1) {
    assert.equal(passedOver(pace), 0);
    pace.ended(true);
  }
});

test('passes over more and more chances after waits in vain, and none after the next answer', () => {
  const pace = new Pace();
  const passed = [];
  for (let wait = 0; wait < 8; wait += 1) {
    pace.ended(false);
    passed.push(passedOver(pace));
  }
  assert.deepEqual(passed, [1, 2, 4, 8, 16, 32, 32, 32]);
  pace.ended(true);
  assert.equal(passedOver(pace), 0);
  pace.ended(false);
  assert.equal(passedOver(pace), 1);
});
