import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AbandonedAttempt, SlotTable } from './slot-table.js';
import { TestTask } from './fixtures/harness.js';

function tasks(count: number): TestTask[] {
  return Array.from({ length: count }, (_, sequence) => new TestTask('f', [], sequence));
}

describe('SlotTable', () => {
  it('hands out dense slots and reuses freed ones', () => {
    const table = new SlotTable<TestTask>();
    const [a, b, c, d] = tasks(4) as [TestTask, TestTask, TestTask, TestTask];
    for (const task of [a, b, c]) table.add(task);
    assert.deepEqual([a.slot, b.slot, c.slot], [0, 1, 2]);
    assert.equal(table.release(1), b);
    table.add(d);
    assert.equal(d.slot, 1);
    assert.deepEqual([...table.tasks()], [a, d, c]);
    assert.equal(table.occupied, 3);
  });

  it('keeps the slot of an abandoned attempt until it is released', () => {
    const table = new SlotTable<TestTask>();
    const [a, b] = tasks(2) as [TestTask, TestTask];
    table.add(a);
    const token = table.abandon(a);
    assert.deepEqual([table.occupied, table.get(0), table.holds(a)], [1, undefined, false]);
    table.add(b);
    assert.equal(b.slot, 1);
    assert.equal(table.release(0), token);
    assert.ok(token instanceof AbandonedAttempt);
  });

  it('holds a task only in the slot it was given last', () => {
    const table = new SlotTable<TestTask>();
    const [a] = tasks(1) as [TestTask];
    table.add(a);
    table.abandon(a);
    table.add(a);
    assert.deepEqual([a.slot, table.holds(a)], [1, true]);
    assert.equal(table.release(7), undefined);
  });
});
