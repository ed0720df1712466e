import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from './fixtures/fast-check.js';
import { poolIdPrefix, taskId } from './id.js';
import { seededRandom } from './random.js';

const DIGITS_8_END_MS = 36 ** 8 - 1;

describe('task ids', () => {
  it('are 21 short lower-case characters', () => {
    const prefix = poolIdPrefix(seededRandom(1), Date.UTC(2030, 0, 1));
    assert.match(prefix, /^[0-9a-z]{13}$/);
    assert.match(taskId(prefix, 0), /^[0-9a-z]{13}-0000000$/);
    assert.equal(taskId('p', 36 ** 7 - 1), 'p-zzzzzzz');
  });

  it('sort by submission within a pool', () => {
    fc.assert(
      fc.property(fc.nat({ max: 36 ** 7 - 2 }), fc.nat({ max: 1e6 }), (sequence, more) => {
        assert.ok(taskId('p', sequence) < taskId('p', Math.min(36 ** 7 - 1, sequence + 1 + more)));
      }),
    );
  });

  it('sort by the time their pool was made', () => {
    fc.assert(
      fc.property(fc.nat({ max: DIGITS_8_END_MS - 1 }), fc.nat(), fc.nat(), (epochMs, seed, otherSeed) => {
        assert.ok(poolIdPrefix(seededRandom(seed), epochMs) < poolIdPrefix(seededRandom(otherSeed), epochMs + 1));
      }),
    );
  });

  it('differ by chance for pools made in one ms, to the ends of its range', () => {
    const ends = [0, 1 - 2 ** -53].map((chance) => poolIdPrefix(() => chance, 1e12).slice(8));
    assert.deepEqual(ends, ['00000', 'zzzzz']);
  });
});
