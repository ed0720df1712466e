import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '../../runtime/random.js';
import { LatencyTests } from './latency-test.js';

/** Lognormal with median 1. */
function lognormal(sigma: number, random: () => number): number {
  return Math.exp(sigma * Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()));
}

/** Tasks that each of the workers executes in turn; returns the verdicts "slow" by worker, and how many tasks worker 0 had until its first. */
function run(workers: number, tasks: number, time: (worker: number, task: number) => number): { slow: number[]; first: number } {
  const all = new LatencyTests();
  const tests = Array.from({ length: workers }, () => all.join());
  const slow = new Array<number>(workers).fill(0);
  let first = Infinity;
  for (let task = 0; task < tasks; task += 1) {
    for (const [worker, test] of tests.entries()) {
      if (test.record('f', time(worker, task), task) !== true) continue;
      slow[worker] = (slow[worker] as number) + 1;
      if (worker === 0) first = Math.min(first, task + 1);
    }
  }
  return { slow, first };
}

describe('a slow worker', () => {
  for (const workers of [2, 8]) {
    it(`ten times as slow as the others is found within 30 of its tasks, one of ${workers}`, () => {
      for (let seed = 0; seed < 100; seed += 1) {
        const random = seededRandom(seed);
        const { slow, first } = run(workers, 30, (worker) => (worker === 0 ? 10 : 1) * lognormal(0.5, random));
        assert.ok(first <= 30, `seed ${seed}`);
        assert.deepEqual(slow.slice(1), new Array(workers - 1).fill(0));
      }
    });
  }

  it('is one for one function only, if it is so for that', () => {
    const all = new LatencyTests();
    const [a, b] = [all.join(), all.join()];
    const verdicts: (boolean | undefined)[] = [];
    for (let task = 0; task < 20; task += 1) {
      b.record('slow', 1, task);
      b.record('same', 5, task);
      verdicts.push(a.record('slow', 10, task), a.record('same', 5, task));
    }
    assert.deepEqual(
      verdicts.filter((verdict) => verdict !== undefined),
      [true, false].slice(0, verdicts.filter((verdict) => verdict !== undefined).length),
    );
    assert.equal(verdicts.at(-1), false);
  });
});

describe('nobody is slow', () => {
  for (const sigma of [0.5, 1, 2.4]) {
    it(`by chance, in 800,000 tasks whose times vary by a lognormal with sigma ${sigma}`, () => {
      const random = seededRandom(7);
      const { slow } = run(8, 100_000, () => lognormal(sigma, random));
      assert.deepEqual(slow, new Array(8).fill(0));
    });
  }

  it('by less than three times', () => {
    const { slow } = run(4, 1_000, (worker) => (worker === 0 ? 2.9 : 1));
    assert.deepEqual(slow, [0, 0, 0, 0]);
  });

  it('because the inputs grew while the others had nothing to do', () => {
    const all = new LatencyTests();
    const [busy, idle] = [all.join(), all.join()];
    for (let task = 0; task < 40; task += 1) {
      busy.record('f', 1, task);
      idle.record('f', 1, task);
    }
    for (let task = 40; task < 400; task += 1) assert.notEqual(busy.record('f', 50, task), true);
  });

  it('without others, or with too few of their times', () => {
    const all = new LatencyTests();
    const test = all.join();
    const gone = all.join();
    for (let task = 0; task < 100; task += 1) gone.record('f', 1, task);
    all.leave(gone);
    for (let task = 0; task < 100; task += 1) assert.equal(test.record('f', 10, task), undefined);
  });
});
