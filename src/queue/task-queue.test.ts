import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from '../runtime/fixtures/fast-check.js';
import { idsOf, testLevels, testTask } from './fixtures/test-task.js';
import type { TestTask } from './fixtures/test-task.js';
import { DEFAULT_LEVELS, NOT_QUEUED } from './queued-task.js';
import { TaskQueue } from './task-queue.js';

const HEAD_STARTS = DEFAULT_LEVELS.map((level) => level.headStartMs);

function keyOf(task: TestTask): number {
  return Math.min(task.submittedAt + (HEAD_STARTS[task.level] as number), task.deadlineAt);
}

function drain(queue: TaskQueue<TestTask>): TestTask[] {
  return Array.from({ length: queue.size }, () => queue.shift() as TestTask);
}

/** What is submitted: level, ms since the submission before, deadline (from submission), whether it stood there before (and how long ago that was). */
const submission = fc.record({
  level: fc.integer({ min: 0, max: HEAD_STARTS.length - 1 }),
  gapMs: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.integer({ min: 0, max: 3_000 }) }),
  deadlineMs: fc.oneof({ weight: 3, arbitrary: fc.constant(Infinity) }, { weight: 1, arbitrary: fc.integer({ min: 0, max: 5_000 }) }),
  requeuedMs: fc.option(fc.integer({ min: 0, max: 2_000 }), { freq: 4 }),
  bytes: fc.integer({ min: 0, max: 9 }),
});

/** Tasks for submissions, at the times that the gaps add up to. */
function tasksOf(submissions: readonly { level: number; gapMs: number; deadlineMs: number; requeuedMs: number | null; bytes: number }[]): TestTask[] {
  let now = 10_000;
  return submissions.map(({ level, gapMs, deadlineMs, requeuedMs, bytes }, index) => {
    now += gapMs;
    const submittedAt = now - (requeuedMs ?? 0);
    return testTask({ id: `#${index}`, level, submittedAt, deadlineAt: submittedAt + deadlineMs, requeued: requeuedMs !== null, bytes });
  });
}

