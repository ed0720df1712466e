import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from '../runtime/fixtures/fast-check.js';
import { idsOf, testLevels, testTask } from '../queue/fixtures/test-task.js';
import type { TestTask } from '../queue/fixtures/test-task.js';
import { seededRandom } from '../runtime/random.js';
import { placement } from './placement/placements.js';
import { SchedulerModel, schedulerWith } from './fixtures/scheduler-model.js';
import type { TestScheduler, TestWorker } from './fixtures/scheduler-model.js';
import { Scheduler } from './scheduler.js';

const A: TestWorker = { id: 'A' };
const B: TestWorker = { id: 'B' };

/** Hands out all it can: `task@worker` in order. */
function dispatchAll(scheduler: TestScheduler): string[] {
  const given: string[] = [];
  while (scheduler.next()) given.push(`${scheduler.nextTask.id}@${scheduler.nextWorker.id}`);
  return given;
}

function pushAll(scheduler: TestScheduler, ...tasks: readonly (Partial<TestTask> & { id: string })[]): TestTask[] {
  return tasks.map((fields) => {
    const task = testTask(fields);
    scheduler.push(task);
    return task;
  });
}

describe('Scheduler', () => {
  it('hands out tasks in order while there is credit', () => {
    const scheduler = schedulerWith('least-loaded', [
      [A, 1],
      [B, 2],
    ]);
    pushAll(
      scheduler,
      { id: 'late', submittedAt: 9 },
      { id: 'later', submittedAt: 10 },
      { id: 'first', submittedAt: 0, requeued: true },
      { id: 'last', submittedAt: 11 },
    );
    assert.deepEqual(dispatchAll(scheduler), ['first@A', 'late@B', 'later@B']);
    assert.deepEqual([scheduler.depth, scheduler.inFlight, scheduler.busy, scheduler.hasCredit], [1, 3, 2, false]);
    scheduler.release(A, 5);
    assert.deepEqual(dispatchAll(scheduler), ['last@A']);
  });

  it('hands out nothing without workers, without tasks, or while paused', () => {
    const scheduler = schedulerWith('least-loaded');
    pushAll(scheduler, { id: 'a' });
    assert.equal(scheduler.next(), false);
    scheduler.addWorker(A, 1, 0);
    scheduler.paused = true;
    assert.equal(scheduler.next(), false);
    scheduler.paused = false;
    assert.deepEqual(dispatchAll(scheduler), ['a@A']);
  });

  it('lets a task pass the queue only while nothing is queued, and keeps count of it', () => {
    const scheduler = schedulerWith('least-loaded', [[A, 2]]);
    const figures = (): unknown[] => [scheduler.inFlight, scheduler.busy, scheduler.hasCredit];
    assert.equal(scheduler.passNow(), A);
    assert.deepEqual(figures(), [1, 1, true]);
    scheduler.paused = true;
    assert.equal(scheduler.passNow(), undefined);
    scheduler.paused = false;
    assert.equal(scheduler.passNow(), A);
    assert.deepEqual(figures(), [2, 1, false]);
    assert.equal(scheduler.passNow(), undefined);
    scheduler.release(A, 3);
    pushAll(scheduler, { id: 'queued' });
    assert.equal(scheduler.passNow(), undefined);
    assert.deepEqual(dispatchAll(scheduler), ['queued@A']);
    scheduler.release(A, 4);
    scheduler.release(A, 5);
    assert.deepEqual([...figures(), scheduler.idle()], [0, 0, true, [{ worker: A, sinceMs: 5 }]]);
    scheduler.addWorker(B, 2, 6);
    const passed = Array.from({ length: 5 }, () => scheduler.passNow());
    assert.deepEqual(
      [A, B, undefined].map((worker) => passed.filter((each) => each === worker).length),
      [2, 2, 1],
    );
    assert.deepEqual(figures(), [4, 2, false]);
  });

  it('knows the load of a worker that was alone when another joins it', () => {
    const scheduler = schedulerWith('least-loaded', [[A, 4]]);
    pushAll(scheduler, { id: 'a' }, { id: 'b' });
    assert.deepEqual(dispatchAll(scheduler), ['a@A', 'b@A']);
    scheduler.addWorker(B, 2, 0);
    pushAll(scheduler, { id: 'c' });
    assert.deepEqual(dispatchAll(scheduler), ['c@B']);
    scheduler.release(A, 1);
    scheduler.release(A, 2);
    pushAll(scheduler, { id: 'd' }, { id: 'e' });
    assert.deepEqual(dispatchAll(scheduler), ['d@A', 'e@A']);
  });

  it('stops a worker at credit 0 and lets it go on later', () => {
    const scheduler = schedulerWith('least-loaded', [[A, 2]]);
    pushAll(scheduler, { id: 'a' }, { id: 'b' });
    assert.ok(scheduler.next());
    scheduler.setCredit(A, 0);
    assert.deepEqual([scheduler.next(), scheduler.busy, scheduler.inFlight, scheduler.idle()], [false, 0, 1, []]);
    scheduler.setCredit(A, 1);
    assert.deepEqual([scheduler.next(), scheduler.busy], [false, 1], 'what is in flight uses the credit up');
    scheduler.release(A, 0);
    assert.deepEqual(dispatchAll(scheduler), ['b@A']);
  });

  it('takes a queued task out, once', () => {
    const scheduler = schedulerWith('least-loaded', [[A, 9]]);
    const [a] = pushAll(scheduler, { id: 'a', bytes: 4 }, { id: 'b', bytes: 5 });
    assert.deepEqual([scheduler.remove(a as TestTask), scheduler.remove(a as TestTask)], [true, false]);
    assert.deepEqual([scheduler.depth, scheduler.counts.bytes, dispatchAll(scheduler)], [1, 5, ['b@A']]);
  });

  it('knows who is idle and since when, the longest first', () => {
    const scheduler = schedulerWith('round-robin', [[A, 1]]);
    scheduler.addWorker(B, 2, 10);
    pushAll(scheduler, { id: 'a' }, { id: 'b' }, { id: 'c' });
    dispatchAll(scheduler);
    assert.deepEqual(scheduler.idle(), []);
    scheduler.release(B, 20);
    scheduler.release(A, 30);
    assert.deepEqual(scheduler.idle(), [{ worker: A, sinceMs: 30 }]);
    scheduler.release(B, 25);
    assert.deepEqual(scheduler.idle(), [
      { worker: B, sinceMs: 25 },
      { worker: A, sinceMs: 30 },
    ]);
  });

  it('takes a pinned task to its worker only, in its place by key', () => {
    const scheduler = schedulerWith('least-loaded', [
      [A, 1],
      [B, 1],
    ]);
    scheduler.pin(testTask({ id: 'x', submittedAt: 5 }), A);
    scheduler.pin(testTask({ id: 'y', submittedAt: 6 }), A);
    pushAll(scheduler, { id: 'a', submittedAt: 4 }, { id: 'b', submittedAt: 7 });
    assert.deepEqual([scheduler.depth, scheduler.counts.size], [4, 2]);
    assert.deepEqual(dispatchAll(scheduler), ['a@A', 'b@B']);
    scheduler.release(B, 0);
    assert.equal(scheduler.next(), false, 'B does not take what is pinned to A');
    scheduler.release(A, 0);
    assert.deepEqual(dispatchAll(scheduler), ['x@A']);
    scheduler.release(A, 0);
    assert.deepEqual(dispatchAll(scheduler), ['y@A']);
  });

  it('removes pinned tasks too, without mistaking places in different queues', () => {
    const scheduler = schedulerWith('affinity', [[A, 1]]);
    pushAll(scheduler, { id: 'bind', affinityKey: 'k' });
    dispatchAll(scheduler);
    const [bound] = pushAll(scheduler, { id: 'bound', affinityKey: 'k' });
    const [common] = pushAll(scheduler, { id: 'common' });
    const pinned = testTask({ id: 'pinned' });
    scheduler.pin(pinned, A);
    assert.ok(scheduler.remove(bound as TestTask));
    assert.deepEqual(idsOf(scheduler), ['pinned', 'common']);
    assert.ok(scheduler.remove(pinned) && scheduler.remove(common as TestTask));
    scheduler.release(A, 0);
    assert.deepEqual([scheduler.next(), scheduler.depth, scheduler.counts.size], [false, 0, 0]);
  });

  it('returns what was pinned to a worker that goes, and forgets its load', () => {
    const scheduler = schedulerWith('least-loaded', [
      [A, 2],
      [B, 0],
    ]);
    pushAll(scheduler, { id: 'a' });
    scheduler.next();
    scheduler.setCredit(A, 0);
    for (const id of ['x', 'y']) scheduler.pin(testTask({ id }), A);
    assert.deepEqual(idsOf(scheduler.removeWorker(A)), ['x', 'y']);
    assert.deepEqual([scheduler.depth, scheduler.inFlight, scheduler.busy, scheduler.next()], [0, 0, 0, false]);
    assert.throws(() => scheduler.release(A, 0), { code: 'ERR_ASSERTION' });
  });

  it('gives back no more tasks than were given', () => {
    assert.throws(() => schedulerWith('least-loaded', [[A, 2]]).release(A, 0), { code: 'ERR_ASSERTION' });
  });

  it('names the oldest and newest of a level over all queues, pinned ones apart', () => {
    const scheduler = schedulerWith('affinity', [[A, 1]]);
    pushAll(scheduler, { id: 'bind', affinityKey: 'k' });
    dispatchAll(scheduler);
    scheduler.pin(testTask({ id: 'pinned', submittedAt: 1 }), A);
    pushAll(
      scheduler,
      { id: 'c1', submittedAt: 3 },
      { id: 'k1', submittedAt: 2, affinityKey: 'k' },
      { id: 'c2', submittedAt: 4 },
      { id: 'k2', submittedAt: 5, affinityKey: 'k' },
    );
    assert.deepEqual(idsOf([scheduler.oldest(), scheduler.oldestOf(0), scheduler.newestOf(0), scheduler.newestOf(1)]), ['pinned', 'k1', 'k2', undefined]);
    assert.equal(scheduler.counts.sizeOf(0), 4);
  });
});

