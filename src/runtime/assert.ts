import { MillraceError } from '../errors.js';

/** Throws `ERR_ASSERTION` unless `condition` holds: for invariants of our own, never for user input. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new MillraceError('ERR_ASSERTION', message);
}

/** The same where the message is put together: an argument of `assert` would be each time, which costs more than most tasks. */
export function failAssertion(message: string): never {
  throw new MillraceError('ERR_ASSERTION', message);
}
