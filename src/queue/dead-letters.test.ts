import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { DeadLetters } from './dead-letters.js';
import type { DeadLetter, DeadLetterFilter } from './dead-letters.js';

function letter(id: string, fields: Partial<DeadLetter> = {}): DeadLetter {
  return {
    id,
    name: 'resize',
    args: [],
    error: new Error(id),
    reason: 'attempts-exhausted',
    attempts: 3,
    priority: 'normal',
    correlationId: id,
    submittedAt: 1,
    diedAt: 2,
    ...fields,
  };
}

function store(...letters: readonly DeadLetter[]): DeadLetters {
  const store = new DeadLetters();
  for (const each of letters) store.add(each);
  return store;
}

const ids = (letters: readonly DeadLetter[]): string[] => letters.map((each) => each.id);

describe('DeadLetters', () => {
  it('lists the newest last', () => {
    assert.deepEqual(ids(store(letter('a'), letter('b'), letter('c')).list()), ['a', 'b', 'c']);
  });

  it('drops the oldest when full, and counts it', () => {
    const letters = new DeadLetters(2);
    for (const id of ['a', 'b', 'c', 'd']) letters.add(letter(id));
    assert.deepEqual([ids(letters.list()), letters.size, letters.dropped], [['c', 'd'], 2, 2]);
  });

  it('keeps 1,000 by default, and none when told so', () => {
    const letters = new DeadLetters();
    for (let id = 0; id < 1_001; id += 1) letters.add(letter(`${id}`));
    assert.deepEqual([letters.size, letters.dropped], [1_000, 1]);
    const none = new DeadLetters(0);
    none.add(letter('a'));
    assert.deepEqual([none.size, none.dropped], [0, 1]);
  });

  it('filters by ids, by name, by reason, by both and by a predicate', () => {
    const letters = store(letter('a'), letter('b', { name: 'crop' }), letter('c', { reason: 'poison' }), letter('d', { name: 'crop', reason: 'poison' }));
    const found = (filter: DeadLetterFilter): string[] => ids(letters.list(filter));
    assert.deepEqual(found(['d', 'a', 'unknown']), ['a', 'd']);
    assert.deepEqual(found({ name: 'crop' }), ['b', 'd']);
    assert.deepEqual(found({ reason: 'poison' }), ['c', 'd']);
    assert.deepEqual(found({ name: 'crop', reason: 'poison' }), ['d']);
    assert.deepEqual(
      found((each) => each.id > 'b'),
      ['c', 'd'],
    );
    assert.deepEqual(found({}), ['a', 'b', 'c', 'd']);
    assert.deepEqual(found([]), []);
  });

  it('takes letters out', () => {
    const letters = store(letter('a'), letter('b', { name: 'crop' }), letter('c'));
    assert.deepEqual(ids(letters.take({ name: 'resize' })), ['a', 'c']);
    assert.deepEqual(ids(letters.list()), ['b']);
    assert.deepEqual([letters.purge(['zzz']), letters.purge(), letters.size, letters.dropped], [0, 1, 0, 0]);
  });

  it('refuses a filter it does not understand rather than matching all', () => {
    const letters = store(letter('a'));
    const refused = (filter: unknown): void => assert.throws(() => letters.purge(filter as DeadLetterFilter), { code: 'ERR_OPTION' });
    refused({ nmae: 'resize' });
    refused('a');
    refused(null);
    assert.equal(letters.size, 1);
  });

  it('loses nothing when a predicate throws or adds a letter', () => {
    const letters = store(letter('a'), letter('b'));
    assert.throws(() => letters.take(() => assert.fail('a predicate that throws')));
    assert.equal(letters.size, 2);
    let added = false;
    letters.take((each) => {
      if (!added) letters.add(letter('late'));
      added = true;
      return each.id === 'a';
    });
    assert.deepEqual(ids(letters.list()), ['b', 'late']);
  });
});
