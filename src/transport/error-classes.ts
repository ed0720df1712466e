/** The error classes that both sides of a transport have: those of the platform and our own. */
import * as errors from '../errors.js';
import type { ErrorClass } from './error-record.js';

export const BUILT_IN_ERRORS: ReadonlyMap<string, ErrorClass> = new Map<string, ErrorClass>(
  [Error, TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError, AggregateError, DOMException].map((type) => [type.name, type]),
);

export const OWN_ERRORS: ReadonlyMap<string, ErrorClass> = new Map<string, ErrorClass>(
  Object.values<unknown>(errors)
    .filter(isOwnErrorClass)
    .map((type) => [type.name, type]),
);

function isOwnErrorClass(value: unknown): value is ErrorClass {
  return typeof value === 'function' && (value === errors.MillraceError || value.prototype instanceof errors.MillraceError);
}