describe('TaskQueue', () => {
  it('gives tasks of one level back in the order they came', () => {
    const queue = new TaskQueue<TestTask>(DEFAULT_LEVELS);
    for (const id of ['a', 'b', 'c']) queue.push(testTask({ id, level: 2, submittedAt: 5 }));
    assert.deepEqual(idsOf(drain(queue)), ['a', 'b', 'c']);
  });

  it('is empty with an infinite key and nothing to give', () => {
    const queue = new TaskQueue<TestTask>(DEFAULT_LEVELS);
    assert.deepEqual([queue.size, queue.peek(), queue.shift(), queue.peekKey(), queue.oldest()], [0, undefined, undefined, Infinity, undefined]);
  });

  it('treats a level as a head start in time', () => {
    const queue = new TaskQueue<TestTask>(testLevels(0, 100));
    queue.push(testTask({ id: 'normal at 0', level: 1, submittedAt: 0 }));
    queue.push(testTask({ id: 'urgent at 99', submittedAt: 99 }));
    queue.push(testTask({ id: 'urgent at 101', submittedAt: 101 }));
    assert.deepEqual(idsOf(drain(queue)), ['urgent at 99', 'normal at 0', 'urgent at 101']);
  });

  it('takes the more urgent level at equal keys', () => {
    const queue = new TaskQueue<TestTask>(testLevels(0, 100));
    queue.push(testTask({ id: 'normal', level: 1, submittedAt: 0 }));
    queue.push(testTask({ id: 'urgent', submittedAt: 100 }));
    assert.deepEqual(idsOf(drain(queue)), ['urgent', 'normal']);
  });

  it('takes a task with a near deadline before those that can wait longer', () => {
    const queue = new TaskQueue<TestTask>(testLevels(1_000));
    queue.push(testTask({ id: 'patient', submittedAt: 0 }));
    queue.push(testTask({ id: 'pressing', submittedAt: 10, deadlineAt: 200 }));
    assert.equal(queue.peekKey(), 200);
    assert.deepEqual(idsOf(drain(queue)), ['pressing', 'patient']);
  });

  it('gives a requeued task its old place, before what was submitted in the same ms', () => {
    const queue = new TaskQueue<TestTask>(testLevels(0));
    for (const id of ['a', 'b', 'c']) queue.push(testTask({ id, submittedAt: 7 }));
    const first = queue.shift() as TestTask;
    queue.push({ ...first, requeued: true });
    assert.deepEqual(idsOf(drain(queue)), ['a', 'b', 'c']);
  });

  it('lets a task in the middle leave, once', () => {
    const queue = new TaskQueue<TestTask>(DEFAULT_LEVELS);
    const tasks = ['a', 'b', 'c'].map((id) => testTask({ id, level: 1, bytes: 5 }));
    const [, b] = tasks as [TestTask, TestTask, TestTask];
    for (const task of tasks) queue.push(task);
    assert.equal(queue.remove(b), true);
    assert.equal(b.position, NOT_QUEUED);
    assert.equal(queue.remove(b), false);
    assert.deepEqual([queue.size, queue.counts.bytes, queue.counts.sizeOf(1), queue.counts.bytesOf(1)], [2, 10, 2, 10]);
    assert.deepEqual(idsOf(queue), ['a', 'c']);
  });

  it('removes by place also after holes were squeezed out', { timeout: 180_000 }, () => {
    const queue = new TaskQueue<TestTask>(DEFAULT_LEVELS);
    const tasks = Array.from({ length: 20_000 }, (_, index) => testTask({ level: 2, submittedAt: index }));
    for (const task of tasks) queue.push(task);
    const kept = tasks.filter((_, index) => index % 100 === 0);
    for (const task of tasks) if (!kept.includes(task)) assert.equal(queue.remove(task), true);
    for (const task of kept) assert.equal(queue.remove(task), true);
    assert.deepEqual([queue.size, queue.peekKey()], [0, Infinity]);
  });

  it('names the oldest, and by level the oldest and newest that may be evicted', () => {
    const queue = new TaskQueue<TestTask>(testLevels(0, 100));
    queue.push(testTask({ id: 'again', level: 1, submittedAt: 1, requeued: true }));
    assert.deepEqual([queue.oldestOf(1), queue.newestOf(1)], [undefined, undefined]);
    for (const [id, submittedAt] of Object.entries({ a: 2, b: 3, c: 3 })) queue.push(testTask({ id, level: 1, submittedAt }));
    queue.push(testTask({ id: 'urgent', submittedAt: 4 }));
    assert.deepEqual(idsOf([queue.oldest(), queue.oldestOf(1), queue.newestOf(1), queue.newestOf(0)]), ['again', 'a', 'c', 'urgent']);
    assert.deepEqual([queue.counts.sizeOf(1), queue.counts.evictableOf(1)], [4, 3]);
  });

  it('finds evictable tasks also where all are out of order', () => {
    const queue = new TaskQueue<TestTask>(testLevels(1_000));
    const decoy = testTask({ submittedAt: 0 });
    queue.push(decoy);
    for (const [id, deadlineAt] of Object.entries({ a: 300, b: 200, c: 100 })) queue.push(testTask({ id, submittedAt: 1 + (400 - deadlineAt), deadlineAt }));
    queue.push(testTask({ id: 'again', submittedAt: 500, deadlineAt: 600, requeued: true }));
    queue.remove(decoy);
    assert.deepEqual(idsOf([queue.oldestOf(0), queue.newestOf(0)]), ['a', 'c']);
  });

  it('shares counts among queues that are bounded together', () => {
    const one = new TaskQueue<TestTask>(DEFAULT_LEVELS);
    const other = new TaskQueue<TestTask>(DEFAULT_LEVELS, one.counts);
    one.push(testTask({ bytes: 3 }));
    other.push(testTask({ bytes: 4 }));
    assert.deepEqual([one.size, other.size, one.counts.size, one.counts.bytes], [1, 1, 2, 7]);
    other.shift();
    assert.deepEqual([one.counts.size, one.counts.bytes], [1, 3]);
  });

  it('sorts by key, then level, then requeued before new, then arrival', () => {
    fc.assert(
      fc.property(fc.array(submission, { maxLength: 80, size: 'max' }), (submissions) => {
        const tasks = tasksOf(submissions);
        const queue = new TaskQueue<TestTask>(DEFAULT_LEVELS);
        for (const task of tasks) queue.push(task);
        const order = drain(queue);
        assert.deepEqual(new Set(order), new Set(tasks));
        // A near deadline may tie with an ordinary key of its level: then either order is right. All else is decided.
        const pressing = (task: TestTask): boolean => !task.requeued && task.deadlineAt < task.submittedAt + (HEAD_STARTS[task.level] as number);
        const compare = (a: TestTask, b: TestTask): number =>
          keyOf(a) - keyOf(b) || a.level - b.level || Number(b.requeued) - Number(a.requeued) || tasks.indexOf(a) - tasks.indexOf(b);
        const naive = [...tasks].sort(compare);
        assert.deepEqual(order.map(keyOf), naive.map(keyOf));
        assert.deepEqual(
          order.map((task) => task.level),
          naive.map((task) => task.level),
        );
        assert.deepEqual(idsOf(order.filter((task) => !pressing(task))), idsOf(naive.filter((task) => !pressing(task))));
      }),
      { numRuns: 300 },
    );
  });

  it('never lets a task be overtaken by one submitted later than the difference of their head starts', () => {
    const step = fc.oneof(
      { weight: 3, arbitrary: fc.record({ level: fc.integer({ min: 0, max: 4 }), gapMs: fc.integer({ min: 0, max: 400 }) }) },
      { weight: 2, arbitrary: fc.constant('shift' as const) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120, size: 'max' }), (steps) => {
        const queue = new TaskQueue<TestTask>(DEFAULT_LEVELS);
        let now = 0;
        const check = (gone: TestTask | undefined): void => {
          for (const waiting of gone === undefined ? [] : queue) {
            const lead = (HEAD_STARTS[waiting.level] as number) - (HEAD_STARTS[gone?.level ?? 0] as number);
            assert.ok((gone?.submittedAt ?? 0) - waiting.submittedAt <= lead, 'overtaken from beyond its head start');
          }
        };
        for (const each of steps) {
          if (each === 'shift') check(queue.shift());
          else queue.push(testTask({ level: each.level, submittedAt: (now += each.gapMs) }));
        }
        while (queue.size > 0) check(queue.shift());
      }),
      { numRuns: 200 },
    );
  });

  it('loses and doubles nothing, and counts right, under any mix of push, shift, remove and eviction', () => {
    const step = fc.oneof(
      { weight: 5, arbitrary: submission },
      { weight: 2, arbitrary: fc.constant('shift' as const) },
      { weight: 2, arbitrary: fc.nat({ max: 1_000 }) },
      { weight: 1, arbitrary: fc.constantFrom('newest' as const, 'oldest' as const) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 120, size: 'max' }), (steps) => {
        const queue = new TaskQueue<TestTask>(DEFAULT_LEVELS);
        const model = new Set<TestTask>();
        const pushed = tasksOf(steps.filter((each) => typeof each === 'object'))[Symbol.iterator]();
        for (const each of steps) {
          if (typeof each === 'object') {
            const task = pushed.next().value as TestTask;
            queue.push(task);
            model.add(task);
          } else if (typeof each === 'number') {
            const task = [...model][each % Math.max(1, model.size)];
            if (task !== undefined) assert.equal(queue.remove(task), model.delete(task));
          } else if (each === 'shift') {
            const task = queue.shift();
            const least = Math.min(...Array.from(model, keyOf));
            if (task === undefined) assert.equal(model.size, 0);
            else assert.ok(model.delete(task) && keyOf(task) === least);
          } else {
            const victim = each === 'newest' ? queue.newestOf(2) : queue.oldestOf(2);
            const some = [...model].some((task) => task.level === 2 && !task.requeued);
            assert.equal(victim !== undefined, some);
            if (victim !== undefined) assert.ok(queue.remove(victim) && model.delete(victim) && !victim.requeued && victim.level === 2);
          }
          const bytes = (tasks: Iterable<TestTask>): number => Array.from(tasks, (task) => task.bytes).reduce((sum, one) => sum + one, 0);
          assert.deepEqual([queue.size, queue.counts.size, queue.counts.bytes], [model.size, model.size, bytes(model)]);
          for (const level of HEAD_STARTS.keys()) {
            const own = [...model].filter((task) => task.level === level);
            const evictable = own.filter((task) => !task.requeued);
            assert.deepEqual(
              [queue.counts.sizeOf(level), queue.counts.bytesOf(level), queue.counts.evictableOf(level), queue.counts.evictableBytesOf(level)],
              [own.length, bytes(own), evictable.length, bytes(evictable)],
            );
          }
        }
        assert.deepEqual(new Set(queue), model);
      }),
      { numRuns: 200 },
    );
  });
});
