import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from '../runtime/fixtures/fast-check.js';
import { errorRecord, toJson } from './json.js';

describe('toJson', () => {
  const circular: Record<string, unknown> = { name: 'loop' };
  circular['self'] = circular;
  const shared = { x: 1 };
  const cases: readonly (readonly [string, unknown, string])[] = [
    ['undefined', undefined, 'null'],
    ['a bigint', 12345678901234567890n, '"12345678901234567890"'],
    ['a buffer', Buffer.from('hello'), '"aGVsbG8="'],
    ['a view of part of a buffer', new Uint8Array(new Uint8Array([1, 2, 3, 4]).buffer, 1, 2), '"AgM="'],
    ['an ArrayBuffer', new Uint8Array([1, 2]).buffer, '"AQI="'],
    ['a DataView', new DataView(new Uint8Array([1, 2]).buffer), '"AQI="'],
    ['a Float64Array', new Float64Array([1.5, NaN]), '[1.5,null]'],
    ['a BigInt64Array', new BigInt64Array([5n]), '["5"]'],
    ['a Map with string keys', new Map([['a', 1n]]), '{"a":"1"}'],
    ['a Map with other keys', new Map([[1, undefined]]), '[[1,null]]'],
    ['a Set', new Set([1, undefined]), '[1,null]'],
    ['a Date', new Date(0), '"1970-01-01T00:00:00.000Z"'],
    ['an invalid Date', new Date(NaN), 'null'],
    ['a RegExp', /a+/g, '"/a+/g"'],
    ['boxed values', [Object(1), Object('s'), Object(true)], '[1,"s",true]'],
    ['holes and undefined', Object.assign(new Array(3), { 0: 1, 2: undefined }), '[1,null,null]'],
    ['an undefined property', { a: undefined, b: 1 }, '{"b":1}'],
    ['a circle', circular, '{"name":"loop","self":"[Circular]"}'],
    ['the same object twice', [shared, shared], '[{"x":1},{"x":1}]'],
    ['a key named __proto__', JSON.parse('{"__proto__":{"x":1}}'), '{"__proto__":{"x":1}}'],
    ['its own toJSON', { toJSON: () => ({ n: 1n }) }, '{"n":"1"}'],
  ];
  for (const [what, value, json] of cases) test(`writes ${what}`, () => assert.equal(toJson(value), json));

  test('writes what JSON can carry as JSON.stringify does', () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => assert.equal(toJson(value), JSON.stringify(value))));
  });
});

describe('errorRecord', () => {
  test('has name, message, code, own properties and the cause, and no stack', () => {
    const error = Object.assign(new RangeError('too wide', { cause: new Error('inner') }), { code: 'E_WIDE', width: 7n });
    assert.deepEqual(errorRecord(error), { name: 'RangeError', message: 'too wide', code: 'E_WIDE', width: '7', cause: { name: 'Error', message: 'inner' } });
  });

  test('names what is no error too', () => {
    assert.deepEqual(errorRecord('oops'), { name: 'Thrown', message: 'oops' });
    assert.deepEqual(errorRecord({ a: 1 }), { name: 'Thrown', message: '{"a":1}' });
  });

  test('survives an error that is its own cause', () => {
    const error = new Error('loop');
    error.cause = error;
    assert.deepEqual(errorRecord(error), { name: 'Error', message: 'loop', cause: '[Circular]' });
  });
});
