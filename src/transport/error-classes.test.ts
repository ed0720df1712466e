import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as errors from '../errors.js';
import { OWN_ERRORS } from './error-classes.js';

test('every class of errors.ts is known by its name on both sides', () => {
  const classes = Object.values<unknown>(errors).filter(
    (value): value is typeof errors.MillraceError =>
      value === errors.MillraceError || (typeof value === 'function' && value.prototype instanceof errors.MillraceError),
  );
  assert.ok(classes.length > 5);
  assert.deepEqual(new Map(classes.map((type) => [type.name, type as unknown])), OWN_ERRORS);
});
