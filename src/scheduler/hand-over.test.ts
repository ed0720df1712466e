import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HandOver } from './hand-over.js';

test('what is not known both ways is not known', () => {
  const handOver = new HandOver();
  assert.ok(Number.isNaN(handOver.ms));
  handOver.sent(100, 1);
  assert.ok(Number.isNaN(handOver.ms));
  handOver.received(100, 2);
  assert.equal(handOver.ms, 0.03);
});

test('few tasks are added up until they make a sample', () => {
  const handOver = new HandOver();
  handOver.received(16, 0);
  for (let turn = 0; turn < 3; turn += 1) handOver.sent(5, 0.05);
  assert.ok(Number.isNaN(handOver.ms));
  handOver.sent(5, 0.05);
  assert.ok(Math.abs(handOver.ms - 0.01) < 1e-9);
});

test('one long sample is a thread that lost its core, two are tasks that take longer', () => {
  const handOver = new HandOver();
  handOver.received(16, 0);
  handOver.sent(100, 0.1);
  handOver.sent(100, 0.1);
  handOver.sent(100, 10);
  assert.ok(Math.abs(handOver.ms - 0.001) < 1e-9);
  handOver.sent(100, 10);
  assert.ok(handOver.ms > 0.01);
  handOver.sent(100, 0.1);
  for (let turn = 0; turn < 20; turn += 1) handOver.sent(100, 0.1);
  assert.ok(handOver.ms < 0.002);
});
