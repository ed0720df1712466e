/**
 * Overload, with the queue, scheduler, pool and control that ship, over simulated workers in virtual time: eight workers, executions of 20 ms on average
 * (exponential), so 400 tasks a second; Poisson arrivals; every figure over several seeds.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { OverloadError } from '../errors.js';
import type { Random } from '../runtime/random.js';
import {
  among,
  busyShare,
  CAPACITY_PER_S,
  exponential,
  loadOf,
  ofLevel,
  OverloadSim,
  quantile,
  refused,
  SERVICE_MS,
  waits,
  withSim,
  WORKERS,
} from './fixtures/overload-sim.js';
import type { Load } from './fixtures/overload-sim.js';
import type { PoolEvents } from './events.js';
import type { PoolOptions } from './options.js';

const SEEDS = [1, 2, 3];
const MIX = among({ critical: 0.16, normal: 0.5, low: 0.34 });

const load = (times: number, level: (random: Random) => string = MIX): Load => loadOf(times, level);

describe('at twice the capacity', { timeout: 180_000 }, () => {
  for (const seed of SEEDS) {
    test(`at least 95 % of the capacity goes into answers, and the share refused is steady (seed ${seed})`, async () => {
      await withSim(seed, { overload: 'adaptive' }, async (sim) => {
        await sim.run(load(2), 3_000);
        const shares: number[] = [];
        for (let window = 0; window < 4; window += 1) {
          const outcomes = await sim.run(load(2), 5_000);
          assert.ok(busyShare(outcomes, 5_000) >= 0.95, `goodput ${busyShare(outcomes, 5_000)}`);
          shares.push(refused(outcomes).length / outcomes.length);
        }
        const mean = shares.reduce((sum, share) => sum + share) / shares.length;
        for (const share of shares) assert.ok(Math.abs(share - mean) <= 0.03, `${shares.join(', ')}`);
        assert.ok(refused(sim.outcomes).every(({ code, retryAfterMs }) => code === 'ERR_OVERLOAD' && retryAfterMs >= 1));
      });
    });

    test(`the least urgent are refused first, and the top level is never (seed ${seed})`, async () => {
      await withSim(seed, { overload: 'adaptive' }, async (sim) => {
        await sim.run(load(2), 2_000);
        const outcomes = await sim.run(load(2), 4_000);
        const share = (level: string): number => refused(ofLevel(outcomes, level)).length / ofLevel(outcomes, level).length;
        assert.equal(share('critical'), 0);
        assert.ok(share('low') > 0.8 && share('normal') > 0.2 && share('normal') < 0.6, `low ${share('low')}, normal ${share('normal')}`);
      });
    });
  }

  test('the top level waits at most 1.5 times as long as without overload (p99)', async () => {
    const [calm, overloaded]: [number[], number[]] = [[], []];
    for (const seed of SEEDS) {
      // The same urgent traffic in both; what makes the difference is the rest.
      calm.push(...(await topWaits(seed, 0.8)));
      overloaded.push(...(await topWaits(seed, 2)));
    }
    const ratio = quantile(overloaded, 0.99) / quantile(calm, 0.99);
    assert.ok(ratio <= 1.5, `p99 ${quantile(overloaded, 0.99)} ms against ${quantile(calm, 0.99)} ms`);
  });

  for (const seed of SEEDS) {
    test(`a top level that is beyond the capacity by itself waits little longer than it should, and the pool stays busy (seed ${seed})`, async () => {
      await withSim(seed, { overload: 'adaptive' }, async (sim) => {
        const most = load(5, among({ critical: 0.25, normal: 0.75 }));
        await sim.run(most, 3_000);
        const outcomes = await sim.run(most, 10_000, 500);
        const top = ofLevel(outcomes, 'critical');
        assert.ok(quantile(waits(top), 0.99) <= 3 * SERVICE_MS, `p99 ${quantile(waits(top), 0.99)} ms`);
        assert.ok(busyShare(outcomes, 10_000) >= 0.95, `goodput ${busyShare(outcomes, 10_000)}`);
      });
    });
  }

  test('a pool without the control lets all of them wait for longer and longer', async () => {
    await withSim(1, {}, async (sim) => {
      await sim.run(load(2), 5_000);
      const outcomes = await sim.run(load(2), 2_000);
      assert.equal(refused(outcomes).length, 0);
      assert.ok(quantile(waits(ofLevel(outcomes, 'critical')), 0.99) > 500);
    });
  });
});

async function topWaits(seed: number, times: number): Promise<number[]> {
  return withSim(seed, { overload: 'adaptive' }, async (sim) => {
    const top = 0.128 / times;
    const mix = among({ critical: top, normal: 0.6 * (1 - top), low: 0.4 * (1 - top) });
    await sim.run(load(times, mix), 3_000);
    return waits(ofLevel(await sim.run(load(times, mix), 8_000, 500), 'critical'));
  });
}

describe('below the capacity', { timeout: 180_000 }, () => {
  for (const seed of SEEDS) {
    test(`next to nothing is refused: none at 50 %, below 0.5 % at 80 % (seed ${seed})`, async () => {
      await withSim(seed, { overload: 'adaptive' }, async (sim) => {
        assert.equal(refused(await sim.run(load(0.5), 5_000)).length, 0);
        const outcomes = await sim.run(load(0.8), 10_000);
        assert.ok(refused(outcomes).length / outcomes.length < 0.005);
      });
    });
  }

  test('a pool that says nothing of overload takes a batch of any length', async () => {
    await withSim(1, { queue: { max: Infinity } }, async (sim) => {
      for (let n = 0; n < 20_000; n += 1) sim.submit('normal', 1);
      await sim.clock.advance(4_000);
      assert.equal(refused(sim.outcomes).length, 0);
      assert.equal(sim.outcomes.length, 20_000);
      const { on, refused: counts, shed } = sim.pool.stats().overload;
      assert.deepEqual([on, counts, shed], [false, { maxWait: 0, priority: 0, memory: 0 }, { sojourn: 0 }]);
    });
  });
});

describe('a burst of five times the load for 10 s, with clients that give up after 500 ms and try again three times', { timeout: 180_000 }, () => {
  for (const seed of SEEDS.slice(0, 2)) {
    test(`is over 5 s after it ends, and wastes less than a fifth of the work (seed ${seed})`, async () => {
      await withSim(seed, { overload: 'adaptive' }, async (sim) => {
        const clients = new Clients(sim);
        clients.run((ms) => (ms >= 1_000 && ms < 11_000 ? 5 : 0.7), 18_000);
        await sim.clock.advance(20_000);
        const executions = [...sim.simulation.begun.values()].reduce((sum, count) => sum + count, 0);
        const answered = clients.requests.filter(({ ok }) => ok).length;
        assert.ok(executions / answered <= 1.2, `${executions} executions for ${answered} answers`);
        const after = clients.requests.filter(({ at }) => at >= 16_000);
        const smooth = after.filter(({ ok, tries }) => ok && tries === 1).length / after.length;
        assert.ok(smooth >= 0.99, `${smooth} answered at the first try from 5 s after the burst`);
        const during = clients.requests.filter(({ at, ok }) => ok && at >= 1_000 && at < 11_000).length;
        assert.ok(during >= 0.95 * 10 * CAPACITY_PER_S, `${during} answered of the burst`);
        assert.equal(sim.pool.stats().overload.on, false);
      });
    });
  }
});

/** Clients that want an answer within 500 ms and try again when they get none. */
class Clients {
  readonly requests: { readonly at: number; tries: number; ok: boolean }[] = [];
  readonly #sim: OverloadSim;
  readonly #from: number;

