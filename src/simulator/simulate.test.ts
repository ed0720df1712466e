import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from '../runtime/fixtures/fast-check.js';
import type { FunctionFlow, ScalingPolicy } from '../scheduler/scaler/scaling-policy.js';
import { erlangC } from './optimum.js';
import type { Scenario } from './scenario.js';
import { simulate } from './simulate.js';

const step: Scenario = {
  name: 'step',
  durationMs: 20_000,
  arrivals: { kind: 'step', fromPerS: 50, toPerS: 500, atMs: 5_000, backAtMs: 15_000 },
  tasks: [
    { cpu: { kind: 'lognormal', meanMs: 20, sigma: 0.5 }, weight: 3 },
    { name: 'urgent', cpu: 5, priority: 'high' },
  ],
  host: { cores: 32 },
  pool: { size: { min: 1, max: 32 }, queue: { max: Infinity } },
};

describe('a simulation', () => {
  test('is the same byte for byte for one seed, and another for another', async () => {
    const [first, again, other] = [await simulate(step, { seed: 7 }), await simulate(step, { seed: 7 }), await simulate(step, { seed: 8 })];
    assert.equal(JSON.stringify(first), JSON.stringify(again));
    assert.notEqual(JSON.stringify(first.series), JSON.stringify(other.series));
    assert.deepEqual(first.checks.violations, []);
    assert.ok(first.tasks.completed > 4_000);
  });

  test('gives every policy the same work', async () => {
    const reports = [];
    for (const policy of ['adaptive', 'queue-depth', 'threshold', 'hpa', 'hill-climbing']) reports.push(await simulate(step, { policy, seed: 3 }));
    assert.equal(new Set(reports.map(({ tasks }) => tasks.arrived)).size, 1);
    assert.equal(new Set(reports.map(({ optimum }) => optimum.fluidWorkerS)).size, 1);
    assert.equal(new Set(reports.map(({ cost }) => cost.workerS)).size, 5, 'and they size differently');
    for (const { checks } of reports) assert.deepEqual(checks.violations, []);
  });

  test('starts workers more slowly when callers take the cores', async () => {
    const report = (callerMs: number): ReturnType<typeof simulate> =>
      simulate({
        durationMs: 4_000,
        arrivals: { kind: 'poisson', ratePerS: 100 },
        tasks: [{ io: 50 }],
        host: { cores: 1, boot: 50, dispatchMs: 0, callerMs },
        pool: { size: { min: 1, max: 10 } },
      });
    const [free, busy] = [await report(0), await report(5)];
    assert.ok(busy.wait.p99 > 1.2 * free.wait.p99, `${free.wait.p99} ms of wait without, ${busy.wait.p99} ms with`);
    const callerS = (busy.tasks.arrived * 5) / 1_000;
    const bootS = (busy.cost.boots * 50) / 1_000;
    assert.ok(Math.abs(busy.cost.cpuS - callerS - bootS) < 0.1, `${busy.cost.cpuS} s on cores for ${callerS} s of callers and ${bootS} s of starts`);
    assert.deepEqual(busy.checks.violations, []);
    await assert.rejects(report(-1), /host\.callerMs/);
  });

  test('waits as long as queueing theory says (M/M/n, square-root staffing)', async () => {
    for (const [workers, ratePerS] of [
      [1, 30],
      [10, 400],
      [10, 450],
    ] as const) {
      const report = await simulate({
        durationMs: 150_000,
        measureFromMs: 2_000,
        arrivals: { kind: 'poisson', ratePerS },
        tasks: [{ cpu: { kind: 'exponential', meanMs: 20 } }],
        host: { dispatchMs: 0 },
        pool: { size: workers, queue: { max: Infinity } },
      });
      const offered = ratePerS * 0.02;
      const waitMs = (erlangC(workers, offered) * 20) / (workers - offered);
      const error = report.wait.mean / waitMs - 1;
      assert.ok(Math.abs(error) < 0.2, `${workers} workers, load ${offered}: mean wait ${report.wait.mean.toFixed(2)} ms, theory ${waitMs.toFixed(2)} ms`);
      assert.ok(Math.abs(report.cost.utilisation / (offered / workers) - 1) < 0.03, String(report.cost.utilisation));
    }
  });

  test('shares the cores between the workers that compute, and between starts', async () => {
    const base: Scenario = { ...step, arrivals: { kind: 'poisson', ratePerS: 60 }, tasks: [{ cpu: 50 }], pool: { size: 8, queue: { max: Infinity } } };
    const wide = await simulate({ ...base, host: { cores: 8 } });
    const narrow = await simulate({ ...base, host: { cores: 4 } });
    assert.ok(narrow.latency.mean > 1.1 * wide.latency.mean, `${narrow.latency.mean} ms on 4 cores, ${wide.latency.mean} ms on 8`);
    assert.ok(narrow.cost.cpuS <= 4.001 * 20);
  });

  test('slows all down behind a service that has no capacity left', async () => {
    const base: Scenario = { ...step, arrivals: { kind: 'poisson', ratePerS: 100 }, tasks: [{ cpu: 1, io: 50 }], pool: { size: 16, queue: { max: Infinity } } };
    const free = await simulate(base);
    const shared = await simulate({ ...base, downstream: { capacity: 5.5 } });
    assert.ok(shared.latency.mean > 1.3 * free.latency.mean);
    const slow = await simulate({ ...base, faults: [{ kind: 'slow-io', atMs: 5_000, untilMs: 8_000, factor: 3 }] });
    assert.ok(slow.latency.p99 > 2 * free.latency.p99);
  });

  test('survives workers that die, fail, start badly and are slow: every task settles', async () => {
    const report = await simulate({
      ...step,
      tasks: [{ cpu: 20, errorShare: 0.05, poisonShare: 0.002 }],
      pool: { size: { min: 2, max: 16 }, queue: { max: 500 }, retry: 3 },
      clients: { retries: 2, patienceMs: 2_000 },
      faults: [
        { kind: 'kill', atMs: 6_000, count: 2 },
        { kind: 'errors', atMs: 1_000, untilMs: 4_000, index: 0, share: 0.3 },
        { kind: 'slow-worker', atMs: 2_000, index: 0, factor: 10 },
        { kind: 'start-failures', atMs: 7_000, untilMs: 8_000, share: 0.5 },
        { kind: 'cores', atMs: 9_000, untilMs: 12_000, cores: 8 },
      ],
    });
    assert.deepEqual(report.checks.violations, []);
    assert.ok(report.tasks.failed > 0);
    assert.ok(report.tasks.submitted > report.tasks.arrived, 'callers tried again');
    assert.equal(report.tasks.submitted, report.tasks.completed + report.tasks.failed + report.tasks.rejected + report.tasks.cancelled);
  });

  test('lets tasks go on that never ended a worker, of the function of which one in a hundred does', async () => {
    const reports = await Promise.all(
      [1, 2, 3, 4].map((seed) =>
        simulate(
          {
            durationMs: 120_000,
            arrivals: { kind: 'poisson', ratePerS: 50 },
            tasks: [{ cpu: 20, poisonShare: 0.01 }],
            pool: { size: 8, queue: { max: 10_000 }, retry: 3 },
          },
          { seed },
        ),
      ),
    );
    const sum = (read: (tasks: (typeof reports)[number]['tasks']) => number): number => reports.reduce((total, { tasks }) => total + read(tasks), 0);
    const healthy = sum(({ completed }) => completed) / (0.99 * sum(({ submitted }) => submitted));
    assert.ok(healthy >= 0.95, `${healthy} of them completed`);
    assert.ok(sum(({ executions, completed }) => executions - completed) <= 2 * sum(({ failed }) => failed), 'no task ends more than two workers');
    for (const { checks } of reports) assert.deepEqual(checks.violations, []);
  });

  test('finds no violation in any traffic: exactly once, bounds, order, Little', { timeout: 180_000 }, async () => {
    const arrivals = fc.oneof(
      fc.record({ kind: fc.constant('poisson' as const), ratePerS: fc.integer({ min: 0, max: 300 }) }),
      fc.record({ kind: fc.constant('bursty' as const), ratePerS: fc.integer({ min: 1, max: 100 }), scv: fc.integer({ min: 2, max: 50 }) }),
      fc.record({
        kind: fc.constant('square-wave' as const),
        lowPerS: fc.integer({ min: 0, max: 50 }),
        highPerS: fc.integer({ min: 0, max: 400 }),
        periodMs: fc.integer({ min: 100, max: 3_000 }),
      }),
    );
    const task = fc.record({
      cpu: fc.record({ kind: fc.constant('lognormal' as const), meanMs: fc.integer({ min: 1, max: 60 }), sigma: fc.constantFrom(0.3, 1, 1.5) }),
      io: fc.constantFrom(0, 5, 30),
      priority: fc.constantFrom('critical', 'high', 'normal', 'low', 'idle'),
      weight: fc.integer({ min: 1, max: 5 }),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.nat(1_000),
        arrivals,
        fc.array(task, { minLength: 1, maxLength: 4 }),
        fc.constantFrom('adaptive', 'queue-depth', 'threshold', 'hpa', 'hill-climbing'),
        fc.integer({ min: 0, max: 3 }),
        fc.integer({ min: 1, max: 4 }),
        async (seed, model, tasks, policy, min, concurrency) => {
          const named = tasks.map((each, index) => ({ ...each, name: `t${index}` }));
          const pool = { size: { min, max: 12 }, concurrency, queue: { max: 2_000, whenFull: 'reject' as const } };
          const report = await simulate({ durationMs: 2_000, arrivals: model, tasks: named, host: { cores: 8 }, pool }, { seed, policy });
          assert.deepEqual(report.checks.violations, []);
        },
      ),
      { numRuns: 30 },
    );
  });

  test('says what is wrong with a scenario', async () => {
    const wrong = (scenario: Partial<Scenario>): Promise<unknown> => simulate({ ...step, ...scenario });
    await assert.rejects(wrong({ durationMs: 0 }), { code: 'ERR_OPTION', option: 'durationMs' });
    await assert.rejects(wrong({ arrivals: { kind: 'poisson', ratePerS: -1 } }), { code: 'ERR_OPTION', option: 'arrivals.ratePerS' });
    await assert.rejects(wrong({ arrivals: { kind: 'tide' } as never }), { code: 'ERR_OPTION', option: 'arrivals.kind' });
    await assert.rejects(wrong({ tasks: [{ priority: 'soon' }] }), { code: 'ERR_OPTION' });
    await assert.rejects(wrong({ tasks: [{ cpu: { kind: 'hyperexponential', meanMs: 1, scv: 0.5 } }] }), { code: 'ERR_OPTION', option: 'tasks[0].cpu.scv' });
    await assert.rejects(simulate(step, { policy: 'astrology' }), { code: 'ERR_OPTION', option: 'policy' });
  });
});

