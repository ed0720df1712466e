import assert from 'node:assert/strict';
import { it } from 'node:test';
import { unknownFunctionError } from './unknown-function.js';

it('an unknown name is answered with the names there are and a guess', () => {
  const error = unknownFunctionError('resise', ['resize', 'crop']);
  assert.equal(error.code, 'ERR_UNKNOWN_FUNCTION');
  assert.equal(error.message, 'the task module exports no function "resise"; it exports resize, crop. Did you mean resize?');
  assert.equal(unknownFunctionError('f', []).message, 'the task module exports no function "f"; it exports no functions');
  const many = Array.from({ length: 30 }, (_, index) => `function${index}`);
  assert.match(unknownFunctionError('f', many).message, /function19, …$/);
});
