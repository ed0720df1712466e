import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { describeHalt, haltReached, parseHalt } from './halt.js';
import type { HaltRule } from './halt.js';

function reached(text: string, ok: number, failed: number): boolean {
  return haltReached(parseHalt('--halt', text) as HaltRule, { ok, failed });
}

describe('--halt', () => {
  test('fail, success and done count outcomes', () => {
    assert.deepEqual([reached('now,fail=2', 50, 1), reached('now,fail=2', 0, 2)], [false, true]);
    assert.deepEqual([reached('soon,success=3', 2, 9), reached('soon,success=3', 3, 0)], [false, true]);
    assert.deepEqual([reached('soon,done=3', 1, 1), reached('soon,done=3', 1, 2)], [false, true]);
  });

  test('a share is of what is done, from three on', () => {
    assert.equal(reached('now,fail=50%', 0, 2), false);
    assert.equal(reached('now,fail=50%', 1, 2), true);
    assert.equal(reached('now,fail=50%', 2, 1), false);
    assert.equal(reached('now,fail=0.5%', 199, 1), true);
  });

  test('never is no rule', () => assert.equal(parseHalt('--halt', 'never'), undefined));

  test('it is written back as it was given', () => {
    for (const text of ['now,fail=1', 'soon,fail=10%', 'soon,success=5', 'now,done=7']) assert.equal(describeHalt(parseHalt('--halt', text) as HaltRule), text);
  });

  for (const text of ['', 'now', 'fail=1', 'later,fail=1', 'now,fail=0', 'now,fail=101%', 'now,success=5%', 'now,fail=1.5', 'now,fail=-1', 'now, fail=1']) {
    test(`${JSON.stringify(text)} is refused`, () =>
      assert.throws(() => parseHalt('MILLRACE_HALT', text), /^CommandError: MILLRACE_HALT: expected now or soon/));
  }
});
