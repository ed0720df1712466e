/** What values would go through between a program and a worker of its own: copies of them, and errors made anew. For pools that have no such border. */
import { encodeError, reviveError } from '../transport/error-codec.js';
import type { ErrorClass } from '../transport/error-record.js';
import { movedAmong } from '../transport/move.js';
import { uncloneableError } from '../transport/value-path.js';

export interface Border {
  /** @throws ValueError that names the part that cannot cross */
  args(args: readonly unknown[]): readonly unknown[];
  /** @throws ValueError that names the part that cannot cross */
  value(value: unknown, what: string): unknown;
  error(error: unknown): unknown;
}

export function makeBorder(errorClasses: readonly ErrorClass[]): Border {
  return {
    args: (args) => clone([...args], 'args') as readonly unknown[],
    value: (value, what) => clone(value, what),
    error: (error) => reviveError(encodeError(error), errorClasses),
  };
}

function clone(value: unknown, path: string): unknown {
  const transfer = movedAmong(Array.isArray(value) ? value : [value]);
  try {
    return structuredClone(value, transfer === undefined ? undefined : { transfer: transfer as ArrayBuffer[] });
  } catch (error) {
    throw uncloneableError(value, path, error, undefined, transfer);
  }
}
