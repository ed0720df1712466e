import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from '../../runtime/fixtures/fast-check.js';
import { jsonErrorOffset } from './json-error-offset.js';

describe('jsonErrorOffset', () => {
  const cases: readonly (readonly [string, number])[] = [
    ['', 0],
    ['[1, oops]', 4],
    ['[1, 2', 5],
    ['[1 2]', 3],
    ['[1,]', 3],
    ['{"a" 1}', 5],
    ['{a: 1}', 1],
    ['{"a":1,}', 7],
    ['{"a":1]', 6],
    ['[1] x', 4],
    ['[1], 2', 3],
    ['["a\nb"]', 1],
    ['[01]', 1],
    ['["\\x"]', 1],
    [']', 0],
  ];
  for (const [text, offset] of cases) test(`${JSON.stringify(text)} fails at ${offset}`, () => assert.equal(jsonErrorOffset(text), offset));

  test('never lies behind the place where a valid text was broken', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.nat(), (value, cut) => {
        const text = JSON.stringify([value], null, 1);
        const at = cut % text.length;
        assert.ok(jsonErrorOffset(`${text.slice(0, at)}\u0001${text.slice(at)}`) <= at);
      }),
    );
  });

  test('finds no error in valid texts', () =>
    fc.assert(fc.property(fc.jsonValue(), (value) => assert.equal(jsonErrorOffset(JSON.stringify(value)), JSON.stringify(value).length))));
});
