import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryPressure } from './memory-pressure.js';

test('memory pressure is on at its share, and off only when some of it is free again', () => {
  const pressure = new MemoryPressure(0.9);
  const changes = [0.5, 0.89, 0.9, 0.88, 0.86, 0.84, 0.89].map((share) => [pressure.update(share), pressure.on]);
  assert.deepEqual(changes, [
    [false, false],
    [false, false],
    [true, true],
    [false, true],
    [false, true],
    [true, false],
    [false, false],
  ]);
  assert.equal(pressure.share, 0.89);
});

test('memory pressure that is never to be on is not', () => {
  const pressure = new MemoryPressure(Infinity);
  assert.equal(pressure.update(5), false);
  assert.equal(pressure.on, false);
});
