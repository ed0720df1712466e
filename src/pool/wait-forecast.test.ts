/** What callers are told, and what `maxWait` goes by, held against what then happens. The simulated pool is that of `overload-control.test.ts`. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { OverloadError } from '../errors.js';
import { ManualClock } from '../runtime/manual-clock.js';
import { PoolCore } from './core.js';
import { busyShare, exponential, loadOf, quantile, refused, SERVICE_MS, waits, withSim } from './fixtures/overload-sim.js';
import { normaliseOptions } from './normalise-options.js';
import { WaitForecast } from './wait-forecast.js';

const LOAD = loadOf(2, () => 'normal');

describe('retryAfter', () => {
  for (const [name, options] of [
    ['a full queue', { queue: { max: 200 } }],
    ['maxWait', { queue: { max: Infinity, maxWait: 400 } }],
  ] as const) {
    test(`of ${name} is when what waits will have begun`, async () => {
      await withSim(1, options, async (sim) => {
        const ratios: number[] = [];
        const ends = new Map<number, number>();
        sim.pool.on('dispatched', ({ taskId }) => ends.set(Number.parseInt(taskId.slice(-5), 36), sim.clock.now()));
        let last = 0;
        const foretold: { readonly at: number; readonly retryAfterMs: number; readonly behind: number }[] = [];
        const { random, clock } = sim;
        const arrive = (): void => {
          const task = sim.submit('normal', exponential(SERVICE_MS)(random));
          if (task.isComplete()) foretold.push({ at: clock.now(), retryAfterMs: (task.getError() as OverloadError).retryAfter, behind: last });
          else last = Number.parseInt(task.id.slice(-5), 36);
          if (clock.now() < 9_000) clock.setTimer(1.25, arrive);
        };
        arrive();
        await clock.advance(12_000);
        for (const { at, retryAfterMs, behind } of foretold) ratios.push(((ends.get(behind) as number) - at) / retryAfterMs);
        assert.ok(ratios.length > 500, `${ratios.length} refusals`);
        assert.ok(
          quantile(ratios, 0.1) > 0.6 && quantile(ratios, 0.9) < 1.5,
          `p10 ${quantile(ratios, 0.1)}, p50 ${quantile(ratios, 0.5)}, p90 ${quantile(ratios, 0.9)}`,
        );
      });
    });
  }
});

describe('maxWait', () => {
  test('keeps what is admitted from waiting much longer, and refuses no more than it must', async () => {
    await withSim(1, { queue: { max: Infinity, maxWait: 200 } }, async (sim) => {
      await sim.run(LOAD, 2_000);
      const outcomes = await sim.run(LOAD, 10_000, 500);
      assert.ok(quantile(waits(outcomes), 0.99) < 300, `p99 ${quantile(waits(outcomes), 0.99)}`);
      assert.ok(busyShare(outcomes, 10_000) > 0.97);
      assert.ok(refused(outcomes).every(({ code }) => code === 'ERR_OVERLOAD'));
      assert.equal(sim.pool.stats().overload.refused.maxWait, refused(sim.outcomes).length);
    });
  });

  test('of a level holds for that level', async () => {
    await withSim(1, { queue: { levels: { urgent: { headStart: 0, maxWait: 50 }, batch: { headStart: 1_000 } } } }, async (sim) => {
      for (let n = 0; n < 200; n += 1) sim.submit('batch', SERVICE_MS);
      await sim.clock.advance(100);
      const urgent = Array.from({ length: 40 }, () => sim.submit('urgent', SERVICE_MS));
      const taken = urgent.filter((task) => !task.isComplete()).length;
      assert.ok(taken >= 15 && taken <= 30, `50 ms are 20 executions on eight workers: ${taken} taken`);
      const error = urgent.at(-1)?.getError() as OverloadError;
      assert.match(error.message, /would wait about \d+ ms in level urgent, which is more than the 50 ms allowed/);
      assert.equal(error.step, 'max-wait');
    });
  });

  for (const whenFull of ['wait', 'dead-letter'] as const) {
    test(`obeys whenFull '${whenFull}'`, async () => {
      await withSim(1, { queue: { max: Infinity, maxWait: 100, whenFull } }, async (sim) => {
        for (let n = 0; n < 100; n += 1) sim.submit('normal', SERVICE_MS);
        await sim.clock.advance(60);
        for (let n = 0; n < 100; n += 1) sim.submit('normal', SERVICE_MS);
        const { waiting } = sim.pool.stats().queue;
        if (whenFull === 'wait') assert.ok(waiting > 40, `${waiting} wait outside`);
        else assert.ok(sim.pool.deadLetters.list({ reason: 'overload' }).length > 40);
        await sim.clock.advance(2_000);
        assert.equal(refused(sim.outcomes).length, whenFull === 'wait' ? 0 : sim.pool.deadLetters.size);
        assert.equal(sim.outcomes.length, 200);
      });
    });
  }
});

describe('a forecast', () => {
  test('does not have the queue looked at: it is asked for in every look while a task waits for room', async () => {
    const core = new PoolCore(normaliseOptions({ clock: new ManualClock() }));
    let looks = 0;
    core.onFlush = () => void (looks += 1);
    const forecast = new WaitForecast(core);
    for (const ask of [() => forecast.perMs(), () => forecast.serviceMs(4), () => forecast.waitMs(0), () => forecast.retryAfterMs()]) ask();
    await Promise.resolve();
    assert.equal(looks, 0);
  });
});
