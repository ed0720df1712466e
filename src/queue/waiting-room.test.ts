import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from '../runtime/fixtures/fast-check.js';
import { LEVEL_FULL, QUEUE_FULL } from './admission.js';
import { idsOf, testLevels, testTask } from './fixtures/test-task.js';
import type { TestTask } from './fixtures/test-task.js';
import { NOT_QUEUED } from './queued-task.js';
import { TaskQueue } from './task-queue.js';
import { WaitingRoom } from './waiting-room.js';

function roomWith(...tasks: readonly (readonly [id: string, level: number, submittedAt: number])[]): WaitingRoom<TestTask> {
  const room = new WaitingRoom<TestTask>();
  for (const [id, level, submittedAt] of tasks) room.add(testTask({ id, level, submittedAt }));
  return room;
}

function enterAll(room: WaitingRoom<TestTask>, roomFor: (task: TestTask) => number): (string | undefined)[] {
  const entered: (TestTask | undefined)[] = [];
  for (let task = room.shift(roomFor); task !== undefined; task = room.shift(roomFor)) entered.push(task);
  return idsOf(entered);
}

const own = (task: TestTask): number => task.level;

describe('WaitingRoom', () => {
  it('lets tasks in by the order of their submission, whatever their level', () => {
    assert.deepEqual(enterAll(roomWith(['a', 1, 1], ['b', 0, 2], ['c', 1, 3], ['d', 0, 4]), own), ['a', 'b', 'c', 'd']);
  });

  it('passes over a level that is full, in order', () => {
    const room = roomWith(['a', 1, 1], ['b', 0, 2], ['c', 1, 3], ['d', 2, 4]);
    assert.deepEqual(
      enterAll(room, (task) => (task.level === 1 ? LEVEL_FULL : task.level)),
      ['b', 'd'],
    );
    assert.deepEqual([room.size, idsOf(room)], [2, ['a', 'c']]);
  });

  it('lets nobody pass the first one while the whole queue is full for it', () => {
    const room = roomWith(['large', 1, 1], ['small', 0, 2]);
    assert.deepEqual(
      enterAll(room, (task) => (task.id === 'large' ? QUEUE_FULL : task.level)),
      [],
    );
    assert.equal(room.size, 2);
  });

  it('sets the level at which a task enters', () => {
    const task = roomWith(['a', 0, 1]).shift(() => 3);
    assert.deepEqual([task?.level, task?.position], [3, NOT_QUEUED]);
  });

  it('lets a task that gave up leave, once', () => {
    const room = new WaitingRoom<TestTask>();
    const tasks = ['a', 'b', 'c'].map((id) => testTask({ id, level: 1 }));
    for (const task of tasks) room.add(task);
    assert.deepEqual([room.remove(tasks[1] as TestTask), room.remove(tasks[1] as TestTask)], [true, false]);
    assert.deepEqual(enterAll(room, own), ['a', 'c']);
    assert.equal(room.size, 0);
  });

  it('finds a task that was given another level while it waits', () => {
    const room = roomWith(['a', 0, 1], ['b', 1, 2]);
    const moved = testTask({ id: 'moved', level: 1, submittedAt: 3 });
    room.add(moved);
    moved.level = 0;
    assert.equal(room.remove(moved), true);
    assert.deepEqual(enterAll(room, own), ['a', 'b']);
  });

  it('is not taken for the queue, nor the queue for it', () => {
    const room = new WaitingRoom<TestTask>();
    const queue = new TaskQueue<TestTask>(testLevels(0));
    const [queued, waiting] = [testTask(), testTask()];
    queue.push(queued);
    room.add(waiting);
    assert.deepEqual([queue.remove(waiting), room.remove(queued), queue.size, room.size], [false, false, 1, 1]);
  });

  it('removes by place also after many have left', () => {
    const room = new WaitingRoom<TestTask>();
    const tasks = Array.from({ length: 10_000 }, () => testTask());
    for (const task of tasks) room.add(task);
    for (const task of tasks.slice(1, 9_000)) assert.equal(room.remove(task), true);
    for (const task of tasks.slice(9_000)) assert.equal(room.remove(task), true);
    assert.deepEqual([...room], [tasks[0]]);
  });

  it('keeps the order within a level under any mix of coming, entering and leaving', () => {
    const step = fc.oneof(fc.record({ level: fc.nat({ max: 2 }) }), fc.record({ full: fc.nat({ max: 7 }) }), fc.nat({ max: 50 }));
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80, size: 'max' }), (steps) => {
        const room = new WaitingRoom<TestTask>();
        let model: TestTask[] = [];
        for (const [now, each] of steps.entries()) {
          if (typeof each === 'number') {
            const leaver = model[each % Math.max(1, model.length)];
            if (leaver !== undefined) assert.ok(room.remove(leaver));
            model = model.filter((task) => task !== leaver);
          } else if ('level' in each) {
            const task = testTask({ level: each.level, submittedAt: now });
            room.add(task);
            model.push(task);
          } else {
            const open = (task: TestTask): boolean => (each.full & (1 << task.level)) === 0;
            const expected = model.find(open);
            assert.equal(
              room.shift((task) => (open(task) ? task.level : LEVEL_FULL)),
              expected,
            );
            model = model.filter((task) => task !== expected);
          }
          assert.equal(room.size, model.length);
        }
      }),
    );
  });
});
