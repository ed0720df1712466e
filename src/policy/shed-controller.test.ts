import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from '../runtime/fixtures/fast-check.js';
import { ShedController } from './shed-controller.js';
import type { ShedSignals } from './shed-controller.js';

const CALM: ShedSignals = { elapsedMs: 100, arrivals: 40, inflow: 40, outflow: 40, queued: 8, queuedTarget: 8, spared: 0, freeSlots: 0, capacityPerMs: 0.4 };

/** A queue in fluid: what arrives and is not refused comes in, what the pool can do goes out. Returns the queue's length at each step. */
function fluid(controller: ShedController, arrivalsPerMs: number, capacityPerMs: number, steps: number, queued = 0): number[] {
  const lengths: number[] = [];
  for (let step = 0; step < steps; step += 1) {
    const inflow = arrivalsPerMs * (1 - controller.share) * 100;
    const outflow = Math.min(capacityPerMs * 100, queued + inflow);
    queued += inflow - outflow;
    const freeSlots = outflow < capacityPerMs * 100 ? 8 * (1 - outflow / (capacityPerMs * 100)) : 0;
    controller.update({ elapsedMs: 100, arrivals: arrivalsPerMs * 100, inflow, outflow, queued, queuedTarget: 8, spared: 0, freeSlots, capacityPerMs });
    lengths.push(queued);
  }
  return lengths;
}

describe('ShedController', () => {
  it('refuses nothing while as much goes out as comes in and the queue is short', () => {
    const controller = new ShedController(0.95);
    for (let step = 0; step < 100; step += 1) assert.equal(controller.update(CALM), 0);
  });

  for (const overload of [1.2, 2, 5, 15]) {
    it(`settles where the rest fits at ${overload} times the capacity, with the queue at its target`, () => {
      const controller = new ShedController(0.95);
      controller.begin(1 - 1 / overload);
      const lengths = fluid(controller, 0.4 * overload, 0.4, 150, 100);
      assert.ok(Math.abs(controller.share - (1 - 1 / overload)) < 0.01, `share ${controller.share}`);
      assert.ok(Math.abs((lengths.at(-1) as number) - 8) < 2, `queue ${lengths.at(-1)}`);
    });
  }

  it('finds the share within 5 s without a first guess', () => {
    const controller = new ShedController(0.95);
    fluid(controller, 0.8, 0.4, 50);
    assert.ok(Math.abs(controller.share - 0.5) < 0.1, `share ${controller.share}`);
  });

  it('stops refusing soon after the overload has ended, however long it was at its limit', () => {
    const controller = new ShedController(0.95);
    fluid(controller, 40, 0.4, 600);
    assert.equal(controller.share, 0.95);
    for (let step = 0; step < 30; step += 1) controller.update({ ...CALM, inflow: 28, outflow: 28, queued: 0, spared: 15, freeSlots: 2 });
    assert.equal(controller.share, 0);
  });

  it('does not rise while help is on its way, and may fall', () => {
    const controller = new ShedController(0.95);
    controller.begin(0.5);
    assert.equal(controller.update({ ...CALM, inflow: 80 }, false), 0.5);
    assert.ok(controller.update({ ...CALM, inflow: 20, freeSlots: 4 }, false) < 0.5);
  });

  it('never leaves 0 to the largest share, and more load never lowers it', () => {
    const signal = fc.record({ inflow: fc.nat(500), outflow: fc.nat(100), queued: fc.nat(1_000), spared: fc.nat(50), freeSlots: fc.nat(8), more: fc.nat(200) });
    fc.assert(
      fc.property(fc.array(signal, { maxLength: 50 }), fc.double({ min: 0, max: 1, noNaN: true }), (signals, shareMax) => {
        const [less, more] = [new ShedController(shareMax), new ShedController(shareMax)];
        for (const { more: surplus, ...each } of signals) {
          const share = less.update({ ...CALM, ...each });
          assert.ok(share >= 0 && share <= shareMax);
          assert.ok(more.update({ ...CALM, ...each, inflow: each.inflow + surplus }) >= share - 1e-9);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('forgets everything on reset', () => {
    const controller = new ShedController(0.95);
    controller.begin(0.9);
    controller.reset();
    assert.equal(controller.update(CALM), 0);
  });
});
