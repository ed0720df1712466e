/** Pools for work of different kinds behind one door. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createPoolGroup } from 'millrace';
import type { PoolGroup, PoolGroupOptions } from 'millrace';
import { until } from './gates.js';

type Tasks = typeof import('./fixtures/group-tasks.js');
const tasksUrl = new URL('./fixtures/group-tasks.js', import.meta.url);

async function withGroup(options: PoolGroupOptions, body: (group: PoolGroup<Tasks>) => Promise<void>): Promise<void> {
  const group = createPoolGroup<Tasks>(tasksUrl, options);
  const keepAlive = setInterval(() => undefined, 60_000);
  try {
    await group.pools.cpu.ready();
    await body(group);
  } finally {
    await group.terminate();
    clearInterval(keepAlive);
  }
}

describe('a pool group', { timeout: 180_000 }, () => {
  it('runs what waits on the event loop, and what computes in threads', () =>
    withGroup({}, async (group) => {
      assert.equal(await group.run('waits', 1), 0);
      assert.notEqual(await group.run('spin', 1), 0);
      assert.notEqual(await group.run('computes', 1), 0, 'declared');
      assert.deepEqual([group.route('waits').class, group.route('computes').class], ['io', 'cpu']);
      assert.equal(await group.submit('waits', [1], { priority: 'high' }).result, 0);
      assert.equal(await group.with({ priority: 'low' }).run('waits', 1), 0);
      const all: number[] = [];
      for await (const id of group.map('spin', [1, 1, 1])) all.push(id);
      assert.ok(all.every((id) => id !== 0));
    }));

  for (const concurrency of ['auto', 10] as const) {
    it(`moves a function that keeps the event loop to threads, whatever it declares, with concurrency ${concurrency}`, () =>
      withGroup({ io: { concurrency, submitStack: false } }, async (group) => {
        assert.equal(await group.run('waits', 1), 0);
        assert.equal(await group.run('pretends', 60), 0, 'once');
        assert.equal(await group.run('pretends', 60), 0, 'the machine may have been busy');
        assert.notEqual(await group.run('pretends', 60), 0, 'and never again');
        assert.match(group.route('pretends').why, /kept the event loop for \d+ ms/);
      }));
  }

  it('tells what it dispatches on the event loop', () =>
    withGroup({}, async (group) => {
      const told: string[] = [];
      group.pools.io.on('dispatched', ({ taskName }) => told.push(taskName));
      await group.run('waits', 1);
      assert.deepEqual(told, ['waits']);
    }));

  it('gives what takes long threads of its own, so that short tasks do not wait behind it', () =>
    withGroup({ cores: 2, cpu: { size: { min: 1, max: 1 } } }, async (group) => {
      for (let i = 0; i < 20; i += 1) await group.run('spin', 1);
      await group.run('grind', 600);
      await until(() => group.route('grind').class === 'long');
      const long = Array.from({ length: 4 }, () => group.run('grind', 400));
      const startedAt = performance.now();
      for (let i = 0; i < 5; i += 1) await group.run('spin', 1);
      const shortMs = performance.now() - startedAt;
      assert.ok(group.stats().long.tasks.completed < 4, `the short ones were done after ${shortMs} ms, all the long ones before`);
      await Promise.all(long);
      assert.ok(group.stats().long.tasks.completed >= 4);
    }));

  it('adds no worker beyond the memory that all its pools may take together', () =>
    withGroup({ memory: 16 * 1_024 ** 2, cpu: { size: { min: 1, max: 3 } } }, async (group) => {
      const capped = until(() => /memory/.test(group.pools.cpu.explain()));
      const tasks = Array.from({ length: 60 }, () => group.run('spin', 20));
      await capped;
      await Promise.all(tasks);
      assert.equal(group.stats().cpu.workers.total, 1, group.pools.cpu.explain());
    }));

  it('closes all its pools, and says what it cannot take', async () => {
    const group = createPoolGroup<Tasks>(tasksUrl);
    const last = group.run('waits', 20);
    const closing = group.close();
    assert.equal(typeof (await last), 'number');
    assert.deepEqual(await closing, { returned: [], terminated: 0 });
    await assert.rejects(group.run('waits', 1), { code: 'ERR_POOL_CLOSED' });
    assert.throws(() => createPoolGroup(tasksUrl, { cpu: { worker: 'async' } }), { code: 'ERR_OPTION', option: 'options.cpu.worker' });
    assert.throws(() => createPoolGroup(tasksUrl, { cores: 0 }), { code: 'ERR_OPTION', option: 'options.cores' });
    assert.throws(() => createPoolGroup(tasksUrl, { memory: 1_000 }), { code: 'ERR_OPTION', option: 'options.memory' });
    assert.throws(() => createPoolGroup(tasksUrl, { gpu: {} } as never), { code: 'ERR_OPTION' });
  });
});