  constructor(sim: OverloadSim) {
    this.#sim = sim;
    this.#from = sim.clock.now();
  }

  run(times: (ms: number) => number, forMs: number): void {
    const { clock, random } = this.#sim;
    const at = clock.now() - this.#from;
    const gapMs = (-Math.log(1 - random()) * 1_000) / (times(at) * CAPACITY_PER_S);
    if (at + gapMs >= forMs) return;
    clock.setTimer(gapMs, () => {
      const request = { at: at + gapMs, tries: 0, ok: false };
      this.requests.push(request);
      this.#try(request, MIX(random));
      this.run(times, forMs);
    });
  }

  #try(request: { tries: number; ok: boolean }, level: string): void {
    const { clock, random } = this.#sim;
    request.tries += 1;
    this.#sim.submit(level, exponential(SERVICE_MS)(random), { deadline: 500 }).result.then(
      () => {
        request.ok = true;
      },
      (error: { retryAfter?: number }) => {
        if (request.tries <= 3) clock.setTimer(Math.max(50, error.retryAfter ?? 100) * (0.5 + random()), () => this.#try(request, level));
      },
    );
  }
}

describe('the control', { timeout: 180_000 }, () => {
  test('gives up what has waited too long in interactive levels only, and only while they are overloaded', async () => {
    const options: PoolOptions = { overload: { interactive: ['normal'], target: 50, interval: 200, refuseMax: 0 }, queue: { max: Infinity } };
    await withSim(1, options, async (sim) => {
      for (let n = 0; n < 60; n += 1) sim.submit('normal', SERVICE_MS);
      await sim.clock.advance(400);
      assert.equal(refused(sim.outcomes).length, 0, 'a burst that is gone within the interval is none');
      const mixed = load(2, among({ normal: 0.7, low: 0.3 }));
      await sim.run(mixed, 1_500);
      const outcomes = await sim.run(mixed, 5_000, 100);
      assert.equal(refused(ofLevel(outcomes, 'low')).length, 0);
      const given = refused(ofLevel(outcomes, 'normal'));
      assert.ok(given.length > 500);
      // The pool counts in whole ms.
      assert.ok(given.every(({ code, submittedAt, endedAt }) => code === 'ERR_OVERLOAD' && endedAt - submittedAt >= 49));
      assert.ok(quantile(waits(ofLevel(outcomes, 'normal')), 1) <= 70, 'nothing is begun that has waited for much longer');
      assert.equal(sim.pool.stats().overload.shed.sojourn, refused(sim.outcomes).length);
    });
  });

  test('runs the newest first in such levels, where it is asked to', async () => {
    const waited: number[] = [];
    for (const newestFirst of [false, true]) {
      const options: PoolOptions = { overload: { interactive: ['normal'], newestFirst, target: 50, interval: 200, refuseMax: 0 }, queue: { max: Infinity } };
      await withSim(1, options, async (sim) => {
        await sim.run(
          load(2, () => 'normal'),
          2_000,
        );
        waited.push(
          quantile(
            waits(
              await sim.run(
                load(2, () => 'normal'),
                5_000,
                100,
              ),
            ),
            0.5,
          ),
        );
      });
    }
    assert.ok((waited[1] as number) < 5 && (waited[0] as number) > 30, `medians ${waited.join(', ')}`);
  });

  test('tells when each step begins and ends', async () => {
    await withSim(1, { overload: { refuseMax: 0.9 } }, async (sim) => {
      const events: PoolEvents['overload'][] = [];
      sim.pool.on('overload', (event) => events.push(event));
      await sim.run(
        load(3, () => 'normal'),
        4_000,
      );
      assert.ok(sim.pool.stats().overload.on);
      assert.deepEqual(sim.pool.stats().overload.levels, ['normal']);
      await sim.clock.advance(10_000);
      const [first] = events;
      assert.ok(first !== undefined && first.on && first.step === 'sojourn' && first.level === 'normal');
      assert.ok((first.waitMs as number) > (first.targetMs as number));
      for (const step of ['sojourn', 'priority'] as const) {
        const states = events.filter((event) => event.step === step).map(({ on }) => on);
        assert.deepEqual([states[0], states.at(-1)], [true, false], step);
        states.forEach((on, index) => assert.equal(on, index % 2 === 0, `${step} takes turns`));
      }
      assert.equal(sim.pool.stats().overload.on, false);
    });
  });

  test('takes no pause for overload', async () => {
    await withSim(1, { overload: 'adaptive', queue: { max: Infinity } }, async (sim) => {
      const events: [string, boolean][] = [];
      sim.pool.on('overload', ({ step, on }) => events.push([step, on]));
      await sim.run(
        load(3, () => 'normal'),
        1_000,
      );
      assert.deepEqual(events.at(0), ['sojourn', true]);
      sim.pool.pause();
      await sim.clock.advance(10_000);
      assert.equal(sim.pool.stats().overload.on, false);
      assert.deepEqual(sim.pool.stats().overload.levels, []);
      assert.equal(events.filter(([step]) => step === 'sojourn').at(-1)?.[1], false);
      sim.pool.resume();
      await sim.clock.advance(5_000);
      assert.equal(sim.pool.stats().queue.depth, 0);
    });
  });

  test('takes or refuses together what has one correlation id', async () => {
    await withSim(1, { overload: 'adaptive' }, async (sim) => {
      await sim.run(
        load(2, () => 'normal'),
        3_000,
      );
      let split = 0;
      let halves = 0;
      for (let request = 0; request < 200; request += 1) {
        sim.run(
          load(2, () => 'normal'),
          20,
        );
        await sim.clock.advance(20);
        // Below that nobody is refused, whatever its rank.
        if (sim.pool.stats().queue.depth < WORKERS) continue;
        const parts = [1, 2, 3].map(() => sim.submit('normal', SERVICE_MS, { correlationId: `request-${request}` }).isComplete());
        halves += parts.includes(true) ? 1 : 0;
        split += parts.includes(true) && parts.includes(false) ? 1 : 0;
      }
      assert.ok(halves > 10, `${halves} requests were refused`);
      assert.equal(split, 0);
    });
  });

  test('lets callers that feed at the pace of the pool wait, and refuses none of their tasks', async () => {
    await withSim(1, { overload: 'adaptive' }, async (sim) => {
      await sim.run(
        load(2, () => 'normal'),
        2_000,
      );
      const results: unknown[] = [];
      const reading = (async () => {
        const inputs = Array.from({ length: 60 }, (_, key) => ({ ms: 5, outcome: 'ok', key: 1e6 + key }));
        for await (const value of sim.pool.map('play', inputs, { priority: 'normal' })) results.push(value);
      })();
      await sim.run(
        load(2, () => 'normal'),
        2_000,
      );
      await sim.clock.advance(5_000);
      await reading;
      assert.equal(results.length, 60);
    });
  });

  test('waits for workers that start before it refuses', async () => {
    const sim = new OverloadSim(1, { size: WORKERS, submitStack: false, overload: { target: 5, interval: 10 } });
    for (let n = 0; n < 40; n += 1) sim.submit('normal', 1);
    await sim.clock.advance(500);
    assert.equal(refused(sim.outcomes).length, 0);
    assert.equal(sim.outcomes.length, 40);
    await sim.close();
  });

  test('gives up half of the lowest level at each look, and refuses it and large arguments, while memory runs out', async () => {
    await withSim(1, { overload: { memory: 1e-6, refuseMax: 0 }, queue: { max: Infinity } }, async (sim) => {
      const events: PoolEvents['overload'][] = [];
      sim.pool.on('overload', (event) => events.push(event));
      for (let n = 0; n < 100; n += 1) sim.submit('normal', 1_000);
      for (let n = 0; n < 400; n += 1) sim.submit('low', 1_000);
      await sim.clock.advance(150);
      assert.deepEqual(
        events.map(({ on, step }) => [on, step]),
        [[true, 'memory']],
      );
      assert.equal(sim.pool.stats().queue.byLevel['low'], 200);
      assert.equal((sim.submit('low', 1).getError() as OverloadError).step, 'memory');
      assert.equal(sim.submit('normal', 1).isComplete(), false);
      const large = sim.pool.submit('play', [{ ms: 1, outcome: 'ok', key: 9_999, bytes: new Uint8Array(100_000) }]);
      assert.match((large.getError() as Error).message, /memory runs out/);
      await sim.clock.advance(500);
      assert.equal(sim.pool.stats().queue.byLevel['low'], 100);
      assert.ok((sim.pool.stats().queue.byLevel['normal'] as number) >= 80, 'the others wait on');
    });
  });
});

