import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MillraceError, TaskCancelledError, TaskTimeoutError, WorkerCrashedError, type ErrorCode } from '../errors.js';
import type { RetryOptions } from '../task/types.js';
import { NO_RETRY, normaliseRetry, shouldRetry } from './retry.js';

const plan = normaliseRetry('retry', 3);

describe('normaliseRetry', () => {
  it('means no retry by undefined, by 1 and by an empty object', () => {
    assert.equal(normaliseRetry('retry', undefined), NO_RETRY);
    assert.deepEqual(normaliseRetry('retry', 1), NO_RETRY);
    assert.deepEqual(normaliseRetry('retry', {}), NO_RETRY);
    assert.equal(NO_RETRY.attempts, 1);
  });

  it('takes a number for the attempts', () => {
    assert.deepEqual(normaliseRetry('retry', 5), { ...NO_RETRY, attempts: 5 });
  });

  it('parses every option', () => {
    const retryIf = (): boolean => true;
    assert.deepEqual(normaliseRetry('retry', { attempts: 4, backoff: 'decorrelated', minDelay: '1s', maxDelay: '2m', retryIf }), {
      attempts: 4,
      backoff: 'decorrelated',
      minDelayMs: 1_000,
      maxDelayMs: 120_000,
      retryIf,
    });
  });

  it('takes an explicit undefined for the default', () => {
    const options = { attempts: undefined, backoff: undefined, minDelay: undefined, maxDelay: undefined, retryIf: undefined } as unknown as RetryOptions;
    assert.deepEqual(normaliseRetry('retry', options), NO_RETRY);
  });

  it('lets the default of one delay give way to the other', () => {
    const delays = (options: RetryOptions): number[] => {
      const { minDelayMs, maxDelayMs } = normaliseRetry('retry', options);
      return [minDelayMs, maxDelayMs];
    };
    assert.deepEqual(delays({ minDelay: '1m' }), [60_000, 60_000]);
    assert.deepEqual(delays({ maxDelay: 20 }), [20, 20]);
    assert.deepEqual(delays({ minDelay: 0 }), [0, 30_000]);
  });

  it('refuses what it does not understand, by name', () => {
    const bad: readonly (readonly [unknown, string])[] = [
      [0, 'retry'],
      [1.5, 'retry'],
      [Number.NaN, 'retry'],
      [Infinity, 'retry'],
      ['3', 'retry'],
      [null, 'retry'],
      [[3], 'retry'],
      [{ attempts: 0 }, 'retry.attempts'],
      [{ attempts: '3' }, 'retry.attempts'],
      [{ tries: 3 }, 'retry.tries'],
      [{ backoff: 'linear' }, 'retry.backoff'],
      [{ backoff: -1 }, 'retry.backoff'],
      [{ backoff: Infinity }, 'retry.backoff'],
      [{ minDelay: 'soon' }, 'retry.minDelay'],
      [{ maxDelay: -1 }, 'retry.maxDelay'],
      [{ minDelay: 10, maxDelay: 5 }, 'retry.maxDelay'],
      [{ retryIf: true }, 'retry.retryIf'],
    ];
    for (const [value, option] of bad) {
      assert.throws(() => normaliseRetry('retry', value as RetryOptions), { code: 'ERR_OPTION', option }, JSON.stringify(value));
    }
  });

  it('sees own properties only', () => {
    const inherited = Object.create({ attempts: 9, surprise: true }) as RetryOptions;
    assert.deepEqual(normaliseRetry('retry', inherited), NO_RETRY);
    const planted = Object.prototype as { retryIf?: unknown };
    planted.retryIf = () => true;
    try {
      assert.equal(normaliseRetry('retry', { attempts: 2 }).retryIf, undefined);
    } finally {
      delete planted.retryIf;
    }
  });
});

describe('shouldRetry', () => {
  it('retries errors of the user until the attempts are made', () => {
    assert.deepEqual(
      [1, 2, 3, 4].map((made) => shouldRetry(plan, made, new Error('boom'))),
      [true, true, false, false],
    );
    for (const thrown of ['text', 42, null, undefined, {}]) assert.equal(shouldRetry(plan, 1, thrown), true);
  });

  it('retries timeouts and crashes', () => {
    assert.equal(shouldRetry(plan, 1, new TaskTimeoutError('ERR_TASK_TIMEOUT', 'too long', 5)), true);
    assert.equal(shouldRetry(plan, 1, new WorkerCrashedError('gone', { exitCode: 1, exitSignal: null, workerId: 'w' })), true);
  });

  it('never retries what another attempt cannot mend, whatever retryIf says', () => {
    const eager = normaliseRetry('retry', { attempts: 3, retryIf: () => true });
    const codes: ErrorCode[] = ['ERR_VALUE_NOT_CLONEABLE', 'ERR_UNKNOWN_FUNCTION', 'ERR_OPTION', 'ERR_DEADLINE_EXCEEDED', 'ERR_MODULE_LOAD', 'ERR_TYPESCRIPT'];
    const errors = [new TaskCancelledError('gone', { taskName: 'f', started: true }), ...codes.map((code) => new MillraceError(code, 'no'))];
    for (const error of errors) assert.equal(shouldRetry(eager, 1, error), false, error.code);
  });

  it('obeys an own property retryable: false and no inherited one', () => {
    assert.equal(shouldRetry(plan, 1, Object.assign(new Error('bad input'), { retryable: false })), false);
    assert.equal(shouldRetry(plan, 1, Object.assign(new Error('busy'), { retryable: true })), true);
    assert.equal(shouldRetry(plan, 1, Object.create({ retryable: false })), true);
  });

  it('asks retryIf with the error and the attempts made', () => {
    const calls: unknown[][] = [];
    const error = new Error('boom');
    const asking = normaliseRetry('retry', {
      attempts: 3,
      retryIf: (...args) => {
        calls.push(args);
        return calls.length === 1;
      },
    });
    assert.deepEqual([shouldRetry(asking, 1, error), shouldRetry(asking, 2, error), shouldRetry(asking, 3, error)], [true, false, false]);
    assert.deepEqual(calls, [
      [error, 1],
      [error, 2],
    ]);
  });

  it('does not retry when retryIf throws or the error cannot be looked at', () => {
    const throwing = normaliseRetry('retry', {
      attempts: 3,
      retryIf: () => {
        throw new Error('bug');
      },
    });
    const hostile = Object.defineProperty({}, 'code', {
      get: () => {
        throw new Error('hands off');
      },
    });
    assert.equal(shouldRetry(throwing, 1, new Error('boom')), false);
    assert.equal(shouldRetry(plan, 1, hostile), false);
  });
});