describe('Scheduler with affinity', () => {
  it('sends tasks of one key to one worker, which they wait for even if others are free', () => {
    const scheduler = schedulerWith('affinity', [
      [A, 1],
      [B, 1],
    ]);
    pushAll(scheduler, { id: 'k1', affinityKey: 'k' }, { id: 'k2', affinityKey: 'k' }, { id: 'k3', affinityKey: 'k' }, { id: 'free' });
    assert.deepEqual(dispatchAll(scheduler), ['k1@A', 'free@B']);
    scheduler.release(B, 0);
    assert.equal(scheduler.next(), false);
    for (const id of ['k2', 'k3']) {
      scheduler.release(A, 0);
      assert.deepEqual(dispatchAll(scheduler), [`${id}@A`]);
    }
  });

  it('ignores keys under other placements', () => {
    const scheduler = schedulerWith('least-loaded', [
      [A, 1],
      [B, 1],
    ]);
    pushAll(scheduler, { id: 'k1', affinityKey: 'k' }, { id: 'k2', affinityKey: 'k' });
    assert.deepEqual(dispatchAll(scheduler), ['k1@A', 'k2@B']);
  });

  it('brings bound tasks back to their old place when their worker goes', () => {
    const scheduler = schedulerWith('affinity', [
      [A, 1],
      [B, 0],
    ]);
    pushAll(scheduler, { id: 'k1', affinityKey: 'k' });
    dispatchAll(scheduler);
    pushAll(
      scheduler,
      { id: 'a', submittedAt: 1 },
      { id: 'k2', submittedAt: 2, affinityKey: 'k' },
      { id: 'b', submittedAt: 3 },
      { id: 'k3', submittedAt: 4, affinityKey: 'k' },
    );
    assert.deepEqual([scheduler.removeWorker(A), scheduler.depth, scheduler.counts.size], [[], 4, 4]);
    scheduler.setCredit(B, 9);
    assert.deepEqual(dispatchAll(scheduler), ['a@B', 'k2@B', 'b@B', 'k3@B']);
  });

  it('binds a key anew after its worker has gone', () => {
    const scheduler = schedulerWith('affinity', [[A, 1]]);
    pushAll(scheduler, { id: 'k1', affinityKey: 'k' });
    dispatchAll(scheduler);
    scheduler.removeWorker(A);
    scheduler.addWorker(B, 1, 0);
    scheduler.addWorker({ id: 'C' }, 1, 0);
    pushAll(scheduler, { id: 'k2', affinityKey: 'k' }, { id: 'k3', affinityKey: 'k' });
    assert.deepEqual(dispatchAll(scheduler), ['k2@B']);
  });

  it('forgets the oldest key beyond the bound', () => {
    const scheduler = schedulerWith(
      'affinity',
      [
        [A, 1],
        [B, 9],
      ],
      1,
    );
    pushAll(scheduler, { id: 'k1', affinityKey: 'k' }, { id: 'other', affinityKey: 'o' }, { id: 'k2', affinityKey: 'k' });
    assert.deepEqual(dispatchAll(scheduler), ['k1@A', 'other@B', 'k2@B']);
  });
});

