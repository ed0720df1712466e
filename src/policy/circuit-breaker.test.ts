import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { CircuitBreaker, normaliseBreaker, TRIP_ONLY } from './circuit-breaker.js';
import type { BreakerPlan } from './circuit-breaker.js';

const PLAN: BreakerPlan = { errorRate: 0.5, minimum: 10, windowMs: 1_000, openMs: 100, openMsMax: 400 };

function breaker(plan: BreakerPlan = PLAN): CircuitBreaker {
  return new CircuitBreaker(plan, () => 0.5);
}

function opened(): CircuitBreaker {
  const each = breaker();
  assert.equal(each.trip(0), true);
  return each;
}

describe('a closed breaker', () => {
  it('opens when more than the rate has failed, not before the least number of attempts', () => {
    const each = breaker();
    for (let attempt = 0; attempt < 9; attempt += 1) assert.equal(each.failed(0, false), false);
    assert.equal(each.failed(0, false), true);
    assert.equal(each.state, 'open');
    assert.equal(each.failed(0, false), false, 'once');
  });

  it('stays closed at the rate itself', () => {
    const each = breaker();
    for (let attempt = 0; attempt < 100; attempt += 1) {
      each.succeeded(attempt, false);
      assert.equal(each.failed(attempt, false), false);
    }
  });

  it('forgets what is older than its window', () => {
    const each = breaker();
    for (let attempt = 0; attempt < 9; attempt += 1) each.failed(0, false);
    for (let attempt = 0; attempt < 9; attempt += 1) assert.equal(each.failed(1_100, false), false);
    assert.equal(each.failed(1_100, false), true);
  });

  it('counts nothing when only crash loops open it', () => {
    const each = breaker(TRIP_ONLY);
    for (let attempt = 0; attempt < 1_000; attempt += 1) assert.equal(each.failed(attempt, false), false);
    assert.equal(each.trip(1_000), true);
  });
});

describe('an open breaker', () => {
  it('refuses, and says for how long', () => {
    const each = opened();
    assert.equal(each.tryEnter(40), false);
    assert.equal(each.retryAfterMs(40), 60);
    assert.equal(each.openUntil, 100);
    assert.equal(each.retryAfterMs(99.9), 1);
  });

  it('is half-open when its time is over: one probe, then two, then four, and closed', () => {
    const each = opened();
    for (const probes of [1, 2, 4]) {
      for (let probe = 0; probe < probes; probe += 1) assert.equal(each.tryEnter(100), true);
      assert.equal(each.tryEnter(100), false);
      assert.equal(each.state, 'half-open');
      for (let probe = 0; probe < probes; probe += 1) assert.equal(each.succeeded(110, true), probes === 4 && probe === 3);
    }
    assert.equal(each.state, 'closed');
    assert.equal(each.tryEnter(110), true);
    assert.equal(each.failed(110, false), false, 'with a clean slate');
  });

  it('opens for twice as long with each probe that fails, up to a limit, and from the beginning once it was closed', () => {
    const each = opened();
    let now = 100;
    for (const lasts of [200, 400, 400]) {
      assert.equal(each.tryEnter(now), true);
      assert.equal(each.failed(now, true), true);
      assert.equal(each.openUntil - now, lasts);
      now = each.openUntil;
    }
    for (let probe = 0; probe < 7; probe += 1) {
      assert.equal(each.tryEnter(now), true);
      each.succeeded(now, true);
    }
    each.trip(now);
    assert.equal(each.openUntil - now, 100);
  });

  it('does not take the outcome of a call from before for that of a probe', () => {
    const each = opened();
    assert.equal(each.succeeded(10, false), false);
    assert.equal(each.tryEnter(100), true);
    assert.equal(each.succeeded(110, false), false);
    assert.equal(each.failed(110, false), false);
    assert.equal(each.tryEnter(110), false, 'the probe is still out');
  });

  it('grants a probe again that was never answered', () => {
    const each = opened();
    assert.equal(each.tryEnter(100), true);
    assert.equal(each.tryEnter(199), false);
    assert.equal(each.retryAfterMs(199), 1);
    assert.equal(each.tryEnter(200), true);
  });

  it('varies its time by a fifth up and down', () => {
    const times = [0, 0.999_999].map((chance) => {
      const each = new CircuitBreaker(PLAN, () => chance);
      each.trip(0);
      return Math.round(each.openUntil);
    });
    assert.deepEqual(times, [80, 120]);
  });
});

describe('the option', () => {
  it('has defaults, and can be off', () => {
    assert.equal(normaliseBreaker('breaker', undefined), TRIP_ONLY);
    assert.equal(normaliseBreaker('breaker', false), undefined);
    assert.deepEqual(normaliseBreaker('breaker', true), { errorRate: 0.5, minimum: 20, windowMs: 10_000, openMs: 5_000, openMsMax: 60_000 });
    assert.deepEqual(normaliseBreaker('breaker', { errorRate: 0.1, minimum: 5, window: '1s', openFor: '2m' }), {
      errorRate: 0.1,
      minimum: 5,
      windowMs: 1_000,
      openMs: 120_000,
      openMsMax: 120_000,
    });
  });

  it('names what is wrong with it', () => {
    assert.throws(() => normaliseBreaker('breaker', { errorRate: 2 }), /breaker\.errorRate/);
    assert.throws(() => normaliseBreaker('breaker', { rate: 1 } as never), /rate/);
    assert.throws(() => normaliseBreaker('breaker', 'on' as never), /breaker: expected true, false or an object/);
  });
});
