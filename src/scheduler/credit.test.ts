import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from '../runtime/fixtures/fast-check.js';
import { creditFor, holdsTooMuch, packingFor, reserveFor, togetherFor } from './credit.js';

describe('creditFor', () => {
  it('sends half a millisecond of work ahead', () => {
    assert.deepEqual([creditFor(1, 0.1, 1_023, 0), creditFor(1, 0.01, 1_023, 0), creditFor(4, 0.25, 1_023, 0)], [6, 51, 6]);
  });

  it('sends nothing ahead of long tasks, nor while their length is unknown', () => {
    assert.deepEqual([creditFor(1, 0.6, 1_023, 0), creditFor(3, 1_000, 1_023, 0), creditFor(2, Number.NaN, 1_023, 8)], [1, 3, 2]);
  });

  it('sends nothing ahead where it could not be taken back', () => {
    assert.equal(creditFor(2, 0.001, 0, 8), 2);
  });

  it('is a whole number from the concurrency to the limit', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 64 }),
        fc.double({ min: 0 }),
        fc.nat({ max: 1_023 }),
        fc.nat(),
        fc.boolean(),
        (concurrency, serviceMs, prefetchMax, queued, isCounted) => {
          const credit = creditFor(concurrency, serviceMs, prefetchMax, reserveFor(serviceMs, queued, isCounted));
          assert.ok(Number.isInteger(credit) && credit >= concurrency && credit <= concurrency + prefetchMax);
        },
      ),
    );
  });
});

describe('reserveFor', () => {
  it('is a quarter of the queue of each worker, and some ms of work', () => {
    assert.deepEqual([reserveFor(1, 16, false), reserveFor(1, 1_000, false), reserveFor(0.1, 1_000, false), reserveFor(0.05, 1e6, false)], [4, 8, 80, 160]);
  });

  it('is one of tasks that are longer than some ms', () => {
    assert.deepEqual([reserveFor(4, 1e6, false), reserveFor(10, 1e6, false), reserveFor(50, 4, false), reserveFor(10, 3, false)], [2, 1, 1, 0]);
  });

  it('is nothing of them where the time is bounded that they may wait', () => {
    assert.deepEqual([reserveFor(2.1, 1e6, true), reserveFor(1, 1e6, true)], [0, 8]);
  });

  it('is nothing out of a short queue, of long tasks, and while their length is unknown', () => {
    assert.deepEqual([reserveFor(1, 3, false), reserveFor(0.1, 20, false), reserveFor(50.1, 1e6, false), reserveFor(Number.NaN, 1e6, false)], [0, 0, 0, 0]);
  });

  it('is nothing for tasks so short that as many are sent ahead out of any queue', () => {
    assert.deepEqual([reserveFor(0.001, 1e6, false), reserveFor(0, 1e6, false)], [0, 0]);
  });
});

describe('togetherFor', () => {
  it('lets one worker have some ms of work, and less of what takes it longer', () => {
    assert.deepEqual([togetherFor(0.002), togetherFor(0.008), togetherFor(0.1), togetherFor(0), togetherFor(Number.NaN)], [2_000, 500, 40, 0, 0]);
  });
});

describe('holdsTooMuch', () => {
  it('asks for much more than the worker may be sent, and for long work', () => {
    assert.deepEqual(
      [holdsTooMuch(900, 250, 0.075), holdsTooMuch(400, 250, 0.075), holdsTooMuch(16, 5, 0.1), holdsTooMuch(900, 250, NaN)],
      [true, false, false, false],
    );
  });
});

describe('packingFor', () => {
  it('counts as one what a worker that is awake does while another would be woken', () => {
    assert.deepEqual([packingFor(0.015, false), packingFor(0.007, true), packingFor(0.003, false)], [1, 2, 3]);
  });

  it('compares long tasks, and tasks of unknown length, one by one', () => {
    assert.deepEqual([packingFor(0.02, true), packingFor(1, true), packingFor(Infinity, true), packingFor(Number.NaN, true)], [0, 0, 0, 0]);
  });

  it('keeps tasks that cost less than their hand-over together, up to a limit', () => {
    assert.deepEqual([packingFor(0.001, false), packingFor(0.0001, false), packingFor(0, false)], [10, 10, 10]);
  });

  it('keeps somewhat longer ones together where another worker would take the core of the pool', () => {
    assert.deepEqual([packingFor(0.003, true), packingFor(0.004, true)], [10, 2]);
  });

  it('keeps those together that cost a worker no more than the pool spends on them, as it has been measured', () => {
    assert.deepEqual([packingFor(0.012, false, 0.02), packingFor(0.012, false), packingFor(0.012, false, 0.01)], [10, 1, 1]);
    assert.deepEqual([packingFor(0.02, true, 0.015), packingFor(0.02, true), packingFor(0.02, true, 0.01)], [10, 0, 0]);
    assert.deepEqual([packingFor(0.003, true, 0.0001), packingFor(0.001, false, 0)], [10, 10], 'a quick clock takes nothing away');
    assert.equal(packingFor(0.1, true, 1), 0, 'what takes long goes to as many as there are');
  });
});
