import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from '../../runtime/fixtures/fast-check.js';
import { staff, type Aim, type Demand } from './law.js';

const aim: Aim = { beta: 1, waitTargetMs: 100, drainMs: 200 };

function demand(overrides: Partial<Demand> = {}): Demand {
  return { arrivalsPerS: 0, serviceMs: 100, burstiness: 1, scv: 1, queueDepth: 0, oldestWaitMs: 0, inFlight: 0, concurrency: 1, ...overrides };
}

const anyDemand: fc.Arbitrary<Demand> = fc.record({
  arrivalsPerS: fc.oneof(fc.constant(0), fc.double({ min: 1e-9, max: 1, noNaN: true }), fc.double({ min: 1, max: 1e9, noNaN: true })),
  serviceMs: fc.oneof(fc.double({ min: 1e-6, max: 10, noNaN: true }), fc.double({ min: 10, max: 1e7, noNaN: true })),
  scv: fc.double({ min: 0, max: 16, noNaN: true }),
  burstiness: fc.double({ min: 1, max: 16, noNaN: true }),
  queueDepth: fc.oneof(fc.nat(5), fc.nat(1e7)),
  oldestWaitMs: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1e9, noNaN: true })),
  inFlight: fc.nat(4_096),
  concurrency: fc.integer({ min: 1, max: 2_048 }),
});

/** The probability that a task finds all of `workers` busy (Erlang's formula), for independent arrivals. */
function waitProbability(load: number, workers: number): number {
  let blocked = 1;
  for (let k = 1; k <= workers; k += 1) blocked = (load * blocked) / (k + load * blocked);
  const share = load / workers;
  return share >= 1 ? 1 : blocked / (1 - share + share * blocked);
}

describe('the law', () => {
  it('is the load by Little plus headroom that grows with its root', () => {
    const long: Aim = { ...aim, waitTargetMs: 1 };
    const terms = staff(demand({ arrivalsPerS: 160, serviceMs: 100 }), long);
    assert.deepEqual(terms, { load: 16, flow: 20, drain: 0, workers: 20, lasting: 20, enough: 19 });
    assert.equal(staff(demand({ arrivalsPerS: 160, burstiness: 4 }), long).workers, 24);
    assert.equal(staff(demand({ arrivalsPerS: 160, concurrency: 8 }), long).workers, 3, 'eight places in one worker');
  });

  it('gives tasks that are short beside the wait that is good less headroom, down to half', () => {
    const flow = (serviceMs: number): number => staff(demand({ arrivalsPerS: 64_000 / serviceMs, serviceMs }), aim).flow;
    assert.deepEqual([1_000, 250, 100, 1].map(flow), [72, 69.375, 68, 68]);
  });

  it('keeps the headroom in full where it is a fortieth of the load or less, and more of it where the times of tasks vary more', () => {
    const short = (load: number, scv = 1): number => staff(demand({ arrivalsPerS: load * 100, serviceMs: 10, scv }), aim).flow - load;
    assert.deepEqual([short(64), short(400), short(1_600), short(6_400)].map(Math.round), [4, 10, 40, 80]);
    assert.equal(short(64, 16), short(64, 4), 'beyond a limit it is not known well enough');
    assert.ok(short(6_400, 4) > short(6_400));
    assert.equal(short(64, 0), short(64), 'never less than for exponential times');
  });

  it('adds one place for each waiting task at most, and no more than the flow until they have waited too long', () => {
    assert.equal(staff(demand({ queueDepth: 3, serviceMs: 1e6, oldestWaitMs: 101 }), aim).drain, 3);
    assert.equal(staff(demand({ queueDepth: 1_000, arrivalsPerS: 20 }), aim).drain, 2 + Math.SQRT2, 'as the flow');
    assert.equal(staff(demand({ queueDepth: 1_000, arrivalsPerS: 20, oldestWaitMs: 101 }), aim).drain, 500);
  });

  it('grows on what is in use when the estimates are plainly wrong', () => {
    const wrong = demand({ arrivalsPerS: 1e-3, serviceMs: 1e-3, queueDepth: 5, inFlight: 8 });
    assert.equal(staff({ ...wrong, oldestWaitMs: 50 }, aim).workers, 1);
    assert.equal(staff({ ...wrong, oldestWaitMs: 5_000 }, aim).workers, 10);
  });

  it('keeps waits short at every load from 2 on: by the goal, by how long tasks are beside the wait that is good', () => {
    const lateShare = (load: number, serviceMs: number, beta: number): number => {
      const { workers } = staff(demand({ arrivalsPerS: (load * 1_000) / serviceMs, serviceMs }), { ...aim, beta });
      return waitProbability(load, workers) * Math.exp((-(workers - load) * aim.waitTargetMs) / serviceMs);
    };
    const most = [
      { serviceMs: 50, beta: 1, share: 0.06 },
      { serviceMs: 100, beta: 1, share: 0.07 },
      { serviceMs: 1_000, beta: 1, share: 0.27 },
      { serviceMs: 50, beta: 2, share: 0.015 },
      { serviceMs: 100, beta: 2, share: 0.035 },
      { serviceMs: 1_000, beta: 2, share: 0.06 },
    ];
    fc.assert(
      fc.property(fc.double({ min: 2, max: 400, noNaN: true }), fc.constantFrom(...most), (load, { serviceMs, beta, share }) => {
        const late = lateShare(load, serviceMs, beta);
        assert.ok(late <= share, `${late} of the tasks wait too long`);
      }),
    );
  });

  it('gives a finite whole number that no growth of the demand lowers', () => {
    fc.assert(
      fc.property(anyDemand, fc.constantFrom('arrivalsPerS', 'serviceMs', 'burstiness', 'queueDepth', 'oldestWaitMs', 'inFlight'), (seen, grown) => {
        const terms = staff(seen, aim);
        for (const [name, value] of Object.entries(terms)) assert.ok(Number.isFinite(value) && value >= 0, `${name} ${value}`);
        assert.ok(Number.isInteger(terms.workers));
        const more = staff({ ...seen, [grown]: seen[grown] * 2 + 1 }, aim);
        assert.ok(more.workers >= terms.workers, `${JSON.stringify(terms)} became ${JSON.stringify(more)}`);
      }),
    );
  });

  it('holds a pool to what the load occupies: no fewer workers than Little says', () => {
    fc.assert(
      fc.property(anyDemand, (seen) => {
        const { workers } = staff(seen, aim);
        assert.ok(workers * seen.concurrency >= ((seen.arrivalsPerS * seen.serviceMs) / 1_000) * (1 - 1e-9) - 1e-6);
      }),
    );
  });
});