describe('invariants against a collapse that feeds itself', { timeout: 180_000 }, () => {
  test('nothing that has expired is begun', async () => {
    await withSim(1, { overload: 'adaptive', queue: { max: Infinity } }, async (sim) => {
      const outcomes = await sim.run({ ...load(3), options: { deadline: 100 } }, 3_000, 200);
      const late = outcomes.filter(({ code, submittedAt, endedAt, serviceMs }) => code === undefined && endedAt - serviceMs > submittedAt + 100);
      assert.equal(late.length, 0);
    });
  });

  test('nothing is attempted again while the pool is saturated, and at most a fifth otherwise', async () => {
    await withSim(1, { overload: 'adaptive', retry: { attempts: 5, backoff: 10 } }, async (sim) => {
      const failing: Load = { ...load(0.5), serviceMs: exponential(SERVICE_MS), script: { outcome: 'throw' } };
      await sim.run(failing, 10_000);
      const calm = sim.pool.stats().tasks;
      assert.ok(calm.retried > 100 && calm.retried <= 0.2 * calm.submitted + 200, `${calm.retried} of ${calm.submitted}`);
      await sim.run({ ...failing, perSecond: () => 3 * CAPACITY_PER_S }, 3_000);
      const before = sim.pool.stats().tasks.retried;
      assert.ok(sim.pool.stats().overload.on);
      await sim.run({ ...failing, perSecond: () => 3 * CAPACITY_PER_S }, 3_000);
      assert.equal(sim.pool.stats().tasks.retried, before);
    });
  });

  test('refused tasks earn no retries', async () => {
    await withSim(1, { size: 1, queue: { max: 1 }, retry: { attempts: 500, backoff: 1 } }, async (sim) => {
      for (let n = 0; n < 5_000; n += 1) sim.submit('normal', 1, undefined, { outcome: 'throw' });
      await sim.clock.advance(5_000);
      assert.ok(sim.pool.stats().tasks.retried <= 101, `${sim.pool.stats().tasks.retried} retries: what is free a pool without traffic`);
    });
  });

  test('a backlog drains once the trigger is gone, with the workers there are', async () => {
    for (const seed of SEEDS) {
      await withSim(seed, { overload: 'adaptive' }, async (sim) => {
        await sim.run(load(5), 4_000);
        await sim.run(load(0.8), 2_000);
        assert.ok(sim.pool.stats().queue.depth <= 4 * WORKERS, `${sim.pool.stats().queue.depth} still wait`);
        assert.ok(sim.pool.stats().workers.total === WORKERS);
      });
    }
  });
});
