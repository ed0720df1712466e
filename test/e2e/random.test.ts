/**
 * Real workers under random orders: 10,000 tasks while workers are added, removed, resized, recycled and killed, the pool is paused and tasks are
 * cancelled. Whatever happens every task settles exactly once, a result is the right one, and a task runs to its end at most once an attempt.
 *
 * Each task writes its number into one file when it ends; appended lines of all workers stay whole. A failing run prints its seed: MILLRACE_SEED
 * repeats the orders, not the timing.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import type { Pool, PoolEvents, Task, TaskOptions } from 'millrace';
import { freshPath, turn } from './gates.js';
import { makePool, REMOTE } from './kinds.js';
import type { Tasks } from './kinds.js';

const TASKS = 10_000;
const timeout = 180_000;

interface Submitted {
  readonly task: Task;
  readonly number: number;
  readonly attemptsMax: number;
  settled: number;
  value: unknown;
  code: unknown;
}

/** A generator of chance from a seed (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const EXPECTED_CODES = new Set(['ERR_TASK_CANCELLED', 'ERR_WORKER_CRASHED', 'ERR_TASK_TIMEOUT', 'ERR_DEADLINE_EXCEEDED']);

for (const kind of REMOTE) {
  describe(`${TASKS} tasks on ${kind} workers under random orders`, { timeout }, () => {
    test('settle exactly once each, run as often as they should, and leave nothing', async (context) => {
      const seed = Number(process.env['MILLRACE_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
      context.diagnostic(`seed ${seed}`);
      const random = seeded(seed);
      const pool = makePool(kind, {
        size: { min: 1, max: 4 },
        concurrency: 3,
        queue: { max: Infinity },
        cancelGrace: 50,
        deadLetters: 100,
        recycle: { afterTasks: 900 },
      });
      const run = new Run(pool, random, freshPath('ended'));
      const exits: Promise<void>[] = [];
      const alive = new Set<string>();
      pool.on('workerStarting', ({ workerId }) => alive.add(workerId));
      pool.on('workerExit', ({ workerId }: PoolEvents['workerExit']) => alive.delete(workerId));
      try {
        while (run.submitted.length < TASKS) {
          run.submitBatch();
          exits.push(...run.disturb());
          if (random() < 0.6) await turn();
          if (random() < 0.1) await run.someSettled();
        }
        pool.resume();
        await pool.idle();
        await Promise.allSettled(exits);
        run.check();
        const { returned, terminated } = await pool.close();
        assert.deepEqual([returned, terminated], [[], 0]);
        assert.deepEqual([...alive], [], 'no worker is left');
        run.checkFigures();
      } finally {
        await pool.terminate();
      }
    });
  });
}

class Run {
  readonly submitted: Submitted[] = [];
  readonly #pool: Pool<Tasks>;
  readonly #random: () => number;
  readonly #endedPath: string;
  /** Task id -> how often it was in the hands of a worker that died. */
  readonly #lost = new Map<string, number>();
  readonly #aborts: AbortController[] = [];
  #kills = 0;

  constructor(pool: Pool<Tasks>, random: () => number, endedPath: string) {
    this.#pool = pool;
    this.#random = random;
    this.#endedPath = endedPath;
    writeFileSync(endedPath, '');
    this.#watch();
  }

  submitBatch(): void {
    const count = 1 + this.#int(120);
    const controller = new AbortController();
    this.#aborts.push(controller);
    for (let i = 0; i < count && this.submitted.length < TASKS; i += 1) this.#submit(controller.signal);
  }

  #submit(signal: AbortSignal): void {
    const draw = this.#random();
    const number = this.submitted.length;
    const attemptsMax = this.#random() < 0.3 ? 3 : 1;
    const options: TaskOptions = {
      ...(attemptsMax > 1 ? { retry: { attempts: attemptsMax, backoff: this.#int(3) } } : {}),
      ...(this.#random() < 0.2 ? { signal } : {}),
      ...(this.#random() < 0.1 ? { priority: ['critical', 'high', 'low'][this.#int(3)] as string } : {}),
      ...(this.#random() < 0.05 ? { delay: this.#int(20) } : {}),
      ...(draw > 0.995 ? { timeout: 20 } : {}),
    };
    const task =
      draw > 0.9997
        ? this.#pool.submit('exit', [number], options)
        : this.#pool.submit('endAndTell', [this.#endedPath, number, draw > 0.995 ? 40 : draw > 0.9 ? this.#int(4) : -1], options);
    const entry: Submitted = { task, number, attemptsMax, settled: 0, value: undefined, code: undefined };
    this.submitted.push(entry);
    task.result.then(
      (value) => {
        entry.settled += 1;
        entry.value = value;
      },
      (error: { code?: unknown }) => {
        entry.settled += 1;
        entry.code = error.code;
      },
    );
  }

  /** One random order to the pool; what it returns is waited for at the end. */
  disturb(): Promise<void>[] {
    const pool = this.#pool;
    const draw = this.#int(22);
    if (draw === 0) return [pool.addWorker(1 + this.#int(2))];
    if (draw === 1) return [pool.removeWorker(1)];
    if (draw === 2) pool.resize({ min: 1 + this.#int(2), max: 2 + this.#int(3) });
    if (draw === 3) pool.pause();
    if (draw <= 6) pool.resume();
    if (draw === 7) return [pool.recycleWorkers()];
    if (draw === 8) this.#kill();
    if (draw === 9) this.#aborts[this.#int(this.#aborts.length)]?.abort();
    if (draw <= 12) for (let i = 0; i < 5; i += 1) this.submitted[this.#int(this.submitted.length)]?.task.cancel('drawn');
    if (draw === 13) return [this.#broadcast()];
    return [];
  }

  /** Waits for a task that was submitted a while ago. */
  async someSettled(): Promise<void> {
    this.#pool.resume();
    await this.submitted[this.#int(this.submitted.length)]?.task.result.catch(() => undefined);
  }

  async #broadcast(): Promise<void> {
    await this.#pool.broadcast('echo', 1).catch(() => undefined);
  }

  /** Seldom: a pool whose workers die all the time replaces them ever more slowly. */
  #kill(): void {
    if (this.#kills >= 4) return;
    const workers = this.#pool.workers.filter(({ state, kind }) => kind === 'process' && state !== 'starting');
    const pid = workers[this.#int(workers.length)]?.pid;
    if (pid === undefined) return;
    this.#kills += 1;
    try {
      process.kill(pid, 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
  }

  check(): void {
    const ended = new Map<number, number>();
    for (const line of readFileSync(this.#endedPath, 'utf8').split('\n').slice(0, -1)) ended.set(Number(line), (ended.get(Number(line)) ?? 0) + 1);
    for (const { task, number, attemptsMax, settled, value, code } of this.submitted) {
      const what = `task ${number} (${task.name}, ${task.state}, ${task.attempts} attempts, ${String(code)})`;
      assert.equal(settled, 1, `${what} settles exactly once`);
      assert.ok(task.attempts <= attemptsMax, `${what}: no more attempts than ${attemptsMax}`);
      const times = ended.get(number) ?? 0;
      if (task.state === 'COMPLETED') assert.equal(value, 2 * number, `${what} has its own result`);
      // A function that does nothing but end its worker is shut off when it does so too often.
      else assert.ok(EXPECTED_CODES.has(String(code)) || (task.name === 'exit' && code === 'ERR_BREAKER_OPEN'), what);
      if (task.state === 'COMPLETED') assert.ok(times >= 1, `${what} did not run to its end`);
      // A worker that died may have ended tasks that it could not answer for: those may be run again.
      assert.ok(times <= task.attempts + (this.#lost.get(task.id) ?? 0), `${what} ended ${times} times`);
    }
  }

  /** Notes what workers that died had in hand. */
  #watch(): void {
    const holders = new Map<string, string>();
    this.#pool.on('dispatched', ({ taskId, workerId }) => holders.set(taskId, workerId));
    this.#pool.on('completed', ({ taskId }) => holders.delete(taskId));
    this.#pool.on('workerExit', ({ workerId, reason, lostTasks }) => {
      if (reason === 'stopped') assert.equal(lostTasks, 0, 'a worker that leaves loses nothing');
      for (const [taskId, holder] of holders) if (holder === workerId && reason !== 'stopped') this.#lost.set(taskId, (this.#lost.get(taskId) ?? 0) + 1);
    });
  }

  checkFigures(): void {
    const { tasks, queue } = this.#pool.stats();
    assert.equal(tasks.completed + tasks.failed + tasks.cancelled + tasks.rejected, tasks.submitted);
    assert.ok(tasks.submitted >= TASKS);
    assert.deepEqual([tasks.inFlight, queue.depth, queue.delayed, queue.waiting], [0, 0, 0, 0]);
  }

  #int(below: number): number {
    return Math.floor(this.#random() * below);
  }
}
