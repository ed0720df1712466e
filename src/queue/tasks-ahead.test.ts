import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from '../runtime/fixtures/fast-check.js';
import { testLevels, testTask } from './fixtures/test-task.js';
import { TaskQueue } from './task-queue.js';
import { tasksAhead } from './tasks-ahead.js';

const levels = testLevels(0, 100, 1_000);

/** A queue that got a task of each of these levels every `gapMs` from 0 on. */
function queueOf(counts: readonly number[], gapMs: number): TaskQueue<ReturnType<typeof testTask>> {
  const queue = new TaskQueue<ReturnType<typeof testTask>>(levels);
  counts.forEach((count, level) => {
    for (let n = 0; n < count; n += 1) queue.push(testTask({ level, submittedAt: n * gapMs }));
  });
  return queue;
}

const foreseen = (queue: TaskQueue<ReturnType<typeof testTask>>, level: number, nowMs: number): number =>
  tasksAhead(level, nowMs, levels, queue.counts, (each) => queue.oldestIn(each));

describe('the tasks ahead of a new one', () => {
  it('are none in an empty queue', () => assert.equal(foreseen(queueOf([], 1), 1, 500), 0));

  it('are all of its own level and of more urgent ones', () => assert.equal(foreseen(queueOf([3, 4, 0], 1), 1, 5), 7));

  it('are not the less urgent ones that came within the head start', () => assert.equal(foreseen(queueOf([3, 4, 5], 1), 0, 50), 3));

  it('are as many as leave before it, where tasks came at an even rate', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(300), { minLength: 3, maxLength: 3 }), fc.integer({ min: 1, max: 10 }), fc.nat(2), (counts, gapMs, level) => {
        const queue = queueOf(counts, gapMs);
        const nowMs = Math.max(...counts) * gapMs;
        const estimate = foreseen(queue, level, nowMs);
        const mine = testTask({ level, submittedAt: nowMs });
        queue.push(mine);
        let ahead = 0;
        while (queue.shift() !== mine) ahead += 1;
        const late = counts.filter((count) => count * gapMs < nowMs).length > 0;
        assert.ok(late ? estimate <= ahead + 3 : Math.abs(estimate - ahead) <= 3, `${estimate} for ${ahead}`);
      }),
      { numRuns: 200 },
    );
  });
});
