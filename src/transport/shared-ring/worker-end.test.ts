/** The ring across a real thread. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { describe, it } from 'node:test';
import { MessageChannel, receiveMessageOnPort, Worker } from 'node:worker_threads';
import { notify, store } from '../../runtime/atomics.js';
import { deferred, type Deferred } from '../../runtime/deferred.js';
import type { TaskFrame } from '../protocol.js';
import { readStatus } from './control-block.js';
import { RingMemory, type RingSizes } from './layout.js';
import { createRingPoolEnd, type RingPoolEnd } from './pool-end.js';
import { DONE, QUEUED, RUNNING } from './slots.js';

const entry = new URL('./fixtures/ring-thread.js', import.meta.url);

/** A pool's end with a thread behind it, and a promise per task. */
class RingThread {
  readonly memory: RingMemory;
  readonly end: RingPoolEnd;
  readonly thread: Worker;
  readonly closed: Deferred<void> = deferred();
  readonly answers: number[] = [];
  readonly #waiting: (Deferred<unknown> | undefined)[] = [];
  #sequence = 0;

  constructor(cores: number, sizes: RingSizes = {}) {
    this.memory = RingMemory.create(sizes);
    const { port1, port2 } = new MessageChannel();
    this.thread = new Worker(entry, { workerData: { buffer: this.memory.buffer, port: port2, cores }, transferList: [port2] });
    const unexpected = (...args: unknown[]): void => assert.fail(String(args[1]));
    const handler = {
      onResult: (slot: number, value: unknown): void => this.#settle(slot, value),
      onError: unexpected,
      onFrame: unexpected,
      onUnsent: unexpected,
      onClose: (): void => this.closed.resolve(),
    };
    this.end = createRingPoolEnd(this.memory, port1, handler, { cores });
  }

