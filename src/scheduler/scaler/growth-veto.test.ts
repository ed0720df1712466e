import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { signals } from './fixtures/signals.js';
import { NO_VETO, observeVeto, vetoMax, type VetoMemory } from './growth-veto.js';

const LOOK_MS = 250;

/** A saturated pool over time: `workers` may change, and with it what ends in a second. */
class Saturated {
  memory: VetoMemory = NO_VETO;
  nowMs = 0;
  #finished = 0;

  run(forMs: number, workers: number, perS: number, cpuWait?: number): this {
    for (const end = this.nowMs + forMs; this.nowMs < end;) {
      this.nowMs += LOOK_MS;
      this.#finished += (perS * LOOK_MS) / 1_000;
      const { flow, host } = signals();
      const seen = signals({
        nowMs: this.nowMs,
        workers,
        busy: workers,
        queueDepth: 500,
        flow: { ...flow, finished: this.#finished },
        host: { ...host, cpuWait, cpuDemand: cpuWait === undefined ? undefined : 1 },
      });
      this.memory = observeVeto(this.memory, seen, 20);
    }
    return this;
  }

  get max(): number {
    return vetoMax(this.memory, this.nowMs);
  }
}

describe('the veto on growth', () => {
  it('comes when twice a growth brought no throughput, and is for the size before', () => {
    const pool = new Saturated().run(5_000, 4, 200);
    assert.equal(pool.run(3_000, 8, 210).max, Infinity, 'one measure proves nothing');
    assert.equal(pool.run(3_000, 8, 205).max, 4);
  });

  it('does not come when half of the growth arrives as throughput', () => {
    assert.equal(new Saturated().run(5_000, 4, 200).run(10_000, 8, 310).max, Infinity);
    assert.equal(new Saturated().run(5_000, 4, 200).run(10_000, 5, 240).max, Infinity);
  });

  it('does not come for what chance does to counts: a tenth more workers show in hundreds of executions only', () => {
    assert.equal(new Saturated().run(5_000, 19, 172).run(20_000, 21, 174).max, Infinity);
    assert.equal(new Saturated().run(5_000, 19, 1_720).run(20_000, 21, 1_740).max, 19);
  });

  it('lasts a minute, and twice as long when growth fails again', () => {
    const pool = new Saturated().run(5_000, 4, 200).run(6_000, 8, 200);
    assert.equal(pool.max, 4);
    assert.equal(pool.run(60_000, 4, 200).max, Infinity, 'over');
    pool.run(6_000, 8, 200);
    assert.equal(pool.run(60_000, 4, 200).max, 4, 'still');
    assert.equal(pool.run(61_000, 4, 200).max, Infinity);
  });

  it('comes at once when workers that compute wait for the CPU', () => {
    assert.equal(new Saturated().run(5_000, 6, 200, 0.4).max, 6);
    assert.equal(new Saturated().run(5_000, 6, 200, 0.1).max, Infinity);
  });

  it('takes no measure while the workers have time: then throughput is demand', () => {
    let memory = NO_VETO;
    for (let nowMs = 0; nowMs < 20_000; nowMs += LOOK_MS) {
      const workers = nowMs < 10_000 ? 4 : 8;
      const seen = signals({ nowMs, workers, busy: 2, queueDepth: 0, flow: { ...signals().flow, finished: nowMs / 10 } });
      memory = observeVeto(memory, seen, 20);
    }
    assert.equal(memory.last, undefined);
    assert.equal(vetoMax(memory, 20_000), Infinity);
  });
});
