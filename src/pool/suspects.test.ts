import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { COMPLETED, DELAYED } from '../task/lifecycle.js';
import type { PoolTask } from './pool-task.js';
import { Suspects } from './suspects.js';

const WORKERS = 8;
/** Between two that wait for each other: 10 s shared out over the deaths that are no loop yet. */
const TURN_MS = 1_250;

function task(): PoolTask {
  return { stateCode: DELAYED } as Partial<PoolTask> as PoolTask;
}

function deaths(suspects: Suspects, count: number, nowMs = 0): void {
  for (let death = 0; death < count; death += 1) suspects.died(nowMs);
}

describe('a task that was in a worker which died', () => {
  it('is tried again at once while few workers die', () => {
    const suspects = new Suspects();
    deaths(suspects, 4);
    for (let each = 0; each < 4; each += 1) assert.equal(suspects.holdMs(task(), 0, WORKERS), 0);
  });

  it('waits from half of a crash loop on, until deaths are fewer', () => {
    const suspects = new Suspects();
    deaths(suspects, 5);
    const one = task();
    for (let now = 0; now < 10_000; now += TURN_MS) assert.equal(suspects.holdMs(one, now, WORKERS), TURN_MS);
    assert.equal(suspects.holdMs(one, 10_000, WORKERS), 0);
  });

  it('is given up when deaths have not become fewer for a minute', () => {
    const suspects = new Suspects();
    const [one, other] = [task(), task()];
    let now = 0;
    for (; now < 60_000; now += TURN_MS) {
      deaths(suspects, 1, now);
      if (now < 5 * TURN_MS) continue;
      assert.equal(suspects.holdMs(one, now, WORKERS), TURN_MS);
    }
    assert.equal(suspects.holdMs(other, now, WORKERS), TURN_MS);
    for (; now < 5 * TURN_MS + 60_000; now += TURN_MS) deaths(suspects, 1, now);
    assert.equal(suspects.holdMs(one, now, WORKERS), Infinity);
    now += 10_000;
    assert.equal(suspects.holdMs(other, now, WORKERS), 0, 'the other is the first now');
  });

  it('is tried when the one before it has had its time, in the order in which they came', () => {
    const suspects = new Suspects();
    deaths(suspects, 5);
    const [first, second, third] = [task(), task(), task()];
    for (const each of [first, second, third]) assert.equal(suspects.holdMs(each, 0, WORKERS), TURN_MS);
    assert.equal(suspects.holdMs(second, 10_000, WORKERS), TURN_MS);
    assert.equal(suspects.holdMs(first, 10_000, WORKERS), 0);
    assert.equal(suspects.holdMs(second, 10_001, WORKERS), TURN_MS);
    assert.equal(suspects.holdMs(second, 10_000 + TURN_MS, WORKERS), 0);
    assert.equal(suspects.holdMs(third, 10_000 + 2 * TURN_MS, WORKERS), 0);
  });

  it('waits for nobody who has ended otherwise', () => {
    const suspects = new Suspects();
    deaths(suspects, 5);
    const [first, second] = [task(), task()];
    for (const each of [first, second]) suspects.holdMs(each, 0, WORKERS);
    (first as { stateCode: number }).stateCode = COMPLETED;
    assert.equal(suspects.holdMs(second, 10_000, WORKERS), 0);
  });

  it('is not held when more wait than can be tried within a minute', () => {
    const suspects = new Suspects();
    deaths(suspects, 5);
    const held = Array.from({ length: 60_000 / TURN_MS }, task);
    for (const each of held) {
      assert.ok(suspects.hasRoom(WORKERS));
      suspects.holdMs(each, 0, WORKERS);
    }
    assert.ok(!suspects.hasRoom(WORKERS));
    (held[7] as { stateCode: number }).stateCode = COMPLETED;
    assert.ok(suspects.hasRoom(WORKERS), 'one of them has been cancelled');
  });
});
