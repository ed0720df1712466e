import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from '../runtime/fixtures/fast-check.js';
import { DelayQueue } from './delay-queue.js';
import { idsOf, testTask } from './fixtures/test-task.js';
import type { TestTask } from './fixtures/test-task.js';

describe('DelayQueue', () => {
  it('gives back what is due, the earliest first', () => {
    const delayed = new DelayQueue<TestTask>();
    for (const [id, dueAt] of Object.entries({ c: 30, a: 10, b: 20, d: 40 })) delayed.add(testTask({ id, bytes: 2 }), dueAt);
    assert.equal(delayed.nextDueAt(), 10);
    assert.deepEqual(idsOf(delayed.takeDue(9)), []);
    assert.deepEqual(idsOf(delayed.takeDue(30)), ['a', 'b', 'c']);
    assert.deepEqual([delayed.size, delayed.bytes, delayed.nextDueAt()], [1, 2, 40]);
  });

  it('has nothing due when empty', () => {
    const delayed = new DelayQueue<TestTask>();
    assert.deepEqual([delayed.nextDueAt(), [...delayed.takeDue(Infinity)], delayed.size, delayed.bytes], [Infinity, [], 0, 0]);
  });

  it('keeps tasks due at one time in the order they came', () => {
    const delayed = new DelayQueue<TestTask>();
    for (const id of ['a', 'b', 'c']) delayed.add(testTask({ id }), 5);
    assert.deepEqual(idsOf(delayed.takeDue(5)), ['a', 'b', 'c']);
  });

  it('lets tasks leave and come while it hands out what is due', () => {
    const delayed = new DelayQueue<TestTask>();
    const [a, b, c] = ['a', 'b', 'c'].map((id) => testTask({ id })) as [TestTask, TestTask, TestTask];
    delayed.add(a, 1);
    delayed.add(b, 2);
    const taken: TestTask[] = [];
    for (const task of delayed.takeDue(10)) {
      taken.push(task);
      if (task !== a) continue;
      assert.equal(delayed.remove(a), false);
      assert.equal(delayed.remove(b), true);
      delayed.add(c, 3);
    }
    assert.deepEqual(idsOf(taken), ['a', 'c']);
  });

  it('agrees with a sorted list', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ dueAt: fc.nat({ max: 20 }), bytes: fc.nat({ max: 9 }), leaves: fc.boolean() })), fc.nat({ max: 20 }), (entries, now) => {
        const delayed = new DelayQueue<TestTask>();
        const tasks = entries.map(({ bytes }) => testTask({ bytes }));
        for (const [index, { dueAt }] of entries.entries()) delayed.add(tasks[index] as TestTask, dueAt);
        for (const [index, { leaves }] of entries.entries()) if (leaves) assert.equal(delayed.remove(tasks[index] as TestTask), true);
        const left = entries.map((entry, index) => ({ ...entry, task: tasks[index] as TestTask })).filter((entry) => !entry.leaves);
        const due = left.filter((entry) => entry.dueAt <= now).sort((x, y) => x.dueAt - y.dueAt);
        const rest = left.filter((entry) => entry.dueAt > now);
        assert.deepEqual(idsOf(delayed.takeDue(now)), idsOf(due.map((entry) => entry.task)));
        assert.equal(
          delayed.bytes,
          rest.reduce((sum, entry) => sum + entry.bytes, 0),
        );
        assert.deepEqual(new Set(delayed), new Set(rest.map((entry) => entry.task)));
      }),
    );
  });
});
