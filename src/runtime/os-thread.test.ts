import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { describe, test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { handlesSignal, osThreadId, readOsThread } from './os-thread.js';

const onLinux = { skip: process.platform !== 'linux' && 'only Linux tells' };

describe('what the kernel tells of a thread', () => {
  test('the main thread has the id of its process and is running while it asks', onLinux, () => {
    assert.equal(osThreadId(), process.pid);
    const thread = readOsThread(process.pid, process.pid);
    assert.equal(thread?.state, 'R');
    assert.ok((thread?.cpuMs ?? 0) > 0);
  });

  test('one that sleeps is seen asleep, with the system call it is in', onLinux, async () => {
    const url = new URL('./os-thread.js', import.meta.url).href;
    const code = `import(${JSON.stringify(url)}).then(({ osThreadId }) => {
      require('node:worker_threads').parentPort.postMessage(osThreadId());
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    })`;
    const worker = new Worker(code, { eval: true });
    try {
      const id = await new Promise<number>((resolve) => {
        worker.once('message', resolve);
      });
      let thread = readOsThread(process.pid, id);
      while (thread?.state !== 'S') {
        await new Promise((resolve) => setImmediate(resolve));
        thread = readOsThread(process.pid, id);
      }
      // Where the kernel hides system calls there is none to be told.
      if (thread.syscall !== undefined) assert.equal(thread.syscall, 'futex');
    } finally {
      await worker.terminate();
    }
  });

  test('of one that is not there, and of the id 0, nothing is told', () => {
    assert.equal(readOsThread(process.pid, 0), undefined);
    assert.equal(readOsThread(2 ** 30, 2 ** 30), undefined);
  });

  test('a process has a handler for the signals that it listens for', onLinux, () => {
    const signal = constants.signals.SIGUSR2;
    const listener = (): void => undefined;
    assert.equal(handlesSignal(process.pid, signal), false);
    process.on('SIGUSR2', listener);
    assert.equal(handlesSignal(process.pid, signal), true);
    process.off('SIGUSR2', listener);
    assert.equal(handlesSignal(2 ** 30, signal), false);
  });
});
