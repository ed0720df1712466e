import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { seededRandom } from '../../runtime/random.js';
import { signals } from './fixtures/signals.js';
import type { FunctionFlow } from './scaling-policy.js';
import { mayRecover, NOT_SLOW, observeSlow, waitsDownstream, type SlowMemory } from './slow-service.js';

const LOOK_MS = 250;

/** Functions whose executions are written down: looked at four times a second. */
class Executions {
  memory: SlowMemory = NOT_SLOW;
  nowMs = 0;
  slowLooks = 0;
  readonly #cpuDemand: number | undefined;
  readonly #functions = new Map<string, FunctionFlow>();

  constructor(cpuDemand: number | undefined) {
    this.#cpuDemand = cpuDemand;
  }

  /** @param perLook tells how long each execution of a look took, by name */
  run(forMs: number, perLook: () => Readonly<Record<string, readonly number[]>>): this {
    const { flow, host } = signals();
    for (const end = this.nowMs + forMs; this.nowMs < end;) {
      this.nowMs += LOOK_MS;
      for (const [name, all] of Object.entries(perLook())) this.#add(name, all);
      const seen = signals({ nowMs: this.nowMs, flow: { ...flow, functions: [...this.#functions.values()] }, host: { ...host, cpuDemand: this.#cpuDemand } });
      this.memory = observeSlow(this.memory, seen, LOOK_MS);
      if (this.slow) this.slowLooks += 1;
    }
    return this;
  }

  get slow(): boolean {
    return waitsDownstream(this.memory, this.#cpuDemand);
  }

  #add(name: string, all: readonly number[]): void {
    const known = this.#functions.get(name) ?? { name, count: 0, log: 0, logSquared: 0 };
    const sum = (power: number): number => all.reduce((total, ms) => total + Math.log(ms) ** power, 0);
    this.#functions.set(name, { name, count: known.count + all.length, log: known.log + sum(1), logSquared: known.logSquared + sum(2) });
  }
}

function times(count: number, ms: () => number): number[] {
  return Array.from({ length: count }, ms);
}

describe('a slow service behind the tasks', () => {
  it('shows within a second when tasks that mostly wait take twice as long', () => {
    const random = seededRandom(1);
    const calls = (factor: number) => () => ({ call: times(25, () => factor * (40 + 20 * random())) });
    const pool = new Executions(0.1).run(30_000, calls(1));
    assert.equal(pool.slowLooks, 0);
    assert.equal(pool.run(1_000, calls(2)).slow, true);
    assert.equal(pool.run(28_000, calls(2)).slow, true, 'still');
    assert.equal(mayRecover(pool.memory, pool.nowMs), true);
    assert.equal(mayRecover(pool.memory, pool.nowMs + 10_000), false);
    assert.equal(pool.run(2_000, calls(1)).slow, false, 'over');
  });

  it('shows beside many short tasks that do not use it', () => {
    const calls = (ms: number) => () => ({ short: times(40, () => 2), call: times(5, () => ms) });
    const pool = new Executions(0.1).run(30_000, calls(50));
    assert.equal(pool.run(2_000, calls(250)).slow, true);
  });

  it('is none when they take a little longer, when they compute, and when nobody knows', () => {
    const take = (ms: number) => () => ({ call: times(25, () => ms) });
    assert.equal(new Executions(0.1).run(30_000, take(20)).run(5_000, take(29)).slowLooks, 0);
    assert.equal(new Executions(0.6).run(30_000, take(20)).run(5_000, take(100)).slowLooks, 0);
    assert.equal(new Executions(undefined).run(30_000, take(20)).run(5_000, take(100)).slowLooks, 0);
  });

  it('is not seen in a mix that gets more of the longer function', () => {
    const pool = new Executions(0.1).run(30_000, () => ({ short: times(15, () => 4), long: [90] }));
    assert.equal(pool.run(30_000, () => ({ short: [4], long: times(15, () => 90) })).slowLooks, 0);
  });

  it('is not seen when a function that was never called before takes longer than the others', () => {
    const pool = new Executions(0.1).run(30_000, () => ({ short: times(15, () => 4) }));
    assert.equal(pool.run(30_000, () => ({ short: times(8, () => 4), long: times(8, () => 90) })).slowLooks, 0);
  });

  it('is not seen by chance in a function that takes 4 ms or 90, whatever comes first', () => {
    for (let seed = 1; seed <= 20; seed += 1) {
      const random = seededRandom(seed);
      const pool = new Executions(0.1).run(500, () => ({ work: times(4, () => 4) }));
      assert.equal(pool.run(60_000, () => ({ work: times(15, () => (random() < 0.5 ? 4 : 90)) })).slowLooks, 0, `seed ${seed}`);
    }
  });
});
