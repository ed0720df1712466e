/**
 * Ten thousand submissions to real workers while the pool is changed and its workers are killed at random.
 *
 * Goal: every task settles exactly once, with its own result, and nothing is left. Method: one seeded source of chance decides everything that the
 * test does; timing is the machine's. The seed is printed by a failure and taken from MILLRACE_RANDOM_SEED to repeat it.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Pool, Task } from 'millrace';
import { REMOTE, withPool } from './kinds.js';
import type { Tasks } from './kinds.js';

const SUBMISSIONS = 10_000;
const BURST_MAX = 60;

type Outcome = 'completed' | 'failed' | 'cancelled';

interface Entry {
  readonly task: Task;
  readonly value: number;
  readonly mayCrash: boolean;
  settled: number;
  outcome: Outcome | undefined;
}

function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

class Run {
  readonly pool: Pool<Tasks>;
  readonly entries: Entry[] = [];
  readonly runs = new Int32Array(new SharedArrayBuffer(4 * SUBMISSIONS));
  readonly #random: () => number;
  readonly #thread: boolean;

  constructor(pool: Pool<Tasks>, random: () => number, thread: boolean) {
    this.pool = pool;
    this.#random = random;
    this.#thread = thread;
  }

  async step(): Promise<void> {
    const burst = 1 + Math.floor(this.#random() * BURST_MAX);
    for (let i = 0; i < burst && this.entries.length < SUBMISSIONS; i += 1) this.#submit();
    this.#act();
    // Lets some of it happen: waits for one of the open tasks, unless nothing may run.
    const open = this.entries.filter((entry) => entry.settled === 0);
    const chosen = open[Math.floor(this.#random() * Math.min(open.length, 40))];
    this.pool.resume();
    if (chosen !== undefined) await chosen.task.result.catch(() => undefined);
  }

  #submit(): void {
    const value = this.entries.length;
    const chance = this.#random();
    const options = { priority: this.#random() < 0.2 ? 'high' : 'normal', ...(chance > 0.97 ? { signal: AbortSignal.abort() } : {}) };
    const crash = chance < 0.002;
    const task: Task = crash
      ? this.pool.submit('exit', [1])
      : this.#thread
        ? this.pool.submit('tally', [this.runs, value], options)
        : this.pool.submit('echo', [value], options);
    const entry: Entry = { task, value, mayCrash: crash, settled: 0, outcome: undefined };
    this.entries.push(entry);
    task.result.then(
      (result) => {
        entry.settled += 1;
        entry.outcome = 'completed';
        assert.equal(result, value);
      },
      (error: { code?: string }) => {
        entry.settled += 1;
        entry.outcome = error.code === 'ERR_TASK_CANCELLED' ? 'cancelled' : 'failed';
        assert.ok(error.code === 'ERR_TASK_CANCELLED' || error.code === 'ERR_WORKER_CRASHED', String(error));
      },
    );
  }

  #act(): void {
    const { pool } = this;
    const chance = this.#random();
    if (chance < 0.1) void pool.addWorker(1);
    else if (chance < 0.2) void pool.removeWorker(1);
    else if (chance < 0.3) pool.resize({ min: 1, max: 1 + Math.floor(this.#random() * 3) });
    else if (chance < 0.35) pool.pause();
    else if (chance < 0.6) this.entries[Math.floor(this.#random() * this.entries.length)]?.task.cancel('drawn');
    else if (chance < 0.62) void pool.recycleWorkers();
    else if (chance < 0.66 && !this.#thread) this.#kill();
  }

  #kill(): void {
    const pids = this.pool.workers.flatMap((worker) => (worker.pid === undefined || worker.state === 'dead' ? [] : [worker.pid]));
    const pid = pids[Math.floor(this.#random() * pids.length)];
    try {
      if (pid !== undefined) process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended in the meantime.
    }
  }
}

for (const kind of REMOTE) {
  describe(`${kind} workers under random changes`, { timeout: 150_000 }, () => {
    test(`settle each of ${SUBMISSIONS} tasks exactly once`, async () => {
      const seed = Number(process.env['MILLRACE_RANDOM_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
      await withPool(kind, { size: { min: 1, max: 3 }, concurrency: 2, queue: { max: Infinity }, stopTimeout: 500 }, async (pool) => {
        const run = new Run(pool, seeded(seed), kind === 'thread');
        try {
          while (run.entries.length < SUBMISSIONS) await run.step();
          pool.resume();
          await pool.idle();
          check(run);
        } catch (error) {
          throw new Error(`seed ${seed}: repeat with MILLRACE_RANDOM_SEED=${seed}`, { cause: error });
        }
        const report = await pool.close();
        assert.deepEqual(report, { returned: [], terminated: 0 });
        assert.deepEqual(pool.workers, []);
      });
    });
  });
}

function check({ entries, runs, pool }: Run): void {
  for (const { task, settled, value } of entries) {
    assert.equal(settled, 1, `task ${value} (${task.state}) settles exactly once`);
    assert.ok(task.isComplete());
  }
  const count = (outcome: Outcome): number => entries.filter((entry) => entry.outcome === outcome).length;
  const { tasks } = pool.stats();
  assert.equal(tasks.completed, count('completed'));
  assert.equal(tasks.cancelled + tasks.rejected, count('cancelled'));
  assert.equal(tasks.failed, count('failed'));
  assert.equal(tasks.submitted, SUBMISSIONS);
  assert.equal(tasks.inFlight, 0);
  assert.ok(count('completed') > SUBMISSIONS / 2, 'most of them completed');
  for (const { mayCrash, outcome } of entries) if (mayCrash && outcome !== 'cancelled') assert.equal(outcome, 'failed');
  checkRuns(entries, runs, tasks.requeued);
}

/** Threads count their runs in shared memory: none ran twice but those which a dying worker gave back. */
function checkRuns(entries: readonly Entry[], runs: Int32Array, requeued: number): void {
  if (runs.every((times) => times === 0)) return;
  let again = 0;
  for (const { value, outcome, mayCrash } of entries) {
    const times = runs[value] as number;
    if (outcome === 'completed' && !mayCrash) assert.ok(times >= 1, `task ${value} completed, so it ran`);
    if (times > 1) again += times - 1;
  }
  assert.ok(again <= requeued, `${again} runs too many, ${requeued} tasks given back`);
}
