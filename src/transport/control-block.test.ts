import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Worker } from 'node:worker_threads';
import { SharedControlBlock, SLOTS_MAX } from './control-block.js';
import { CANCEL_BY_CALLER, CANCEL_BY_DEADLINE, CANCEL_BY_TIMEOUT, CANCEL_NONE } from './protocol.js';

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

  it('stops a loop in another thread that gets no events', { timeout: 180_000 }, async () => {
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
