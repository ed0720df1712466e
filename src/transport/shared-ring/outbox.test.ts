/** When large buffers leave and are taken in: so early that both sides copy at the same time. */
import assert from 'node:assert/strict';
import { afterEach, test } from 'node:test';
import { MessageChannel } from 'node:worker_threads';
import { load } from '../../runtime/atomics.js';
import { deferred, type Deferred } from '../../runtime/deferred.js';
import { taskFrame } from '../transport.contract.js';
import type { WorkerEnd } from '../transport.js';
import { RingMemory } from './layout.js';
import { createRingPoolEnd, type RingPoolEnd } from './pool-end.js';
import { createRingWorkerEnd } from './worker-end.js';

const LARGE = new Uint8Array(64 * 1024);
const SMALL = new Uint8Array(1024);

/** Both ends in one thread; tasks are answered in a microtask, as the serve loop does. */
class Pair {
  readonly memory: RingMemory = RingMemory.create();
  readonly pool: RingPoolEnd;
  /** What happened, in order. */
  readonly log: string[] = [];
  readonly ended: Deferred<void> = deferred();
  #left: number;

  constructor(tasks: number) {
    this.#left = tasks;
    const { port1, port2 } = new MessageChannel();
    const unexpected = (...args: unknown[]): void => assert.fail(String(args[1]));
    this.pool = createRingPoolEnd(
      this.memory,
      port1,
      { onResult: () => this.#answered(), onError: unexpected, onFrame: unexpected, onUnsent: unexpected, onClose: () => {} },
      { cores: 1 },
    );
    const worker: WorkerEnd = createRingWorkerEnd(
      this.memory,
      port2,
      {
        onTask: (task) => {
          this.log.push(`read ${task.slot}`);
          queueMicrotask(() => {
            assert.ok(worker.begin(task));
            worker.sendResult(task.slot, task.args[0], undefined);
            this.log.push(`answered ${task.slot}${this.#isShown() ? ', seen' : ''}`);
            if (task.slot === tasks - 1) worker.flush();
          });
        },
        onFrame: unexpected,
        onUndecodable: unexpected,
        onUnsentResult: unexpected,
        onUnsentFrame: unexpected,
        onClose: () => {},
      },
      { cores: 1 },
    );
  }

  /** Bytes of requests that the worker may read. */
  get requested(): number {
    return load(this.memory.words, this.memory.request.tailWord);
  }

  #isShown(): boolean {
    const { tailWord, headWord } = this.memory.reply;
    return load(this.memory.words, tailWord) !== load(this.memory.words, headWord);
  }

  #answered(): void {
    this.#left -= 1;
    if (this.#left === 0) this.ended.resolve();
  }
}

let pair: Pair | undefined;
afterEach(() => pair?.pool.close());

test('a large buffer leaves before the batch is complete, a small one with it', () => {
  pair = new Pair(2);
  pair.pool.sendTask(taskFrame(0, [SMALL]));
  assert.equal(pair.requested, 0);
  pair.pool.sendTask(taskFrame(1, [LARGE]));
  assert.ok(pair.requested > 0, 'the large buffer waits for the flush');
  pair.pool.flush();
});

test('a task of a large buffer is run and answered before the next is copied', { timeout: 30_000 }, async () => {
  pair = new Pair(3);
  for (const slot of [0, 1, 2]) pair.pool.sendTask(taskFrame(slot, [LARGE]));
  pair.pool.flush();
  await pair.ended.promise;
  assert.deepEqual(pair.log, ['read 0', 'answered 0, seen', 'read 1', 'answered 1, seen', 'read 2', 'answered 2, seen']);
});

test('tasks of small buffers are read in one go, and their answers leave together', { timeout: 30_000 }, async () => {
  pair = new Pair(3);
  for (const slot of [0, 1, 2]) pair.pool.sendTask(taskFrame(slot, [SMALL]));
  pair.pool.flush();
  await pair.ended.promise;
  assert.deepEqual(pair.log, ['read 0', 'read 1', 'read 2', 'answered 0', 'answered 1', 'answered 2']);
});
