/** The judge must find each kind of wrong: a checker that cannot fail says nothing. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readJournal, violations } from './checker.js';
import type { Entry, Evidence } from './checker.js';
import { makeRound } from './plan.js';

const fine: Entry = {
  key: 1,
  id: 'a',
  name: 'quick',
  attemptsMax: 1,
  mayFail: false,
  settled: 1,
  completed: true,
  right: true,
  code: undefined,
  message: '',
  attempts: 1,
};

function judge(entry: Partial<Entry>, journal: string, evidence: Partial<Evidence> = {}): string[] {
  return violations([{ ...fine, ...entry }], { ...readJournal(journal), lost: new Map(), returned: new Set(), cutShort: false, ...evidence });
}

const once = 'S 1 1\nE 1 1\n';

describe('the checker', () => {
  test('has nothing against a task that ran once and completed', () => assert.deepEqual(judge({}, once), []));

  for (const [name, entry, journal, evidence] of [
    ['a task that never settled', { settled: 0, completed: false }, once, {}],
    ['a task that settled twice', { settled: 2 }, once, {}],
    ['a wrong result', { right: false }, once, {}],
    ['a task that ran twice without a reason', {}, once + once, {}],
    ['a third run after one loss', {}, once + once + once, { lost: new Map([['a', 1]]) }],
    ['an attempt too many', { attempts: 2 }, once, {}],
    ['a result without a run', {}, '', {}],
    ['a failure of a task to which nothing was done', { completed: false, code: 'ERR_TASK_TIMEOUT' }, once, {}],
    ['a crash of a task whose worker lives', { completed: false, code: 'ERR_WORKER_CRASHED' }, once, {}],
    ['a task that was returned and had begun', { completed: false, code: 'ERR_TASK_CANCELLED' }, once, { returned: new Set(['a']), cutShort: true }],
    ['a task that was returned and completed', {}, once, { returned: new Set(['a']), cutShort: true }],
    ['an error of our own making', { completed: false, code: 'ERR_ILLEGAL_TRANSITION', mayFail: true }, once, {}],
  ] as const) {
    test(`finds ${name}`, () => assert.notDeepEqual(judge(entry, journal, evidence), []));
  }

  test('allows a second run, and a crash, to a task that was lost with its worker', () => {
    const lost = new Map([['a', 1]]);
    assert.deepEqual(judge({}, once + once, { lost }), []);
    assert.deepEqual(judge({ completed: false, code: 'ERR_WORKER_CRASHED' }, 'S 1 1\n', { lost }), []);
  });

  test('finds all of these in the wrong one of two tasks', () => {
    const other: Entry = { ...fine, key: 2, id: 'b', settled: 0 };
    const found = violations([fine, other], { ...readJournal(once), lost: new Map(), returned: new Set(), cutShort: false });
    assert.ok(found.length > 0 && found.every((each) => each.startsWith('task 2 ')));
  });
});

describe('the plan', () => {
  test('is the same for the same seed, and another for another', () => {
    assert.deepEqual(makeRound(7, 3), makeRound(7, 3));
    assert.notDeepEqual(makeRound(7, 3), makeRound(8, 3));
    assert.notDeepEqual(makeRound(7, 3), makeRound(7, 4));
  });

  test('brings every fault on every kind within few rounds', () => {
    const seen = new Set<string>();
    for (let number = 0; number < 9; number += 1)
      for (const { kind, steps } of makeRound(1, number).lanes.flat()) for (const { fault } of steps) seen.add(`${kind} ${fault.name}`);
    assert.equal(seen.size, 3 + 10 + 18);
  });
});
