import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { Worker } from 'node:worker_threads';
import { FileControlBlock, SharedControlBlock, SLOTS_MAX } from './control-block.js';
import { CANCEL_BY_CALLER, CANCEL_BY_DEADLINE, CANCEL_BY_TIMEOUT, CANCEL_NONE } from './protocol.js';

/** Looks until the word of the slot is `code`: the file block may be late by its read interval, never by more than the test's limit. */
function lookUntil(block: { cancelCode(slot: number): number }, slot: number, code: number): void {
  const limitMs = performance.now() + 5_000;
  while (block.cancelCode(slot) !== code) assert.ok(performance.now() < limitMs, `the word of slot ${slot} never became ${code}`);
}

describe('SharedControlBlock', () => {
  it('shows a cancellation to every block over the same memory at once', () => {
    const pool = new SharedControlBlock();
    const worker = new SharedControlBlock(pool.buffer);
    pool.setCancelled(SLOTS_MAX - 1, CANCEL_BY_TIMEOUT);
    assert.equal(worker.cancelCode(SLOTS_MAX - 1), CANCEL_BY_TIMEOUT);
    assert.equal(worker.cancelCode(0), CANCEL_NONE);
    pool.setCancelled(SLOTS_MAX - 1, CANCEL_NONE);
    assert.equal(worker.cancelCode(SLOTS_MAX - 1), CANCEL_NONE);
  });

  it('refuses a slot it has no word for', () => {
    assert.throws(() => new SharedControlBlock().setCancelled(SLOTS_MAX, CANCEL_BY_CALLER), { code: 'ERR_ASSERTION' });
    assert.throws(() => new SharedControlBlock().cancelCode(-1), { code: 'ERR_ASSERTION' });
  });

  it('stops a loop in another thread that gets no events', { timeout: 10_000 }, async () => {
    const block = new SharedControlBlock();
    const url = JSON.stringify(new URL('./control-block.js', import.meta.url).href);
    const code = `import { workerData, parentPort } from 'node:worker_threads';
      const { SharedControlBlock } = await import(${url});
      const block = new SharedControlBlock(workerData);
      parentPort.postMessage('looping');
      while (block.cancelCode(7) === 0);
      parentPort.postMessage(block.cancelCode(7));`;
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`), { workerData: block.buffer });
    const messages: unknown[] = [];
    worker.on('message', (message) => {
      messages.push(message);
      if (message === 'looping') block.setCancelled(7, CANCEL_BY_DEADLINE);
    });
    await new Promise((resolve) => worker.once('exit', resolve));
    assert.deepEqual(messages, ['looping', CANCEL_BY_DEADLINE]);
  });
});

describe('FileControlBlock', () => {
  it('shows a cancellation to the other side, and its removal', () => {
    const pool = FileControlBlock.create();
    const worker = FileControlBlock.attach(pool.fd);
    assert.equal(worker.cancelCode(3), CANCEL_NONE);
    pool.setCancelled(3, CANCEL_BY_CALLER);
    lookUntil(worker, 3, CANCEL_BY_CALLER);
    assert.equal(worker.cancelCode(4), CANCEL_NONE);
    pool.setCancelled(3, CANCEL_NONE);
    assert.equal(worker.cancelCode(3), CANCEL_NONE, 'a cleared word must not be remembered as cancelled for the next task of the slot');
    pool.close();
  });

  it('leaves no file behind, even while it is open', { skip: process.platform === 'win32' }, () => {
    const directory = mkdtempSync(join(tmpdir(), 'millrace-test-'));
    const block = FileControlBlock.create(directory);
    block.setCancelled(0, CANCEL_BY_CALLER);
    assert.deepEqual(readdirSync(directory), []);
    block.close();
    block.close();
    assert.equal(block.cancelCode(0), CANCEL_NONE);
    rmdirSync(directory);
  });

  it('is readable by a child that inherits the descriptor', { skip: process.platform === 'win32', timeout: 10_000 }, () => {
    const block = FileControlBlock.create();
    block.setCancelled(SLOTS_MAX - 1, CANCEL_BY_DEADLINE);
    const url = JSON.stringify(new URL('./control-block.js', import.meta.url).href);
    const code = `const { FileControlBlock } = await import(${url}); const block = FileControlBlock.attach(3);
      console.log(block.cancelCode(${SLOTS_MAX - 1}), block.cancelCode(0));`;
    const child = spawnSync(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'inherit', block.fd], encoding: 'utf8' });
    block.close();
    assert.equal(child.stdout.trim(), `${CANCEL_BY_DEADLINE} 0`);
  });

  it('keeps a tight loop cheap: most looks make no system call', () => {
    const block = FileControlBlock.create();
    const startMs = performance.now();
    for (let look = 0; look < 200_000; look += 1) block.cancelCode(1);
    const elapsedMs = performance.now() - startMs;
    block.close();
    // 200,000 reads of a file take some 200 ms at best; 200,000 clock readings some 10.
    assert.ok(elapsedMs < 2_000, `200,000 looks took ${elapsedMs} ms`);
  });
});
