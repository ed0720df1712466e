import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from '../runtime/fixtures/fast-check.js';
import { Admission, LEVEL_FULL, QUEUE_FULL } from './admission.js';
import type { QueueBounds, QueueLoad, WhenFull } from './admission.js';
import { testLevels, testTask } from './fixtures/test-task.js';
import type { TestTask } from './fixtures/test-task.js';
import { TaskQueue } from './task-queue.js';

interface LevelBounds {
  readonly max?: number;
  readonly bytesMax?: number;
}

function boundsOf(whenFull: WhenFull, bounds: { max?: number; bytesMax?: number; levels?: readonly LevelBounds[] }): QueueBounds {
  const levels = (bounds.levels ?? [{}, {}, {}]).map((level, index) => ({ ...(testLevels(index * 100)[0] as QueueBounds['levels'][number]), ...level }));
  return { max: bounds.max ?? Infinity, bytesMax: bounds.bytesMax ?? Infinity, levels, whenFull };
}

/** A queue behind an admission: obeys every decision, as a pool does. */
class Gate {
  readonly queue: TaskQueue<TestTask>;
  readonly evicted: TestTask[] = [];
  readonly load: { counts: QueueLoad['counts']; delayed: { size: number; bytes: number }; waiting: { size: number } };
  readonly admission: Admission;

  constructor(bounds: QueueBounds) {
    this.admission = new Admission(bounds);
    this.queue = new TaskQueue<TestTask>(bounds.levels);
    this.load = { counts: this.queue.counts, delayed: { size: 0, bytes: 0 }, waiting: { size: 0 } };
  }

  /** Returns how it ended: the level, or the action. */
  submit(fields: Partial<TestTask>): number | string {
    const task = testTask(fields);
    for (;;) {
      const decision = this.admission.decide(task, this.load);
      switch (decision.action) {
        case 'admit':
          task.level = decision.level;
          this.queue.push(task);
          return decision.level;
        case 'evict': {
          const victim = decision.end === 'newest' ? this.queue.newestOf(decision.level) : this.queue.oldestOf(decision.level);
          assert.ok(victim !== undefined && this.queue.remove(victim), 'an eviction names a task');
          this.evicted.push(victim);
          break;
        }
        case 'refuse':
          return decision.neverFits ? 'never' : 'refuse';
        default:
          return decision.action;
      }
    }
  }
}

