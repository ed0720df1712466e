import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Bulkhead } from '../queue/bulkhead.js';
import { idsOf, testTask } from '../queue/fixtures/test-task.js';
import type { TestTask } from '../queue/fixtures/test-task.js';
import { seededRandom } from '../runtime/random.js';
import { schedulerWith } from './fixtures/scheduler-model.js';
import type { TestScheduler, TestWorker } from './fixtures/scheduler-model.js';

const A: TestWorker = { id: 'A' };
const B: TestWorker = { id: 'B' };

function dispatchAll(scheduler: TestScheduler): string[] {
  const given: string[] = [];
  while (scheduler.next()) given.push(`${scheduler.nextTask.id}@${scheduler.nextWorker.id}`);
  return given;
}

function push(scheduler: TestScheduler, bulkhead: Bulkhead | undefined, ...ids: readonly string[]): TestTask[] {
  return ids.map((id) => {
    const task = testTask({ id, submittedAt: 0, bulkhead });
    scheduler.push(task);
    return task;
  });
}

describe('tasks with a bulkhead', () => {
  it('are handed out as far as it has room; the others pass those that stand aside', () => {
    const scheduler = schedulerWith('least-loaded', [[A, 10]]);
    const bulkhead = new Bulkhead('slow', 2, Infinity);
    push(scheduler, bulkhead, 'a', 'b', 'c', 'd');
    push(scheduler, undefined, 'x', 'y');
    assert.deepEqual(dispatchAll(scheduler), ['a@A', 'b@A', 'x@A', 'y@A']);
    assert.deepEqual([scheduler.depth, scheduler.held, scheduler.runnable, bulkhead.inFlight], [2, 2, 0, 2]);
    assert.equal(scheduler.leave(bulkhead), true);
    assert.deepEqual(dispatchAll(scheduler), ['c@A']);
    assert.equal(scheduler.leave(bulkhead), true);
    assert.equal(scheduler.leave(bulkhead), false);
    assert.deepEqual(dispatchAll(scheduler), ['d@A']);
    assert.deepEqual([scheduler.depth, scheduler.held, bulkhead.inFlight], [0, 0, 1]);
  });

  it('keep their order by key, whoever submitted first', () => {
    const scheduler = schedulerWith('least-loaded', [[A, 10]]);
    const bulkhead = new Bulkhead('slow', 1, Infinity);
    for (const [id, submittedAt] of [
      ['first', 0],
      ['third', 20],
      ['second', 10],
    ] as const)
      scheduler.push(testTask({ id, submittedAt, bulkhead }));
    const given = dispatchAll(scheduler);
    while (scheduler.leave(bulkhead)) given.push(...dispatchAll(scheduler));
    assert.deepEqual(given, ['first@A', 'second@A', 'third@A']);
  });

  it('can be removed, evicted and listed while they stand aside', () => {
    const scheduler = schedulerWith('least-loaded', [[A, 10]]);
    const bulkhead = new Bulkhead('slow', 1, Infinity);
    const [, b, c] = push(scheduler, bulkhead, 'a', 'b', 'c') as [TestTask, TestTask, TestTask];
    dispatchAll(scheduler);
    assert.deepEqual(idsOf(scheduler), ['b', 'c']);
    assert.deepEqual(idsOf([scheduler.oldest(), scheduler.oldestOf(0), scheduler.newestOf(0)]), ['b', 'b', 'c']);
    assert.equal(scheduler.remove(b), true);
    assert.equal(scheduler.remove(b), false);
    assert.equal(scheduler.counts.sizeOf(0), 1);
    assert.equal(scheduler.leave(bulkhead), true);
    assert.equal(scheduler.remove(c), true);
    assert.equal(scheduler.depth, 0);
  });

  it('go on when the one whose turn it was is taken out of the queue', () => {
    const scheduler = schedulerWith('least-loaded', [[A, 10]]);
    const bulkhead = new Bulkhead('slow', 1, Infinity);
    const [, b] = push(scheduler, bulkhead, 'a', 'b', 'c') as [TestTask, TestTask, TestTask];
    dispatchAll(scheduler);
    scheduler.leave(bulkhead);
    assert.equal(scheduler.remove(b), true);
    assert.deepEqual(dispatchAll(scheduler), ['c@A']);
  });

  it('wait for their own worker and for room, with affinity', () => {
    const scheduler = schedulerWith('affinity', [
      [A, 1],
      [B, 1],
    ]);
    const bulkhead = new Bulkhead('slow', 1, Infinity);
    for (const id of ['a', 'b', 'c']) scheduler.push(testTask({ id, submittedAt: 0, bulkhead, affinityKey: 'k' }));
    const [first] = dispatchAll(scheduler) as [string];
    const worker = first.endsWith('A') ? A : B;
    assert.equal(scheduler.held, 2);
    scheduler.leave(bulkhead);
    assert.deepEqual(dispatchAll(scheduler), [], 'its worker is busy');
    scheduler.release(worker, 1);
    assert.deepEqual(dispatchAll(scheduler), [`b@${worker.id}`]);
    scheduler.removeWorker(worker);
    scheduler.leave(bulkhead);
    assert.deepEqual(dispatchAll(scheduler), [`c@${(worker === A ? B : A).id}`]);
  });

  it('are each handed out once and never more at a time than allowed, in 300 random histories', () => {
    for (let seed = 0; seed < 300; seed += 1) {
      const random = seededRandom(seed);
      const scheduler = schedulerWith('least-loaded', [
        [A, 3],
        [B, 2],
      ]);
      const bulkheads = [undefined, new Bulkhead('one', 1, Infinity), new Bulkhead('two', 2, Infinity)];
      const flying: { task: TestTask; worker: TestWorker }[] = [];
      const given = new Set<TestTask>();
      const land = (): void => {
        const [{ task, worker }] = flying.splice(Math.floor(random() * flying.length), 1) as [(typeof flying)[0]];
        scheduler.release(worker, 0);
        if (task.bulkhead !== undefined) scheduler.leave(task.bulkhead);
      };
      const handOut = (): void => {
        while (scheduler.next()) {
          assert.ok(!given.has(scheduler.nextTask), `seed ${seed}`);
          given.add(scheduler.nextTask);
          flying.push({ task: scheduler.nextTask, worker: scheduler.nextWorker });
        }
        for (const bulkhead of bulkheads) assert.ok(bulkhead === undefined || bulkhead.inFlight <= bulkhead.max, `seed ${seed}`);
      };
      for (let step = 0; step < 60; step += 1) {
        if (random() < 0.6) scheduler.push(testTask({ submittedAt: step, level: Math.floor(random() * 3), bulkhead: bulkheads[Math.floor(random() * 3)] }));
        else if (flying.length > 0) land();
        handOut();
      }
      while (flying.length > 0) {
        land();
        handOut();
      }
      assert.deepEqual([scheduler.depth, scheduler.held], [0, 0], `seed ${seed}`);
    }
  });
});