  send(slot: number, name: string, args: readonly unknown[] = [], transfer?: readonly object[]): Promise<unknown> {
    this.#sequence += 1;
    const task: TaskFrame = { slot, name, args, transfer, sequence: this.#sequence, attempt: 1, flags: 0, deadlineEpochMs: 0, givenCorrelationId: undefined };
    const answer = (this.#waiting[slot] = deferred<unknown>());
    this.end.sendTask(task);
    return answer.promise;
  }

  run(name: string, args: readonly unknown[] = [], transfer?: readonly object[]): Promise<unknown> {
    const answer = this.send(0, name, args, transfer);
    this.end.flush();
    return answer;
  }

  async stop(): Promise<void> {
    this.end.close();
    await this.closed.promise;
    await this.thread.terminate();
  }

  #settle(slot: number, value: unknown): void {
    this.answers.push(slot);
    const answer = this.#waiting[slot];
    this.#waiting[slot] = undefined;
    answer?.resolve(value);
  }
}

/** Lets a task go on that holds its worker. */
function open(gate: Int32Array): void {
  store(gate, 0, 1);
  notify(gate, 0);
}

function onThread(text: string, run: (ring: RingThread) => Promise<void>, sizes: RingSizes = {}): void {
  for (const cores of new Set([1, availableParallelism()])) {
    void it(`${text} (${cores > 1 ? 'looking again' : 'parking at once'})`, { timeout: 180_000 }, async () => {
      const ring = new RingThread(cores, sizes);
      try {
        await run(ring);
      } finally {
        await ring.stop();
      }
    });
  }
}

void describe('a ring across a thread', () => {
  onThread(
    'answers a burst of all sizes through small rings, each task once and in order',
    async (ring) => {
      for (let round = 0; round < 5; round += 1) {
        const values = Array.from({ length: 1_000 }, (_, slot) => 'x'.repeat((slot * 7 + round) % 90) + slot);
        const answers = values.map((value, slot) => ring.send(slot, 'echo', [value]));
        ring.answers.length = 0;
        ring.end.flush();
        assert.deepEqual(await Promise.all(answers), values);
        assert.deepEqual(
          ring.answers,
          values.map((_, slot) => slot),
        );
        assert.equal(ring.end.bufferedBytes, 0);
      }
    },
    { requestBytes: 1_024, replyBytes: 1_024 },
  );

  onThread('carries values of any size and kind, in order', async (ring) => {
    const shared = new SharedArrayBuffer(8);
    const values: readonly unknown[] = [
      1,
      'é€'.repeat(400_000),
      new Float64Array(20).fill(0.5),
      { a: [new Uint8Array(50_000).fill(1)], b: new Int32Array(100_000).fill(2), c: 'x'.repeat(300_000) },
      Array.from({ length: 200 }, (_, index) => ({ index, text: 'y'.repeat(1_000) })),
      new Map([[1n, new Uint8Array(40_000)]]),
      'last',
    ];
    const answers = values.map((value, slot) => ring.send(slot, 'echo', [value]));
    ring.end.flush();
    assert.deepStrictEqual(await Promise.all(answers), structuredClone(values));

    const sharedBack = (await ring.run('echo', [shared])) as SharedArrayBuffer;
    new Uint8Array(shared)[3] = 9;
    assert.equal(new Uint8Array(sharedBack)[3], 9);
    const moved = new Uint8Array(1_000_000).fill(3);
    assert.equal(((await ring.run('echo', [moved], [moved.buffer])) as Uint8Array)[999_999], 3);
    assert.equal(moved.length, 0);
    const { port1, port2 } = new MessageChannel();
    await ring.run('post', [port1], [port1]);
    assert.deepEqual(receiveMessageOnPort(port2), { message: 'from the worker' });
    port2.close();
  });

  onThread('leaves the timers of the worker alive, while it sleeps and during a long run of tasks', async (ring) => {
    await ring.run('startTicking');
    while ((await ring.run('ticks')) === 0);
    const before = (await ring.run('ticks')) as number;
    const answers = Array.from({ length: 60 }, (_, slot) => ring.send(slot + 1, 'compute', [1]));
    ring.end.flush();
    await Promise.all(answers);
    const during = ((await ring.run('ticks')) as number) - before;
    assert.ok(during >= 5, `${during} ticks in 60 ms`);
  });

  onThread('tells what a worker has begun and hands over what it had answered when it died', async (ring) => {
    await ring.run('echo');
    for (let slot = 0; slot < 3; slot += 1) void ring.send(slot, 'echo', [slot]);
    void ring.send(3, 'exit');
    for (let slot = 4; slot < 6; slot += 1) void ring.send(slot, 'echo', [slot]);
    ring.answers.length = 0;
    ring.end.flush();
    await once(ring.thread, 'exit');
    ring.end.collect();
    assert.deepEqual(ring.answers, [0, 1, 2]);
    assert.deepEqual(
      [0, 3, 4, 5].map((slot) => ring.end.state(slot)),
      [DONE, RUNNING, QUEUED, QUEUED],
    );
    assert.equal(readStatus(ring.memory).sequence, 5);
  });

  onThread('gives a task back that has not begun; its slot can be used at once', async (ring) => {
    await ring.run('echo');
    const gate = new Int32Array(new SharedArrayBuffer(4));
    const busy = ring.send(0, 'hold', [gate]);
    void ring.send(1, 'echo', ['taken back']);
    ring.end.flush();
    assert.equal(ring.end.revoke(1), true);
    const instead = ring.send(1, 'echo', ['instead']);
    ring.end.flush();
    open(gate);
    await busy;
    assert.equal(await instead, 'instead');
    assert.equal(ring.end.revoke(1), false);
    assert.deepEqual(ring.answers.slice(1), [0, 1]);
  });

  void it('holds no more than what is in flight when the tasks of a stuck worker are taken back again and again', { timeout: 180_000 }, async () => {
    const ring = new RingThread(1, { requestBytes: 1_024 });
    const gate = new Int32Array(new SharedArrayBuffer(4));
    void ring.send(0, 'hold', [gate]);
    for (let round = 0; round < 10_000; round += 1) {
      void ring.send(1 + (round % 8), 'echo', ['x'.repeat(100)]);
      ring.end.flush();
      ring.end.revoke(1 + (round % 8));
    }
    assert.ok(ring.end.bufferedBytes < 64_000, `${ring.end.bufferedBytes} bytes held`);
    open(gate);
    const after = ring.send(9, 'echo', ['after']);
    ring.end.flush();
    assert.equal(await after, 'after');
    await ring.stop();
  });
});