describe('Scheduler under any mix of calls', () => {
  const index = fc.nat({ max: 50 });
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.tuple(fc.constant('push' as const), fc.nat({ max: 4 }), fc.option(fc.nat({ max: 3 }))) },
    { weight: 8, arbitrary: fc.tuple(fc.constant('next' as const), fc.constant(0), fc.constant(null)) },
    { weight: 5, arbitrary: fc.tuple(fc.constant('release' as const), index, fc.constant(null)) },
    { weight: 2, arbitrary: fc.tuple(fc.constant('addWorker' as const), fc.nat({ max: 4 }), fc.constant(null)) },
    { weight: 2, arbitrary: fc.tuple(fc.constant('setCredit' as const), index, fc.nat({ max: 4 })) },
    { weight: 1, arbitrary: fc.tuple(fc.constant('removeWorker' as const), index, fc.constant(null)) },
    { weight: 2, arbitrary: fc.tuple(fc.constant('pin' as const), index, fc.constant(null)) },
    { weight: 2, arbitrary: fc.tuple(fc.constant('removeTask' as const), index, fc.constant(null)) },
  );

  for (const name of ['least-loaded', 'round-robin', 'random', 'two-choices', 'affinity'] as const) {
    it(`${name} loses and doubles nothing, keeps the order, and never goes beyond a credit`, { timeout: 180_000 }, () => {
      fc.assert(
        fc.property(fc.array(step, { maxLength: 150, size: 'max' }), (steps) => {
          const model = new SchedulerModel(name);
          for (const [action, first, second] of steps) {
            if (action === 'push') model.push(first, second as number | null);
            else if (action === 'setCredit') model.setCredit(first, second as number);
            else model[action](first);
            model.check();
          }
          model.drain();
        }),
        { numRuns: 150 },
      );
    });
  }

  it('keeps a key with its worker while both live', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.nat({ max: 5 }), fc.constantFrom('next' as const, 'release' as const)), { maxLength: 100, size: 'max' }), (steps) => {
        const scheduler = schedulerWith('affinity', [
          [A, 2],
          [B, 1],
        ]);
        const owner = new Map<string, TestWorker>();
        const held: TestWorker[] = [];
        for (const each of steps) {
          if (typeof each === 'number') scheduler.push(testTask({ affinityKey: `${each}` }));
          else if (each === 'release') {
            const worker = held.shift();
            if (worker !== undefined) scheduler.release(worker, 0);
          } else if (scheduler.next()) {
            const name = scheduler.nextTask.affinityKey as string;
            assert.equal(owner.get(name) ?? scheduler.nextWorker, scheduler.nextWorker);
            owner.set(name, scheduler.nextWorker);
            held.push(scheduler.nextWorker);
          }
        }
      }),
    );
  });

  it('costs the same with a thousand workers and a million tasks as with few', { timeout: 180_000 }, () => {
    const nsPerTask = (workers: number, queued: number): number => {
      const scheduler = new Scheduler<TestTask, TestWorker>({
        levels: testLevels(0, 100),
        placement: placement('placement', 'least-loaded'),
        random: seededRandom(1),
      });
      for (let id = 0; id < workers; id += 1) scheduler.addWorker({ id: `${id}` }, 2, 0);
      for (let submittedAt = 0; submittedAt < queued; submittedAt += 1) scheduler.push(testTask({ id: '', level: submittedAt & 1, submittedAt }));
      const rounds = 200_000;
      const start = process.hrtime.bigint();
      for (let round = 0; round < rounds; round += 1) {
        assert.ok(scheduler.next());
        scheduler.release(scheduler.nextWorker, round);
        scheduler.push(scheduler.nextTask);
      }
      return Number(process.hrtime.bigint() - start) / rounds;
    };
    nsPerTask(2, 1_000);
    const large = nsPerTask(1_000, 1_000_000);
    assert.ok(large < 20_000, `${large} ns a task; anything that walks workers or tasks takes far longer`);
  });
});
