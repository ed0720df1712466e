import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { AsyncWaiters } from './async-waiters.js';
import { allocate, pointWord } from './shared-object.js';
import { WaitPoint } from './wait-point.js';

const script = fileURLToPath(new URL('./fixtures/waits-alone.js', import.meta.url));

/** A line before a gate that is opened so many times. */
function gate(): {
  readonly waiters: AsyncWaiters;
  readonly wait: (signal?: AbortSignal) => Promise<void>;
  readonly open: (times: number) => void;
  readonly gaveUp: () => number;
} {
  const words = new Int32Array(allocate(1, 0));
  const point = new WaitPoint(words, pointWord(0));
  const waiters = new AsyncWaiters(point);
  let free = 0;
  let gaveUp = 0;
  const claim = { what: 'gate', attempt: () => free > 0 && (free -= 1) >= 0, owner: () => 0, giveUp: () => void (gaveUp += 1) };
  return {
    waiters,
    wait: (signal) => waiters.wait(claim, Infinity, signal),
    open: (times) => {
      free += times;
      point.changed();
    },
    gaveUp: () => gaveUp,
  };
}

describe('a line of asynchronous waiters', { timeout: 180_000 }, () => {
  for (const mode of ['wait', 'poll']) {
    test(`keeps the process alive while somebody waits, and no longer (${mode})`, () => {
      const { status, stdout, stderr } = spawnSync(process.execPath, [script, mode], { encoding: 'utf8', timeout: 120_000 });
      assert.deepEqual([status, stdout, stderr], [0, 'locked\n', '']);
    });
  }

  test('serves many after one change, in order', async () => {
    const { waiters, wait, open } = gate();
    const order: number[] = [];
    const waits = Array.from({ length: 1_000 }, async (_, waiter) => {
      await wait();
      order.push(waiter);
    });
    assert.equal(waiters.length, 1_000);
    open(400);
    await Promise.all(waits.slice(0, 400));
    assert.equal(waiters.length, 600);
    open(600);
    await Promise.all(waits);
    assert.deepEqual(
      order,
      Array.from({ length: 1_000 }, (_, waiter) => waiter),
    );
  });

  test('goes on with the next when one in the middle or at its head leaves', async () => {
    const { waiters, wait, open, gaveUp } = gate();
    const [head, middle] = [new AbortController(), new AbortController()];
    const left = [wait(head.signal), wait(), wait(middle.signal), wait()].map((promise) =>
      promise.then(
        () => 'served',
        () => 'left',
      ),
    );
    middle.abort();
    head.abort();
    assert.equal(waiters.length, 2);
    open(2);
    assert.deepEqual(await Promise.all(left), ['left', 'served', 'left', 'served']);
    assert.equal(gaveUp(), 2);
  });

  test('leaves no listener on the signal', async () => {
    const { wait, open } = gate();
    const controller = new AbortController();
    let listeners = 0;
    const { signal } = controller;
    const [on, off] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)];
    signal.addEventListener = (...args: Parameters<typeof on>) => ((listeners += 1), on(...args));
    signal.removeEventListener = (...args: Parameters<typeof off>) => ((listeners -= 1), off(...args));
    const waits = [wait(signal), wait(signal)];
    assert.equal(listeners, 2);
    open(2);
    await Promise.all(waits);
    assert.equal(listeners, 0);
  });
});
