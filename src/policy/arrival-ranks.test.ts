import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from '../runtime/fixtures/fast-check.js';
import { ArrivalRanks, COHORTS, rankOf } from './arrival-ranks.js';

describe('ArrivalRanks', () => {
  it('cuts nothing off for a share of 0', () => {
    const ranks = new ArrivalRanks(3);
    for (let i = 0; i < 100; i += 1) ranks.note(i);
    assert.equal(ranks.cutoff(0), 99, 'nothing lies behind the least urgent that came');
  });

  it('cuts off the least urgent first', () => {
    const ranks = new ArrivalRanks(3);
    for (let i = 0; i < 300; i += 1) ranks.note((i % 3) * COHORTS + ((i / 3) | 0));
    const cutoff = ranks.cutoff(0.5);
    assert.ok(cutoff >= COHORTS && cutoff < 2 * COHORTS, 'the lowest of three equal levels and half of the middle one');
    assert.ok(Math.abs(cutoff - COHORTS - 50) <= 1);
  });

  it('forgets what came more than a thousand arrivals ago', () => {
    const ranks = new ArrivalRanks(2);
    for (let i = 0; i < 5_000; i += 1) ranks.note(COHORTS + 5);
    for (let i = 0; i < 1_000; i += 1) ranks.note(3);
    assert.equal(ranks.cutoff(0.5), 3, 'all that came lately has one rank: nothing lies behind it, and refusing the rank would be too much');
    assert.equal(ranks.seen, 6_000);
  });

  it('knows the most urgent rank that came lately', () => {
    const ranks = new ArrivalRanks(3);
    assert.equal(ranks.first(), 3 * COHORTS, 'behind all of them when none came');
    for (const rank of [300, 150, 200]) ranks.note(rank);
    assert.equal(ranks.first(), 150);
  });

  it('never cuts off more than the share, and as much as ranks allow', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(4 * COHORTS - 1), { minLength: 1, maxLength: 2_500 }), fc.double({ min: 0, max: 0.99, noNaN: true }), (arrivals, share) => {
        const ranks = new ArrivalRanks(4);
        for (const rank of arrivals) ranks.note(rank);
        const recent = arrivals.slice(-1_000);
        const cutoff = ranks.cutoff(share);
        const behind = recent.filter((rank) => rank > cutoff).length;
        const withNext = recent.filter((rank) => rank >= cutoff).length;
        assert.ok(behind <= share * recent.length + 1e-9);
        assert.ok(withNext > share * recent.length - 1e-9, 'one rank more would be too much');
      }),
      { numRuns: 300 },
    );
  });
});

describe('the rank of a task', () => {
  it('is one for all tasks with the same correlation id', () => {
    const ranks = Array.from({ length: 50 }, (_, sequence) => rankOf(2, 'request-17', sequence, 5_000));
    assert.equal(new Set(ranks).size, 1);
  });

  it('changes every 10 s, so that nobody is always the last', () => {
    const ranks = Array.from({ length: 40 }, (_, epoch) => rankOf(0, 'request-17', 1, epoch * 10_000));
    assert.ok(new Set(ranks).size > 20, `${new Set(ranks).size} different ranks in 40 epochs`);
  });

  for (const [name, key] of [
    ['numbers', () => undefined],
    ['ids', (n: number) => `customer-${n}`],
  ] as const) {
    it(`spreads evenly over the cohorts of its level, by ${name}`, () => {
      for (const nowMs of [0, 10_000, 20_000, 1e9]) {
        const counts = new Array<number>(COHORTS).fill(0);
        for (let n = 0; n < 12_800; n += 1) {
          const rank = rankOf(3, key(n), n, nowMs);
          assert.ok(rank >= 3 * COHORTS && rank < 4 * COHORTS);
          counts[rank - 3 * COHORTS] = (counts[rank - 3 * COHORTS] as number) + 1;
        }
        assert.ok(Math.min(...counts) >= 50 && Math.max(...counts) <= 160, `${Math.min(...counts)} to ${Math.max(...counts)} of 100`);
      }
    });
  }
});
