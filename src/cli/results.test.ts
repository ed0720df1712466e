import assert from 'node:assert/strict';
import { test } from 'node:test';
import { recordFormat, taggedFormat, valueFormat } from './results.js';

const of = { index: 3, input: 'b.jpg' };

test('a record is one line of JSON with the number of the input and the input', () => {
  assert.equal(recordFormat.value(of, { width: 1n }), '{"index":3,"input":"b.jpg","value":{"width":"1"}}\n');
  assert.equal(recordFormat.value({ index: 0, input: { a: 1 } }, undefined), '{"index":0,"input":{"a":1},"value":null}\n');
  assert.equal(recordFormat.error(of, new RangeError('too\nwide')), '{"index":3,"input":"b.jpg","error":{"name":"RangeError","message":"too\\nwide"}}\n');
});

test('a generator has a record for each value and one for what it returned', () => {
  assert.equal(recordFormat.yielded(of, 0, 'x'), '{"index":3,"input":"b.jpg","yield":0,"value":"x"}\n');
  assert.equal(recordFormat.returned(of, 1, undefined), '{"index":3,"input":"b.jpg","yields":1,"value":null}\n');
});

test('values alone are plain strings and JSON', () => {
  assert.equal(valueFormat.value(of, 'text "as is"'), 'text "as is"\n');
  assert.equal(valueFormat.value(of, [1, undefined]), '[1,null]\n');
  assert.equal(valueFormat.returned(of, 2, undefined), '');
  assert.equal(valueFormat.error(of, new Error('x')), '');
});

test('tagged values have their input before each of their lines', () => {
  assert.equal(taggedFormat.value(of, 'one\ntwo'), 'b.jpg\tone\nb.jpg\ttwo\n');
  assert.equal(taggedFormat.value({ index: 0, input: { id: 7 } }, [1]), '{"id":7}\t[1]\n');
  assert.equal(taggedFormat.yielded({ index: 0, input: 'a\nb$1' }, 0, 'x'), 'a b$1\tx\n');
  assert.equal(taggedFormat.returned(of, 2, undefined), '');
});
