/** What happens within a long run of submissions: workers begin, and what they have done is taken in, before the caller has returned. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../runtime/manual-clock.js';
import type { WorkerHost, WorkerTask } from '../worker/worker.js';
import { makeSimulation, SimWorker } from './fixtures/sim-worker.js';
import { normaliseOptions } from './normalise-options.js';
import { WorkerPool } from './worker-pool.js';

/** Each look at it takes a little time. */
class TickingClock extends ManualClock {
  #ticks = 0;

  override now(): number {
    this.#ticks += 1;
    return super.now() + this.#ticks * 0.25;
  }
}

/** Has done whatever it was sent as soon as it is asked, `looks` times if need be, and says that a task takes it 1 µs. */
async function poolOfInstantWorkers(clock: ManualClock, looks: () => number = () => 1): Promise<WorkerPool> {
  const random = (): number => 0.5;
  const simulation = makeSimulation(clock, random);
  const settings = normaliseOptions({ size: 2, clock, random });
  const pool = new WorkerPool(settings, 'data:text/javascript,', (options, host) => {
    type Task = Parameters<typeof host.onCompleted>[1];
    class Instant extends SimWorker<Task & WorkerTask> {
      readonly #held: Task[] = [];
      #looked = 0;

      override serviceMs(): number {
        return 0.001;
      }

      override dispatch(task: Task): void {
        this.#held.push(task);
      }

      override flush(): void {
        clock.setTimer(1, () => this.collect());
      }

      override collect(): void {
        this.#looked += 1;
        if (this.#looked < looks()) return;
        this.#looked = 0;
        for (const task of this.#held.splice(0)) (host as WorkerHost<Task>).onCompleted(this, task, task.args[0]);
      }

      override *inFlight(): IterableIterator<Task> {
        yield* this.#held;
      }
    }
    return new Instant(options, host, simulation);
  });
  await clock.advance(100);
  return pool;
}

test('replies are taken in while more is submitted, and what is submitted meanwhile has not waited since the first', async () => {
  const clock = new TickingClock(1_000);
  const pool = await poolOfInstantWorkers(clock);
  const results = Promise.all(Array.from({ length: 1_000 }, (_, index) => pool.run('play', index)));
  const { completed, inFlight } = pool.stats().tasks;
  assert.ok(completed >= 200, `${completed} of 1,000 have their outcome: runs follow one another while workers answer`);
  assert.ok(inFlight > 0);
  for (let turn = 0; pool.stats().tasks.completed < 1_000; turn += 1) {
    assert.ok(turn < 2_000);
    await clock.advance(1);
  }
  assert.deepEqual(await results, [...Array(1_000).keys()]);
  const { run } = pool.stats();
  assert.ok(run.p99 < 100, `a task was in the hands of its worker for a turn at most, not for ${run.p99} ms`);
  await pool.terminate();
});

test('listeners are not called within a submission', async () => {
  const clock = new ManualClock(1_000);
  const pool = await poolOfInstantWorkers(clock);
  let told = 0;
  pool.on('completed', () => (told += 1));
  const results = Promise.all(Array.from({ length: 200 }, (_, index) => pool.run('play', index)));
  assert.equal(told, 0);
  for (let turn = 0; pool.stats().tasks.completed < 200; turn += 1) {
    assert.ok(turn < 2_000);
    await clock.advance(1);
  }
  assert.equal(told, 200);
  await results;
  await pool.terminate();
});

/** How many tasks of next to no work are queued once 5,000 were submitted, where workers answer the `looks()`th look. */
async function queuedAfterRun(looks: () => number): Promise<number> {
  const clock = new ManualClock(1_000);
  let running = false;
  const pool = await poolOfInstantWorkers(clock, () => (running ? looks() : 1));
  for (let task = 0; task < 3; task += 1) {
    const done = pool.run('play', task);
    while (pool.stats().tasks.completed <= task) await clock.advance(1);
    await done;
  }
  running = true;
  const results = Promise.all(Array.from({ length: 5_000 }, (_, index) => pool.run('play', index)));
  running = false;
  const { depth } = pool.stats().queue;
  for (let turn = 0; pool.stats().tasks.completed < 5_003; turn += 1) {
    assert.ok(turn < 10_000);
    await clock.advance(1);
  }
  await results;
  await pool.terminate();
  return depth;
}

test('whoever submits tasks of next to no work faster than they are done waits for the workers', async () => {
  const queued = await queuedAfterRun(() => 40);
  assert.ok(queued < 400, `${queued} queued`);
});

test('workers that answer nothing are not waited for', async () => {
  let looks = 0;
  const queued = await queuedAfterRun(() => {
    looks += 1;
    return Infinity;
  });
  assert.ok(queued > 4_500, `${queued} queued`);
  assert.ok(looks < 200_000, `looked ${looks} times`);
});
