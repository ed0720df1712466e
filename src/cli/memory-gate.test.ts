import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../runtime/manual-clock.js';
import { MemoryGate } from './memory-gate.js';

test('no input starts while memory is short, and those that wait go on when it is not', async () => {
  const clock = new ManualClock();
  const seen: string[] = [];
  let [freeBytes, mayResume] = [3_000, true];
  const gate = new MemoryGate(
    { pause: () => seen.push('pause'), resume: () => seen.push('resume') },
    { freeBytesMin: 2_000, freeBytes: () => freeBytes, mayResume: () => mayResume, say: () => seen.push('said'), clock },
  );
  gate.start();
  await clock.advance(1_000);
  assert.deepEqual(seen, []);
  freeBytes = 1_999;
  await clock.advance(1_000);
  assert.deepEqual(seen, ['pause', 'said']);
  freeBytes = 2_000;
  await clock.advance(200);
  assert.deepEqual(seen, ['pause', 'said', 'resume']);
  freeBytes = 0;
  await clock.advance(200);
  mayResume = false;
  freeBytes = 5_000;
  await clock.advance(1_000);
  assert.deepEqual(seen, ['pause', 'said', 'resume', 'pause', 'said'], 'a run that is ending is left as it is');
  gate.stop();
  await clock.advance(1_000);
});
