import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { RingMemory } from './layout.js';
import { DONE, FREE, PoolSlots, QUEUED, REVOKED, RUNNING, WorkerSlots } from './slots.js';

function slots(): { pool: PoolSlots; worker: WorkerSlots } {
  const memory = RingMemory.create({ slotsMax: 4, requestBytes: 256, replyBytes: 256, areaBytes: 256 });
  return { pool: new PoolSlots(memory), worker: new WorkerSlots(memory) };
}

describe('the state of a slot', () => {
  it('goes from queued to running to done', () => {
    const { pool, worker } = slots();
    assert.equal(pool.state(2), FREE);
    const generation = pool.enqueue(2);
    assert.equal(pool.state(2), QUEUED);
    assert.equal(worker.begin(2, generation), true);
    assert.equal(pool.state(2), RUNNING);
    worker.finish(2);
    assert.equal(pool.state(2), DONE);
    assert.equal(pool.state(1), FREE);
  });

  it('lets one side only have a queued task', () => {
    const { pool, worker } = slots();
    const begun = pool.enqueue(0);
    worker.begin(0, begun);
    assert.equal(pool.revoke(0), false);
    const revoked = pool.enqueue(1);
    assert.equal(pool.revoke(1), true);
    assert.equal(pool.state(1), REVOKED);
    assert.equal(pool.revoke(1), false);
    assert.equal(worker.begin(1, revoked), false);
  });

  it('tells a task that was taken back from the next one in its slot', () => {
    const { pool, worker } = slots();
    const first = pool.enqueue(0);
    pool.revoke(0);
    const second = pool.enqueue(0);
    assert.equal(worker.begin(0, first), false);
    assert.equal(worker.begin(0, second), true);
  });
});
