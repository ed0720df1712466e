/**
 * The pool against a model, over simulated workers and a clock that stands still until it is told to move.
 *
 * Goal: whatever is done to the pool, every task settles exactly once, and nothing is left open. Method: fast-check draws histories of submissions,
 * cancellations, kills and changes of size; the model knows what each task may end as. A failing run prints its seed and the shortest history.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { ManualClock } from '../runtime/manual-clock.js';
import { seededRandom } from '../runtime/random.js';
import type { Task, TaskOptions } from '../task/types.js';
import { SimWorker } from './fixtures/sim-worker.js';
import type { Script, Simulation } from './fixtures/sim-worker.js';
import { normaliseOptions } from './normalise-options.js';
import type { PoolOptions } from './options.js';
import { WorkerPool } from './worker-pool.js';

interface Submitted {
  readonly task: Task;
  readonly script: Script;
  readonly options: TaskOptions;
  settled: number;
  outcome: 'completed' | 'rejected' | undefined;
}

class Model {
  readonly clock = new ManualClock(1_000);
  readonly simulation: Simulation;
  readonly pool: WorkerPool;
  readonly submitted: Submitted[] = [];
  readonly aborts: AbortController[] = [];
  #key = 0;

  constructor(seed: number, options: PoolOptions) {
    const random = seededRandom(seed);
    this.simulation = { clock: this.clock, random, begun: new Map(), ended: new Map(), workers: new Set(), startFailures: 0 };
    const settings = normaliseOptions({ ...options, clock: this.clock, random });
    this.pool = new WorkerPool(settings, 'data:text/javascript,', (workerOptions, host) => new SimWorker(workerOptions, host, this.simulation));
  }

  submit(script: Omit<Script, 'key'>, options: TaskOptions): void {
    const keyed: Script = { ...script, key: this.#key++ };
    const task = this.pool.submit('play', [keyed], options);
    const entry: Submitted = { task, script: keyed, options, settled: 0, outcome: undefined };
    this.submitted.push(entry);
    task.result.then(
      (value) => {
        entry.settled += 1;
        entry.outcome = 'completed';
        assert.equal(value, keyed.key);
      },
      () => {
        entry.settled += 1;
        entry.outcome = 'rejected';
      },
    );
  }

  /** What must hold at any moment. */
  check(): void {
    for (const { task, script, settled, outcome, options } of this.submitted) {
      assert.ok(settled <= 1, 'a task settles at most once');
      if (outcome === 'completed') {
        assert.equal(task.state, 'COMPLETED');
        assert.equal(script.outcome, 'ok');
        assert.equal(this.simulation.ended.get(script.key), 1, 'a completed task ended exactly once');
      }
      assert.ok((this.simulation.ended.get(script.key) ?? 0) <= 1, 'no task is run to its end twice');
      assert.ok(task.attempts <= ((options.retry as number | undefined) ?? 1), 'no more attempts than allowed');
    }
    const stats = this.pool.stats();
    assert.ok(stats.tasks.inFlight >= 0);
    assert.ok(stats.queue.depth >= 0);
  }

  /** Closes the pool and lets all time pass that anybody waits for. */
  async finish(): Promise<void> {
    this.pool.resume();
    const closing = this.pool.close({ timeout: 2_000_000 });
    for (let round = 0; round < 60; round += 1) await this.clock.advance(50_000);
    const report = await closing;
    if (this.simulation.startFailures === 0) assert.deepEqual(report, { returned: [], terminated: 0 }, 'with workers that start, all work drains');
    this.check();
    for (const { settled, task, script } of this.submitted) assert.equal(settled, 1, `task ${script.key} (${task.state}) settles exactly once`);
    assert.equal(this.simulation.workers.size, 0, 'no worker is left');
    assert.equal(this.clock.pending, 0, 'no timer is left');
    const { completed, failed, cancelled, rejected, submitted } = this.pool.stats().tasks;
    assert.equal(completed + failed + cancelled + rejected, submitted, 'every task is counted under one outcome');
  }
}

