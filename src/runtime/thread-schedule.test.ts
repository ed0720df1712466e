import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, it } from 'node:test';
import { RootFolder } from './fixtures/root-folder.js';
import { ThreadSchedule } from './thread-schedule.js';

describe('ThreadSchedule', () => {
  let root: RootFolder;
  let schedule: ThreadSchedule;
  const one = { pid: 7, osThreadId: 8 };
  const two = { pid: 7, osThreadId: 9 };
  const account = (thread: { osThreadId: number }, cpuMs: number, waitMs: number): void =>
    root.write(`proc/7/task/${thread.osThreadId}/schedstat`, `${cpuMs * 1e6} ${waitMs * 1e6} 3\n`);

  beforeEach(() => {
    root = new RootFolder();
    schedule = new ThreadSchedule(root.path);
  });
  afterEach(() => {
    schedule.close();
    root.remove();
  });

  it('sums what the threads ran and waited since the last look, and counts new ones from now', () => {
    account(one, 100, 10);
    assert.deepEqual(schedule.read([one]), { cpuMs: 0, waitMs: 0 });
    account(one, 130, 15);
    account(two, 900, 90);
    assert.deepEqual(schedule.read([one, two]), { cpuMs: 30, waitMs: 5 });
    account(one, 131, 15);
    account(two, 902, 93);
    assert.deepEqual(schedule.read([one, two]), { cpuMs: 3, waitMs: 3 });
  });

  it('forgets a thread that is no longer named', () => {
    account(one, 100, 10);
    schedule.read([one]);
    schedule.read([]);
    account(one, 500, 50);
    assert.deepEqual(schedule.read([one]), { cpuMs: 0, waitMs: 0 });
  });

  it('says nothing where nothing can be read', () => {
    assert.equal(schedule.read([one, { pid: 7, osThreadId: 0 }]), undefined);
    root.write('proc/7/task/9/schedstat', 'nonsense');
    assert.equal(schedule.read([two]), undefined);
  });

  it('reads the account of this very thread where the kernel keeps one', (t) => {
    const own = { pid: process.pid, osThreadId: process.pid };
    try {
      readFileSync(`/proc/${own.pid}/task/${own.osThreadId}/schedstat`);
    } catch {
      return t.diagnostic('no schedstat on this host');
    }
    const real = new ThreadSchedule();
    real.read([own]);
    const until = performance.now() + 30;
    while (performance.now() < until);
    const times = real.read([own]);
    real.close();
    assert.ok(times !== undefined && times.cpuMs > 0, JSON.stringify(times));
  });
});
