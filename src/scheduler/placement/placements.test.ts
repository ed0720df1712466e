import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { testLevels, testTask } from '../../queue/fixtures/test-task.js';
import type { TestTask } from '../../queue/fixtures/test-task.js';
import { seededRandom } from '../../runtime/random.js';
import type { Candidates, PlacementName, PlacementSlot } from '../placement.js';
import { Scheduler } from '../scheduler.js';
import { placement } from './placements.js';

interface TestWorker {
  readonly id: string;
}

/** A scheduler over workers A, B, C ... of this credit. */
function schedulerOf(name: PlacementName, workers: number, credit: number): { scheduler: Scheduler<TestTask, TestWorker>; workers: TestWorker[] } {
  const scheduler = new Scheduler<TestTask, TestWorker>({ levels: testLevels(0), placement: placement('placement', name), random: seededRandom(7) });
  const all = Array.from({ length: workers }, (_, index) => ({ id: String.fromCharCode(65 + index) }));
  for (const worker of all) scheduler.addWorker(worker, credit, 0);
  return { scheduler, workers: all };
}

/** Where one more task goes. */
function dispatch(scheduler: Scheduler<TestTask, TestWorker>): TestWorker {
  scheduler.push(testTask());
  assert.ok(scheduler.next());
  return scheduler.nextWorker;
}

/** Where tasks go that run one after another. */
function sequence(name: PlacementName, workers: number, tasks: number): string[] {
  const { scheduler } = schedulerOf(name, workers, 1);
  return Array.from({ length: tasks }, () => {
    const worker = dispatch(scheduler);
    scheduler.release(worker, 0);
    return worker.id;
  });
}

function burst(name: PlacementName, workers: number, tasks: number, credit: number): Map<string, number> {
  const { scheduler } = schedulerOf(name, workers, credit);
  const counts = new Map<string, number>();
  for (let task = 0; task < tasks; task += 1) {
    const { id } = dispatch(scheduler);
    counts.set(id, (counts.get(id) ?? 0) + 1);
  }
  return counts;
}

describe('placement', () => {
  it('knows its strategies by name and refuses others, listing them', () => {
    for (const name of ['least-loaded', 'round-robin', 'random', 'two-choices', 'affinity'] as const) assert.equal(placement('placement', name).name, name);
    for (const name of ['fastest', '', undefined, 'toString', { name: 'random' }]) {
      assert.throws(() => placement('placement', name), {
        code: 'ERR_OPTION',
        option: 'placement',
        message: /'least-loaded', 'round-robin', 'random', 'two-choices', 'affinity'/,
      });
    }
  });

  it('least-loaded packs a trickle onto one worker, so that the others idle', () => {
    assert.equal(new Set(sequence('least-loaded', 4, 12)).size, 1);
  });

  it('least-loaded spreads a burst evenly', () => {
    assert.deepEqual([...burst('least-loaded', 4, 12, 8).values()], [3, 3, 3, 3]);
  });

  it('least-loaded prefers the one that was busy last', () => {
    const { scheduler, workers } = schedulerOf('least-loaded', 3, 1);
    for (const _ of workers) dispatch(scheduler);
    const [a, b, c] = workers as [TestWorker, TestWorker, TestWorker];
    for (const worker of [a, c, b]) scheduler.release(worker, 0);
    assert.deepEqual([dispatch(scheduler), dispatch(scheduler), dispatch(scheduler)], [b, c, a]);
  });

  it('least-loaded fills a worker up to its packing before it takes the next, and goes on there', () => {
    const { scheduler, workers } = schedulerOf('least-loaded', 2, 64);
    for (const worker of workers) scheduler.setCredit(worker, 64, 2);
    const given = Array.from({ length: 5 }, () => dispatch(scheduler));
    const [first, other] = [given[0] as TestWorker, given[4] as TestWorker];
    assert.deepEqual(given, [first, first, first, first, other]);
    scheduler.release(first, 0);
    assert.equal(dispatch(scheduler), first, 'the one that fell below its packing last');
    scheduler.release(first, 0);
    for (const worker of workers) scheduler.setCredit(worker, 64);
    assert.equal(dispatch(scheduler), other, 'without packing loads are compared one by one');
  });

  it('least-loaded keeps the order when credit changes', () => {
    const { scheduler, workers } = schedulerOf('least-loaded', 2, 1);
    const first = dispatch(scheduler);
    scheduler.release(first, 0);
    for (const worker of workers) scheduler.setCredit(worker, 5);
    assert.equal(dispatch(scheduler), first);
  });

  it('round-robin goes round, in a trickle and in a burst', () => {
    assert.equal(sequence('round-robin', 4, 12).join(''), 'ABCDABCDABCD');
    assert.deepEqual(
      [...burst('round-robin', 3, 12, 9).entries()],
      [
        ['A', 4],
        ['B', 4],
        ['C', 4],
      ],
    );
  });

  it('round-robin passes over workers without credit', () => {
    const { scheduler, workers } = schedulerOf('round-robin', 3, 9);
    scheduler.setCredit(workers[1] as TestWorker, 0);
    assert.equal(Array.from({ length: 4 }, () => dispatch(scheduler).id).join(''), 'ACAC');
  });

  it('random uses every worker and no other', () => {
    const counts = burst('random', 4, 400, 1_000);
    assert.equal(counts.size, 4);
    for (const count of counts.values()) assert.ok(count > 60 && count < 140, `${count} of 400`);
  });

  it('two-choices looks at two different workers and takes the less loaded', () => {
    const slots: PlacementSlot[] = [
      { load: 5, credit: 1 },
      { load: 3, credit: 1 },
      { load: 4, credit: 1 },
    ];
    const looked: number[] = [];
    const candidates: Candidates<PlacementSlot> = {
      size: slots.length,
      leastLoaded: () => assert.fail('not asked'),
      leastRecent: () => assert.fail('not asked'),
      at: (index) => {
        looked.push(index);
        return slots[index];
      },
    };
    const pick = (...chances: number[]): PlacementSlot | undefined =>
      placement('placement', 'two-choices').pick(candidates, () => chances.shift() ?? assert.fail('asked once more'));
    assert.deepEqual([pick(0, 0), pick(0.99, 0), pick(0.5, 0.99), pick(0.99, 0.99)], [slots[1], slots[2], slots[1], slots[1]]);
    assert.deepEqual(looked, [0, 1, 2, 0, 1, 2, 2, 1]);
  });

  it('two-choices spreads a burst nearly evenly, and does with one worker', () => {
    for (const count of burst('two-choices', 4, 400, 1_000).values()) assert.ok(count >= 95 && count <= 105, `${count} of 400`);
    assert.deepEqual(sequence('two-choices', 1, 3), ['A', 'A', 'A']);
  });

  it('affinity places what has no key like least-loaded', () => {
    assert.deepEqual([...burst('affinity', 3, 6, 8).values()], [2, 2, 2]);
  });
});
