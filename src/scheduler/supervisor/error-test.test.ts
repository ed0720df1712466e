/**
 * The figures of the sequential test, on the very code that ships, with seeded chance: how soon a bad worker is found, how seldom a good one is blamed.
 */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '../../runtime/random.js';
import { ErrorTests, ISOLATE_AT, SUSPECT_AT } from './error-test.js';
import type { Verdict, WorkerTest } from './error-test.js';
import { errorWeight, successWeight } from './error-weights.js';

const WORKERS = 8;

/** Share of executions that fail, by worker and function. */
type Rates = (worker: number, name: string) => number;

/** Workers that execute tasks in turn. */
class Bench {
  readonly all = new ErrorTests();
  readonly tests: WorkerTest[] = Array.from({ length: WORKERS }, () => this.all.join());
  readonly random: () => number;
  readonly counts: Record<Verdict, number> = { none: 0, suspect: 0, unproven: 0, isolate: 0, trust: 0 };

  constructor(seed: number) {
    this.random = seededRandom(seed);
  }

  execute(worker: number, name: string, rate: number): Verdict {
    const test = this.tests[worker] as WorkerTest;
    const verdict = this.random() < rate ? test.failed(name) : this.all.watching ? test.succeeded(name) : 'none';
    this.counts[verdict] += 1;
    return verdict;
  }

  /** `tasks` tasks over all workers; isolated ones are replaced. */
  run(tasks: number, names: readonly string[], rates: Rates): void {
    for (let task = 0; task < tasks; task += 1) {
      const worker = task % WORKERS;
      const name = names[Math.floor(this.random() * names.length)] as string;
      if (this.execute(worker, name, rates(worker, name)) === 'isolate') this.replace(worker);
    }
  }

  replace(worker: number): void {
    this.all.leave(this.tests[worker] as WorkerTest, true);
    this.tests[worker] = this.all.join();
  }
}

/** Tasks that worker 0 executes until it is isolated. */
function tasksToIsolate(seed: number, names: readonly string[], rates: Rates, limit = 1_000): number {
  const bench = new Bench(seed);
  for (let task = 1; task <= limit; task += 1) {
    for (let worker = 0; worker < WORKERS; worker += 1) {
      const name = names[Math.floor(bench.random() * names.length)] as string;
      if (bench.execute(worker, name, rates(worker, name)) === 'isolate' && worker === 0) return task;
    }
  }
  return limit;
}

function quantile(values: readonly number[], q: number): number {
  return [...values].sort((a, b) => a - b)[Math.floor(q * values.length)] as number;
}

describe('the weights', () => {
  it('at the least expected rate are those of the test of 2 % against 10 %', () => {
    assert.ok(Math.abs(errorWeight(0.02) - Math.log(0.1 / 0.02)) < 1e-12);
    assert.ok(Math.abs(successWeight(0.02) - Math.log(0.98 / 0.9)) < 1e-12);
  });

  it('are zero for an error that was certain', () => {
    assert.ok(Math.abs(errorWeight(1)) < 1e-12);
  });
});

describe('a worker that fails 30 % of its tasks, one of eight', () => {
  for (const base of [0, 0.01]) {
    it(`is isolated after at most 60 of them (p95) when the others fail ${base * 100} %`, () => {
      const runs = Array.from({ length: 400 }, (_, seed) => tasksToIsolate(seed, ['f'], (worker) => (worker === 0 ? 0.3 : base)));
      assert.ok(quantile(runs, 0.95) <= 60, `p95 is ${quantile(runs, 0.95)}`);
    });
  }

  it('is isolated as soon when another function fails half of its tasks everywhere', () => {
    const rates: Rates = (worker, name) => (name === 'poison' ? 0.5 : worker === 0 ? 0.3 : 0.01);
    const names = ['f', 'f', 'f', 'f', 'f', 'f', 'f', 'f', 'f', 'poison'];
    const runs = Array.from({ length: 200 }, (_, seed) => tasksToIsolate(seed, names, rates));
    assert.ok(quantile(runs, 0.95) <= 120, `p95 is ${quantile(runs, 0.95)}`);
  });

  it('is suspect before it is isolated, and trusted again when it recovers in between', () => {
    const bench = new Bench(1);
    for (let round = 0; round < 40; round += 1) for (let worker = 1; worker < WORKERS; worker += 1) bench.execute(worker, 'f', 0);
    const [test] = bench.tests as [WorkerTest];
    const verdicts: Verdict[] = [];
    while (test.score < SUSPECT_AT) {
      verdicts.push(test.failed('f'));
      for (let worker = 1; worker < WORKERS; worker += 1) bench.execute(worker, 'f', 0);
    }
    assert.equal(verdicts.at(-1), 'suspect');
    assert.ok(test.score < ISOLATE_AT);
    let verdict: Verdict = 'none';
    for (let task = 0; task < 200 && verdict === 'none'; task += 1) verdict = test.succeeded('f');
    assert.equal(verdict, 'trust');
    assert.equal(test.score, 0);
  });
});

describe('nobody is isolated', () => {
  it('in ten million tasks that fail 1 % of the time, but at most once', () => {
    const bench = new Bench(2);
    bench.run(10_000_000, ['f'], () => 0.01);
    assert.ok(bench.counts.isolate <= 1, `${bench.counts.isolate} isolated`);
  });

  for (const rate of [0.05, 0.3, 0.9, 1]) {
    it(`by a function that begins to fail ${rate * 100} % of its tasks on every worker`, () => {
      const bench = new Bench(3);
      bench.run(20_000, ['f', 'g'], () => 0.002);
      bench.run(400_000, ['f', 'g'], (_worker, name) => (name === 'f' ? rate : 0.002));
      assert.equal(bench.counts.isolate, 0);
    });
  }

  it('when nobody else has executed the function: what is bad is not known', () => {
    const bench = new Bench(4);
    for (let task = 0; task < 1_000; task += 1) bench.execute(0, 'mine', 0.5);
    assert.equal(bench.counts.isolate, 0);
    assert.equal(bench.counts.suspect, 0);
    assert.ok(bench.counts.unproven > 0);
  });

  it('for errors that stopped long ago', () => {
    const bench = new Bench(5);
    bench.run(4_000, ['f'], (worker) => (worker === 0 ? 0.03 : 0));
    bench.run(40_000, ['f'], () => 0);
    assert.equal(bench.counts.isolate, 0);
    assert.equal(bench.all.watching, false, 'a function that has been well for long is not watched');
  });
});

it('half of the workers failing 40 % are all found, though they are what the others are compared with', () => {
  const bench = new Bench(6);
  const isolated = new Set<number>();
  for (let task = 0; task < 2_000; task += 1) {
    const worker = task % WORKERS;
    const rate = worker < 4 && !isolated.has(worker) ? 0.4 : 0;
    if (bench.execute(worker, 'f', rate) !== 'isolate') continue;
    isolated.add(worker);
    bench.replace(worker);
  }
  assert.deepEqual([...isolated].sort(), [0, 1, 2, 3]);
});
