import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { LeakReport } from '../../transport/protocol.js';
import { LeakGuard } from './leak-guard.js';

const MEGABYTE = 1_048_576;

/** A guard that sees the given numbers of megabytes after one collection each, and where it looks exactly those of `exact`, with one call of a function before it; returns its reports. */
function reports(limitMegabytes: number, held: readonly number[], exact?: readonly number[]): LeakReport[] {
  const found: LeakReport[] = [];
  let at = 0;
  const guard = new LeakGuard(limitMegabytes * MEGABYTE, (leak) => found.push(leak), {
    now: () => (held[at] as number) * MEGABYTE,
    begin: () => undefined,
    end: () => {
      const megabytes = exact?.[at];
      return megabytes === undefined ? undefined : megabytes * MEGABYTE;
    },
  });
  for (; at < held.length; at += 1) {
    guard.called(at % 2 === 0 ? 'even' : 'odd');
    guard.collected();
  }
  return found;
}

describe('LeakGuard', () => {
  it('reports growth over the baseline that two collections in a row have found, with the calls since', () => {
    assert.deepEqual(reports(64, [8, 21, 70, 95, 140]), [
      { heldBytes: 140 * MEGABYTE, baselineBytes: 8 * MEGABYTE, collections: 5, calls: { odd: 2, even: 2 } },
    ]);
  });

  it('reports once', () => {
    assert.equal(reports(10, [8, 30, 40, 50, 60, 70]).length, 1);
  });

  it('takes nothing for a leak that is let go of, nor growth within the limit', () => {
    assert.deepEqual(reports(64, [8, 100, 9, 120, 8, 90, 30]), []);
    assert.deepEqual(reports(64, [8, 20, 40, 60, 70, 72, 71, 72]), []);
  });

  it('takes no garbage for a leak: what it suspects it measures', () => {
    assert.deepEqual(reports(64, [8, 100, 110, 120, 130, 140], [8, 8, 20, 20, 20, 20]), []);
    assert.equal(reports(64, [8, 100, 110], [8, 8, 90])[0]?.heldBytes, 90 * MEGABYTE);
  });

  it('counts from the least that was ever held', () => {
    assert.deepEqual(reports(64, [80, 10, 70, 76, 77])[0]?.baselineBytes, 10 * MEGABYTE);
  });
});