/** What a pool does when its tasks are not all alike, on a host that tells what a real one tells. */
const RATE_PER_S = 60;
const SHORT = 0;
const LONG = 1;

/** Short tasks that compute; from `mixedFromMs` on every second one waits for 90 ms instead. */
function mix(names: readonly [string, string], mixedFromMs: number, durationMs: number): Scenario {
  const count = (durationMs / 1_000) * RATE_PER_S;
  const stampsMs = Array.from({ length: count }, (_, index) => (index * 1_000) / RATE_PER_S);
  return {
    durationMs,
    arrivals: { kind: 'stamps', stampsMs, tasks: stampsMs.map((stamp, index) => (stamp < mixedFromMs || index % 2 === 0 ? SHORT : LONG)) },
    tasks: [
      { name: names[0], cpu: 4 },
      { name: names[1], io: 90 },
    ],
    host: { cores: 2, boot: 40, bootCpuShare: 0.8 },
    pool: { size: { min: 1, max: 24 }, policy: 'adaptive', queue: { max: 100_000 } },
  };
}

describe('a mixed load under the law', () => {
  test('gets its workers when the longer function is called after a quarter of a minute', async () => {
    const { wait, cost } = await simulate(mix(['short', 'long'], 15_000, 30_000));
    assert.ok(cost.workersMax >= 4, `${cost.workersMax} workers for a load of 2.8`);
    // First it must be seen that the tasks compute no longer: until then there are no more workers than cores.
    assert.ok(wait.p99 < 1_200, `p99 wait ${wait.p99} ms`);
  });

  test('gets its workers when one function takes 4 ms or 90, and the first calls were short', async () => {
    const { wait, cost } = await simulate(mix(['work', 'work'], 400, 20_000));
    assert.ok(cost.workersMax >= 4, `${cost.workersMax} workers for a load of 2.8`);
    assert.ok(wait.p99 < 400, `p99 wait ${wait.p99} ms`);
  });

  test('comes to its end when workers are on their way out just then', { timeout: 20_000 }, async () => {
    const policy: ScalingPolicy<undefined> = {
      name: 'late',
      intervalMs: 50,
      initial: () => undefined,
      decide: ({ nowMs }) => ({ decision: { target: nowMs < 900 ? 4 : 1, reason: 'late' }, memory: undefined }),
    };
    const { tasks } = await simulate({
      durationMs: 1_000,
      arrivals: { kind: 'stamps', stampsMs: [0, 1, 2, 850, 851, 852, 853] },
      tasks: [{ cpu: 200 }],
      host: { cores: 16, boot: 10 },
      pool: { size: { min: 1, max: 4 }, policy },
    });
    assert.equal(tasks.completed, 7);
  });

  test('shows a policy how long each function takes', async () => {
    let seen: readonly FunctionFlow[] = [];
    const policy: ScalingPolicy<undefined> = {
      name: 'spy',
      intervalMs: 100,
      initial: () => undefined,
      decide: ({ workers, flow }) => {
        seen = flow.functions ?? [];
        return { decision: { target: workers, reason: 'it only looks' }, memory: undefined };
      },
    };
    const scenario = mix(['short', 'long'], 0, 5_000);
    await simulate({ ...scenario, pool: { ...scenario.pool, size: { min: 1, max: 2 }, policy } });
    const meanMs = Object.fromEntries(seen.map(({ name, count, log }) => [name, Math.round(Math.exp(log / count))]));
    assert.deepEqual(meanMs, { short: 4, long: 90 });
  });

  test('is of the kinds that the arrivals say, and refuses kinds there are none of', async () => {
    const { waitByLevel } = await simulate({
      durationMs: 1_000,
      arrivals: { kind: 'stamps', stampsMs: [0, 10, 20, 30], tasks: [1, 1, 0, 1] },
      tasks: [{ name: 'a', priority: 'low' }, { name: 'b' }],
    });
    assert.deepEqual([waitByLevel['low']?.count, waitByLevel['normal']?.count], [1, 3]);
    for (const kind of [2, -1, 0.5]) {
      const bad = simulate({ durationMs: 1_000, arrivals: { kind: 'stamps', stampsMs: [0], tasks: [kind] }, tasks: [{}, {}] });
      await assert.rejects(bad, { code: 'ERR_OPTION', message: /arrivals\.tasks/ });
    }
  });
});
