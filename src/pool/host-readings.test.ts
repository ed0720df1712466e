import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import { RootFolder } from '../runtime/fixtures/root-folder.js';
import { HostStressReader } from '../runtime/host-stress.js';
import { ThreadSchedule } from '../runtime/thread-schedule.js';
import { HostReadings } from './host-readings.js';
import { MemoryBudget } from './memory-budget.js';

const MB = 1_024 ** 2;
const THREADS = [
  { pid: 7, osThreadId: 8 },
  { pid: 7, osThreadId: 9 },
];

describe('HostReadings', () => {
  let root: RootFolder;
  let readings: HostReadings;
  let programBytes = 100 * MB;

  function start(budget?: MemoryBudget): (nowMs: number, occupiedMs: number, account?: [cpuMs: number, waitMs: number]) => ReturnType<HostReadings['read']> {
    root = new RootFolder();
    const stress = new HostStressReader({ root: root.path, limit: { bytes: 1_000 * MB, source: 'host' }, freeBytes: () => 1_000 * MB - programBytes });
    programBytes = 100 * MB;
    readings = new HostReadings(4, budget, new ThreadSchedule(root.path), stress, () => ({ own: programBytes, processes: 0 }));
    return (nowMs, occupiedMs, account) => {
      if (account !== undefined)
        for (const { osThreadId } of THREADS) root.write(`proc/7/task/${osThreadId}/schedstat`, `${account[0] * 1e6} ${account[1] * 1e6} 1\n`);
      return readings.read(nowMs, { threads: THREADS, occupiedMs, blocked: 0 });
    };
  }
  afterEach(() => {
    readings.close();
    root.remove();
  });

  it('tells which share of their time tasks need a CPU, and which share of that they wait for one', () => {
    const read = start();
    assert.equal(read(0, 0, [1_000, 0]).cpuDemand, undefined, 'nothing has run');
    const { cpuDemand, cpuWait } = read(1_000, 1_600, [1_300, 100]);
    assert.equal(cpuDemand, 0.5, 'two threads ran 300 ms each and waited 100, of 1,600 ms');
    assert.equal(cpuWait, 0.25);
  });

  it('follows a change of what the tasks need within some seconds', () => {
    const read = start();
    read(0, 0, [0, 0]);
    let cpuMs = 0;
    for (let second = 1; second <= 10; second += 1) read(second * 1_000, second * 2_000, [(cpuMs += 1_000), 0]);
    assert.ok((read(11_000, 22_000, [(cpuMs += 1_000), 0]).cpuDemand ?? 0) > 0.9);
    for (let second = 12; second <= 30; second += 1) read(second * 1_000, second * 2_000, [(cpuMs += 100), 0]);
    assert.ok((read(31_000, 62_000, [cpuMs, 0]).cpuDemand ?? 1) < 0.15);
  });

  it('reads at most four times a second', () => {
    const read = start();
    const first = read(0, 0, [0, 0]);
    assert.deepEqual(read(249, 900, [800, 0]), first);
    assert.notDeepEqual(read(250, 900, [800, 0]), first);
  });

  it('says how many workers more there is memory for, by what those that are there have added', () => {
    const read = start();
    assert.equal(read(0, 0).workersFit, Math.floor(700 / 12), 'at least 12 MB each');
    programBytes = 300 * MB;
    assert.equal(read(1_000, 0).workersFit, 5, 'two took 200 MB, 500 of the 800 that may be used are left');
    programBytes = 1_000 * MB;
    assert.ok((read(2_000, 0).workersFit ?? 0) < 0, 'too many already');
  });

  it('says how many there is memory for within the budget of a group, and how much of that is used', () => {
    const budget = new MemoryBudget(500 * MB, () => programBytes);
    const other = {};
    const read = start(budget);
    read(0, 0);
    programBytes = 200 * MB;
    assert.equal(read(1_000, 0).workersFit, 4, 'two took 100 MB, 200 of the 400 that may be used are left');
    budget.used(other, 100 * MB);
    const { workersFit, memoryUse } = read(2_000, 0);
    assert.deepEqual([workersFit, memoryUse], [2, 0.6], 'another pool has processes of 100 MB');
    budget.leave(other);
    assert.equal(read(3_000, 0).workersFit, 4);
  });
});