const script = fc.record({
  ms: fc.integer({ min: 0, max: 400 }),
  outcome: fc.oneof(
    { weight: 8, arbitrary: fc.constant('ok' as const) },
    { weight: 2, arbitrary: fc.constant('throw' as const) },
    { weight: 1, arbitrary: fc.constant('crash' as const) },
  ),
  stuck: fc.oneof({ weight: 9, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
});

const taskOptions: fc.Arbitrary<TaskOptions> = fc.record(
  {
    priority: fc.constantFrom('critical', 'high', 'normal', 'low', 'idle'),
    timeout: fc.integer({ min: 1, max: 300 }),
    deadline: fc.integer({ min: 1, max: 800 }),
    delay: fc.integer({ min: 0, max: 300 }),
    retry: fc.integer({ min: 1, max: 3 }),
    affinityKey: fc.constantFrom('a', 'b', 'c'),
  },
  { requiredKeys: [] },
);

type Command = { readonly name: string; run(model: Model): Promise<void> | void };

const command = <T>(name: string, arbitrary: fc.Arbitrary<T>, run: (model: Model, value: T) => Promise<void> | void): fc.Arbitrary<Command> =>
  arbitrary.map((value) => ({
    name: `${name} ${JSON.stringify(value)}`,
    run: (model) => run(model, value),
    toString: () => `${name} ${JSON.stringify(value)}`,
  }));

const pick = <T>(items: readonly T[], share: number): T | undefined => items[Math.floor(share * items.length)];
const share = fc.double({ min: 0, max: 0.999, noNaN: true });

const commands = fc.oneof(
  {
    weight: 12,
    arbitrary: command('submit', fc.array(fc.tuple(script, taskOptions), { minLength: 1, maxLength: 30, size: 'max' }), (model, tasks) =>
      tasks.forEach(([what, options]) => model.submit(what, options)),
    ),
  },
  { weight: 6, arbitrary: command('advance', fc.integer({ min: 0, max: 500 }), (model, ms) => model.clock.advance(ms)) },
  { weight: 3, arbitrary: command('cancel', share, (model, at) => void pick(model.submitted, at)?.task.cancel('drawn')) },
  {
    weight: 2,
    arbitrary: command('submit with a shared signal', fc.tuple(script, fc.boolean()), (model, [what, abort]) => {
      const controller = new AbortController();
      for (let i = 0; i < 3; i += 1) model.submit(what, { signal: controller.signal });
      model.aborts.push(controller);
      if (abort) pick(model.aborts, model.simulation.random())?.abort();
    }),
  },
  { weight: 2, arbitrary: command('kill', share, (model, at) => pick([...model.simulation.workers], at)?.kill()) },
  { weight: 1, arbitrary: command('kill all', fc.constant(undefined), (model) => [...model.simulation.workers].forEach((worker) => worker.kill())) },
  { weight: 2, arbitrary: command('add', fc.integer({ min: 1, max: 3 }), (model, count) => void model.pool.addWorker(count)) },
  { weight: 2, arbitrary: command('remove', fc.integer({ min: 1, max: 3 }), (model, count) => void model.pool.removeWorker(count)) },
  {
    weight: 2,
    arbitrary: command('resize', fc.tuple(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 1, max: 6 })), (model, [min, max]) =>
      model.pool.resize({ min: Math.min(min, max), max }),
    ),
  },
  { weight: 1, arbitrary: command('recycle', fc.constant(undefined), (model) => void model.pool.recycleWorkers()) },
  { weight: 1, arbitrary: command('pause', fc.constant(undefined), (model) => model.pool.pause()) },
  { weight: 1, arbitrary: command('resume', fc.constant(undefined), (model) => model.pool.resume()) },
  { weight: 1, arbitrary: command('starts fail', fc.constantFrom(0, 0.3), (model, failures) => void (model.simulation.startFailures = failures)) },
  {
    weight: 1,
    arbitrary: command(
      'broadcast',
      fc.integer({ min: 0, max: 50 }),
      (model, ms) => void model.pool.broadcast('play', { ms, outcome: 'ok', key: -1 }).catch(() => undefined),
    ),
  },
);

const poolOptions: fc.Arbitrary<PoolOptions> = fc.record({
  size: fc.constantFrom<NonNullable<PoolOptions['size']>>(1, 3, { min: 0, max: 2 }, { min: 1, max: 4 }),
  concurrency: fc.integer({ min: 1, max: 4 }),
  queue: fc.record({ max: fc.constantFrom(5, 40, Infinity), whenFull: fc.constantFrom('reject', 'wait', 'shed-lowest', 'drop-oldest', 'dead-letter') }),
  placement: fc.constantFrom('least-loaded', 'round-robin', 'random', 'two-choices', 'affinity'),
  policy: fc.constantFrom('queue-depth', 'threshold', 'fixed'),
  recycle: fc.constantFrom({}, { afterTasks: 3 }, { afterAge: 500 }),
  cancelGrace: fc.constantFrom(0, 5, 100),
});

const runs = Number(process.env['MILLRACE_MODEL_RUNS'] ?? 200);

describe('a pool of simulated workers', () => {
  test('settles every task exactly once, whatever is done to it', { timeout: 240_000 }, async () => {
    let submitted = 0;
    await fc.assert(
      fc.asyncProperty(fc.integer(), poolOptions, fc.array(commands, { minLength: 5, maxLength: 60, size: 'max' }), async (seed, options, history) => {
        const model = new Model(seed, options);
        for (const step of history) {
          await step.run(model);
          model.check();
        }
        await model.finish();
        submitted += model.submitted.length;
      }),
      {
        numRuns: runs,
        endOnFailure: process.env['MILLRACE_MODEL_SHRINK'] === undefined,
        ...(process.env['MILLRACE_MODEL_SEED'] === undefined ? {} : { seed: Number(process.env['MILLRACE_MODEL_SEED']) }),
      },
    );
    assert.ok(submitted >= Math.min(10_000, runs * 60), `${submitted} submissions`);
  });
});