describe('Admission', () => {
  it('admits up to the bound and not beyond', () => {
    const gate = new Gate(boundsOf('reject', { max: 2 }));
    assert.deepEqual([gate.submit({}), gate.submit({ level: 2 }), gate.submit({})], [0, 2, 'refuse']);
  });

  it('counts bytes', () => {
    const gate = new Gate(boundsOf('reject', { bytesMax: 10 }));
    assert.deepEqual([gate.submit({ bytes: 6 }), gate.submit({ bytes: 5 }), gate.submit({ bytes: 4 })], [0, 'refuse', 0]);
  });

  it('counts delayed tasks as held', () => {
    const gate = new Gate(boundsOf('reject', { max: 3, bytesMax: 10 }));
    gate.load.delayed = { size: 2, bytes: 4 };
    assert.deepEqual([gate.submit({ bytes: 7 }), gate.submit({ bytes: 6 }), gate.submit({})], ['refuse', 0, 'refuse']);
  });

  it('says so when a task can never fit', () => {
    for (const whenFull of ['reject', 'wait', 'shed-lowest', 'drop-oldest'] as const) {
      const gate = new Gate(boundsOf(whenFull, { bytesMax: 10 }));
      gate.submit({ level: 2, bytes: 9 });
      assert.equal(gate.submit({ bytes: 11 }), 'never', whenFull);
      assert.deepEqual(gate.evicted, [], 'nothing is evicted in vain');
    }
    assert.equal(new Gate(boundsOf('wait', { levels: [{ bytesMax: 99 }, { bytesMax: 5 }, { bytesMax: 4 }] })).submit({ level: 1, bytes: 6 }), 'never');
  });

  it('does not say that a task can never fit where nothing may wait: it can start when a worker is free', () => {
    for (const whenFull of ['reject', 'shed-lowest', 'drop-oldest'] as const) {
      assert.equal(new Gate(boundsOf(whenFull, { max: 0 })).submit({}), 'refuse', whenFull);
      assert.equal(new Gate(boundsOf(whenFull, { levels: [{ max: 0 }, { max: 0 }, { max: 0 }] })).submit({}), 'refuse', whenFull);
    }
    assert.equal(new Gate(boundsOf('wait', { max: 0 })).submit({}), 'wait');
  });

  it('overflows into the next lower level that has room', () => {
    const gate = new Gate(boundsOf('reject', { levels: [{ max: 1 }, { max: 0 }, { max: 2 }] }));
    assert.deepEqual(
      [0, 0, 0, 0].map((level) => gate.submit({ level })),
      [0, 2, 2, 'refuse'],
    );
  });

  it('never lifts a task into a more urgent level', () => {
    const gate = new Gate(boundsOf('reject', { levels: [{}, { max: 1 }, { max: 1 }] }));
    assert.deepEqual(
      [1, 1, 1, 0].map((level) => gate.submit({ level })),
      [1, 2, 'refuse', 0],
    );
  });

  it('looks at the whole queue before it looks for another level', () => {
    const gate = new Gate(boundsOf('reject', { max: 1, levels: [{ max: 1 }, {}, {}] }));
    gate.submit({});
    assert.equal(gate.submit({}), 'refuse');
    assert.equal(gate.admission.roomFor(testTask(), gate.load), QUEUE_FULL);
    const narrow = new Gate(boundsOf('reject', { levels: [{}, {}, { max: 0 }] }));
    assert.equal(narrow.admission.roomFor(testTask({ level: 2 }), narrow.load), LEVEL_FULL);
  });

  it('always admits a requeued task, at its own level', () => {
    const gate = new Gate(boundsOf('reject', { max: 1, levels: [{ max: 1 }, {}, {}] }));
    gate.submit({});
    assert.equal(gate.submit({ requeued: true }), 0);
  });

  it('hands back what the policy says without looking further', () => {
    for (const whenFull of ['wait', 'caller-runs', 'dead-letter'] as const) {
      const gate = new Gate(boundsOf(whenFull, { max: 1 }));
      assert.deepEqual([gate.submit({}), gate.submit({})], [0, whenFull]);
    }
  });

  it('lets nobody pass those that wait', () => {
    const gate = new Gate(boundsOf('wait', { max: 9 }));
    gate.load.waiting = { size: 1 };
    assert.deepEqual([gate.submit({}), gate.submit({ requeued: true })], ['wait', 0]);
  });

  it('sheds the newest task of the lowest level below that of the newcomer', () => {
    const gate = new Gate(boundsOf('shed-lowest', { max: 4 }));
    for (const [id, level] of [
      ['a', 1],
      ['b', 2],
      ['c', 2],
      ['d', 0],
    ] as const)
      gate.submit({ id, level });
    assert.equal(gate.submit({ level: 2 }), 'refuse');
    assert.deepEqual([gate.submit({ level: 1 }), gate.submit({ level: 0 }), gate.submit({ level: 0 }), gate.submit({ level: 0 })], [1, 0, 0, 0]);
    assert.deepEqual(
      gate.evicted.map((task) => task.level),
      [2, 2, 1, 1],
    );
    assert.deepEqual(
      gate.evicted.slice(0, 2).map((task) => task.id),
      ['c', 'b'],
    );
    assert.equal(gate.submit({ level: 0 }), 'refuse', 'equals are not shed');
  });

  it('sheds as many as the bytes ask for', () => {
    const gate = new Gate(boundsOf('shed-lowest', { bytesMax: 10 }));
    for (const id of ['a', 'b', 'c']) gate.submit({ id, level: 2, bytes: 3 });
    assert.equal(gate.submit({ level: 0, bytes: 7 }), 0);
    assert.deepEqual(
      gate.evicted.map((task) => task.id),
      ['c', 'b'],
    );
  });

  it('sheds nothing when all that may go would not be enough', () => {
    const gate = new Gate(boundsOf('shed-lowest', { bytesMax: 10 }));
    gate.submit({ level: 0, bytes: 6 });
    gate.submit({ level: 2, bytes: 3 });
    gate.submit({ level: 2, bytes: 1, requeued: true });
    assert.equal(gate.submit({ level: 1, bytes: 4 }), 'refuse');
    assert.deepEqual(gate.evicted, []);
  });

  it('makes room in a lower level when its own and that are full', () => {
    const gate = new Gate(boundsOf('shed-lowest', { levels: [{ max: 1 }, { max: 1 }, { max: 0 }] }));
    gate.submit({ level: 0 });
    gate.submit({ id: 'lower', level: 1 });
    assert.equal(gate.submit({ level: 0 }), 1);
    assert.deepEqual(
      gate.evicted.map((task) => task.id),
      ['lower'],
    );
  });

  it('drops the oldest of its own level, or of the lowest when its own is empty', () => {
    const gate = new Gate(boundsOf('drop-oldest', { max: 3 }));
    for (const [id, level] of [
      ['a', 1],
      ['b', 1],
      ['c', 2],
    ] as const)
      gate.submit({ id, level });
    assert.deepEqual([gate.submit({ id: 'd', level: 1 }), gate.submit({ level: 0 }), gate.submit({ level: 2 })], [1, 0, 2]);
    assert.deepEqual(
      gate.evicted.map((task) => task.id),
      ['a', 'c', 'b'],
    );
  });

  it('drops from a full level of its own while the queue has room', () => {
    const gate = new Gate(boundsOf('drop-oldest', { levels: [{ max: 1 }, { max: 0 }] }));
    gate.submit({ id: 'old' });
    assert.equal(gate.submit({ id: 'new' }), 0);
    assert.deepEqual(
      gate.evicted.map((task) => task.id),
      ['old'],
    );
  });

  it('answers with one and the same object each time', () => {
    const { admission, load } = new Gate(boundsOf('reject', {}));
    assert.equal(admission.decide(testTask(), load), admission.decide(testTask(), load));
  });

  const smallBound = fc.oneof(fc.constant(Infinity), fc.integer({ min: 0, max: 6 }));
  const scenario = fc.record({
    whenFull: fc.constantFrom<WhenFull>('reject', 'wait', 'shed-lowest', 'drop-oldest', 'caller-runs', 'dead-letter'),
    max: fc.oneof(fc.constant(Infinity), fc.integer({ min: 0, max: 10 })),
    bytesMax: fc.oneof(fc.constant(Infinity), fc.integer({ min: 0, max: 30 })),
    levels: fc.array(fc.record({ max: smallBound, bytesMax: fc.oneof(fc.constant(Infinity), fc.integer({ min: 0, max: 20 })) }), {
      minLength: 1,
      maxLength: 4,
    }),
    tasks: fc.array(fc.record({ level: fc.nat({ max: 3 }), bytes: fc.nat({ max: 12 }) }), { maxLength: 60, size: 'max' }),
    retries: fc.array(fc.record({ at: fc.nat({ max: 60 }), level: fc.nat({ max: 3 }), bytes: fc.nat({ max: 5 }) }), { maxLength: 4, size: 'max' }),
  });

  it('keeps every bound, sheds only what is less urgent, and evicts only for a task that gets in', () => {
    fc.assert(
      fc.property(scenario, ({ whenFull, max, bytesMax, levels, tasks, retries }) => {
        const bounds = boundsOf(whenFull, { max, bytesMax, levels });
        const gate = new Gate(bounds);
        const within = (level: number): number => Math.min(level, levels.length - 1);
        const { counts } = gate.load;
        for (const [index, { level, bytes }] of tasks.entries()) {
          for (const retry of retries) if (retry.at === index) gate.submit({ ...retry, level: within(retry.level), requeued: true });
          const before = { evicted: gate.evicted.length, size: counts.size, bytes: counts.bytes };
          const own = within(level);
          const outcome = gate.submit({ level: own, bytes, submittedAt: index });
          const evicted = gate.evicted.slice(before.evicted);
          if (whenFull === 'shed-lowest') assert.ok(evicted.every((victim) => victim.level > own));
          else if (whenFull !== 'drop-oldest') assert.equal(evicted.length, 0);
          assert.ok(evicted.every((victim) => !victim.requeued));
          if (typeof outcome !== 'number') {
            assert.equal(evicted.length, 0, 'evicted in vain');
            continue;
          }
          assert.ok(outcome >= own);
          assert.ok(counts.size <= max && counts.bytes <= bytesMax, 'the bounds of the queue');
          assert.ok(
            counts.sizeOf(outcome) <= (bounds.levels[outcome]?.max ?? 0) && counts.bytesOf(outcome) <= (bounds.levels[outcome]?.bytesMax ?? 0),
            'the bounds of the level',
          );
        }
      }),
      { numRuns: 500 },
    );
  });
});
