import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from '../runtime/fixtures/fast-check.js';
import { seededRandom } from '../runtime/random.js';
import type { RetryOptions } from '../task/types.js';
import { backoffDelayMs } from './backoff.js';
import { normaliseRetry } from './retry.js';

const almostOne = (): number => 1 - 2 ** -53;
const zero = (): number => 0;

function delayMs(options: RetryOptions, attempt: number, { previousMs = 0, error = undefined as unknown, random = almostOne } = {}): number {
  return backoffDelayMs(normaliseRetry('retry', options), attempt, previousMs, error, random);
}

describe('backoffDelayMs', () => {
  it('waits a fixed number of ms exactly, without jitter or cap', () => {
    for (const attempt of [1, 2, 50]) assert.equal(delayMs({ backoff: 45_000 }, attempt), 45_000);
    assert.equal(delayMs({ backoff: 0 }, 1), 0);
  });

  it('doubles the exponential upper bound with each attempt up to the cap', () => {
    const bounds = [1, 2, 3, 4, 5, 6, 2_000].map((attempt) => Math.round(delayMs({ minDelay: 100, maxDelay: '1s' }, attempt)));
    assert.deepEqual(bounds, [100, 200, 400, 800, 1_000, 1_000, 1_000]);
  });

  it('spreads the exponential wait over all of it, down to nothing', () => {
    assert.equal(delayMs({}, 3, { random: zero }), 0);
    assert.equal(delayMs({}, 3, { random: () => 0.5 }), 200);
    assert.equal(delayMs({ minDelay: 0 }, 5_000), 0);
  });

  it('lets the decorrelated wait grow from the previous one, never below the base', () => {
    const options: RetryOptions = { backoff: 'decorrelated', minDelay: 100, maxDelay: 5_000 };
    assert.equal(delayMs(options, 1, { random: zero }), 100);
    assert.equal(Math.round(delayMs(options, 1)), 300);
    assert.equal(Math.round(delayMs(options, 2, { previousMs: 300 })), 900);
    assert.equal(delayMs(options, 2, { previousMs: 300, random: zero }), 100);
    assert.equal(delayMs(options, 3, { previousMs: 4_000 }), 5_000);
  });

  it('keeps computed waits finite and within the limits, at any attempt', () => {
    const kind = fc.constantFrom('exponential' as const, 'decorrelated' as const);
    fc.assert(
      fc.property(kind, fc.nat(1e6), fc.nat(1e7), fc.integer({ min: 1, max: 1e6 }), fc.nat(1e7), fc.nat(), (backoff, min, extra, attempt, previousMs, seed) => {
        const delay = delayMs({ backoff, minDelay: min, maxDelay: min + extra }, attempt, { previousMs, random: seededRandom(seed) });
        assert.ok(delay >= (backoff === 'decorrelated' ? min : 0) && delay <= min + extra, String(delay));
      }),
    );
  });

  it('asks a function with attempt and error, and obeys it', () => {
    const error = Object.assign(new Error('busy'), { retryAfter: 70_000 });
    const calls: unknown[][] = [];
    const backoff = (...args: [number, unknown]): number => {
      calls.push(args);
      return (args[1] as typeof error).retryAfter;
    };
    assert.equal(delayMs({ backoff }, 4, { error }), 70_000);
    assert.deepEqual(calls, [[4, error]]);
  });

  it('refuses a function that returns no delay', () => {
    for (const value of [-1, Number.NaN, Infinity, '5', undefined, Promise.resolve(5)]) {
      assert.throws(() => delayMs({ backoff: () => value as number }, 1), { code: 'ERR_OPTION', option: 'retry.backoff' });
    }
  });
});
