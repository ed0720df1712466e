import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, it } from 'node:test';
import { SLOTS_MAX } from './control-block.js';
import { CANCEL_BY_CALLER, CANCEL_BY_DEADLINE, CANCEL_NONE } from './protocol.js';
import { PoolControl, WorkerControl } from './stream-control.js';
import { SharedFile } from './stream-file.js';

const files: SharedFile[] = [];
afterEach(() => {
  for (const file of files.splice(0)) file.close();
});

function sides(): { pool: PoolControl; worker: WorkerControl; clock: { now: number } } {
  const file = SharedFile.create();
  files.push(file);
  const clock = { now: 0 };
  return { pool: new PoolControl(file), worker: new WorkerControl(SharedFile.attach(file.fd), () => clock.now), clock };
}

/** Runs `other` just before the given access of `file` to it is made. */
function interrupt(file: SharedFile, access: 'read' | 'write', other: () => void): void {
  const real = file[access].bind(file);
  file[access] = (bytes, position) => {
    file[access] = real;
    other();
    return real(bytes, position);
  };
}

describe('the cancel word of a process', () => {
  it('is seen by the other side within the interval, and so is its removal', () => {
    const { pool, worker, clock } = sides();
    assert.equal(worker.cancelCode(3), CANCEL_NONE);
    pool.setCancelled(3, CANCEL_BY_CALLER);
    clock.now += 0.2;
    assert.equal(worker.cancelCode(3), CANCEL_BY_CALLER);
    assert.equal(worker.cancelCode(4), CANCEL_NONE);
    pool.setCancelled(3, CANCEL_NONE);
    assert.equal(worker.cancelCode(3), CANCEL_NONE, 'a cleared word must not be remembered as cancelled for the next task of the slot');
  });

  it('is seen at once by a task that begins', () => {
    const { pool, worker } = sides();
    const generation = pool.enqueue(5);
    assert.equal(worker.cancelCode(5), CANCEL_NONE);
    pool.setCancelled(5, CANCEL_BY_DEADLINE);
    assert.equal(worker.begin(5, generation, pool.epoch(5)), true);
    assert.equal(worker.cancelCode(5), CANCEL_BY_DEADLINE);
  });

  it('costs no system call in a tight loop', () => {
    const { worker } = sides();
    let reads = 0;
    const real = worker.file.read.bind(worker.file);
    worker.file.read = (bytes, position) => {
      reads += 1;
      return real(bytes, position);
    };
    for (let look = 0; look < 1_000; look += 1) worker.cancelCode(1);
    assert.equal(reads, 1);
  });

  it('is refused for a slot that there is not', () => {
    const { pool, worker } = sides();
    assert.throws(() => pool.setCancelled(SLOTS_MAX, CANCEL_BY_CALLER), { code: 'ERR_ASSERTION' });
    assert.throws(() => worker.cancelCode(-1), { code: 'ERR_ASSERTION' });
  });

  it('is readable by a child that inherits the descriptor', { skip: process.platform === 'win32', timeout: 180_000 }, () => {
    const { pool } = sides();
    pool.setCancelled(SLOTS_MAX - 1, CANCEL_BY_DEADLINE);
    const [control, file] = ['./stream-control.js', './stream-file.js'].map((path) => JSON.stringify(new URL(path, import.meta.url).href));
    const code = `const { WorkerControl } = await import(${control}); const { SharedFile } = await import(${file});
      const worker = new WorkerControl(SharedFile.attach(3));
      console.log(worker.cancelCode(${SLOTS_MAX - 1}), worker.cancelCode(0));`;
    const child = spawnSync(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'inherit', pool.file.fd], encoding: 'utf8' });
    assert.equal(child.stdout.trim(), `${CANCEL_BY_DEADLINE} 0`);
  });
});

describe('a task that is taken back', () => {
  it('never begins when it had not', () => {
    const { pool, worker } = sides();
    const [generation, epoch] = [pool.enqueue(7), pool.epoch(7)];
    assert.equal(pool.begun(7), false);
    assert.equal(pool.revoke(7), true);
    assert.equal(worker.begin(7, generation, epoch), false);
  });

  it('is not given back when it has begun', () => {
    const { pool, worker } = sides();
    assert.equal(worker.begin(7, pool.enqueue(7), pool.epoch(7)), true);
    assert.equal(pool.begun(7), true);
    assert.equal(pool.revoke(7), false);
  });

  it('leaves its slot to another, which begins', () => {
    const { pool, worker } = sides();
    const [old, oldEpoch] = [pool.enqueue(7), pool.epoch(7)];
    assert.equal(pool.revoke(7), true);
    const [next, epoch] = [pool.enqueue(7), pool.epoch(7)];
    assert.equal(worker.begin(7, old, oldEpoch), false);
    assert.equal(pool.begun(7), false, 'what the old one left is not taken for the new one');
    assert.equal(worker.begin(7, next, epoch), true);
    assert.equal(pool.begun(7), true);
  });

  it('can be taken back any number of times', () => {
    const { pool, worker } = sides();
    for (let task = 0; task < 3; task += 1) assert.equal(worker.begin(7, pool.enqueue(7), pool.epoch(7)), true);
    for (let round = 0; round < 1_000; round += 1) {
      pool.enqueue(7);
      assert.equal(pool.revoke(7), true);
    }
    assert.equal(worker.begin(7, pool.enqueue(7), pool.epoch(7)), true);
    assert.equal(pool.revoke(7), false);
  });

  it('is never both taken back and begun, whoever comes in between', () => {
    for (const at of ['write', 'read'] as const) {
      const { pool, worker } = sides();
      const [generation, epoch] = [pool.enqueue(0), pool.epoch(0)];
      let begins: boolean | undefined;
      interrupt(pool.file, at, () => (begins = worker.begin(0, generation, epoch)));
      const isTakenBack = pool.revoke(0);
      assert.equal(isTakenBack, false, `the worker came before the pool's ${at}`);
      assert.equal(begins, at === 'write');
    }
    for (const at of ['write', 'read'] as const) {
      const { pool, worker } = sides();
      const [generation, epoch] = [pool.enqueue(0), pool.epoch(0)];
      let isTakenBack: boolean | undefined;
      interrupt(worker.file, at, () => (isTakenBack = pool.revoke(0)));
      assert.equal(worker.begin(0, generation, epoch), false, `the pool came before the worker's ${at}`);
      assert.equal(isTakenBack, at === 'write');
    }
  });

  it('is told from begun ones after the file is closed', () => {
    const { pool, worker } = sides();
    worker.begin(1, pool.enqueue(1), pool.epoch(1));
    pool.enqueue(2);
    pool.close();
    pool.close();
    assert.deepEqual([pool.begun(1), pool.begun(2), pool.revoke(2)], [true, false, false]);
    pool.setCancelled(1, CANCEL_BY_CALLER);
  });
});

describe('the shared file', () => {
  it('is in no directory, even while it is open', { skip: process.platform === 'win32' }, () => {
    const directory = mkdtempSync(join(tmpdir(), 'millrace-test-'));
    const file = SharedFile.createIn(directory, false);
    assert.deepEqual(readdirSync(directory), []);
    file.close();
    file.close();
    rmdirSync(directory);
  });

  it('tells the worker whether it has areas', () => {
    for (const hasAreas of [false, true]) {
      const file = SharedFile.createIn(tmpdir(), hasAreas);
      files.push(file);
      assert.equal(SharedFile.attach(file.fd).hasAreas, hasAreas);
    }
  });
});
