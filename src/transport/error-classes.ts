/** The error classes that both sides of a transport have: those of the platform and our own. */
import {
  MillraceError,
  ModuleLoadError,
  OptionError,
  QueueFullError,
  TaskCancelledError,
  TaskTimeoutError,
  ValueError,
  WorkerCrashedError,
} from '../errors.js';
import type { ErrorClass } from './error-record.js';

export const BUILT_IN_ERRORS: ReadonlyMap<string, ErrorClass> = new Map<string, ErrorClass>(
  [Error, TypeError, RangeError, SyntaxError, ReferenceError, EvalError, URIError, AggregateError, DOMException].map((type) => [type.name, type]),
);

export const OWN_ERRORS: ReadonlyMap<string, ErrorClass> = new Map<string, ErrorClass>(
  [MillraceError, ModuleLoadError, OptionError, QueueFullError, TaskCancelledError, TaskTimeoutError, ValueError, WorkerCrashedError].map((type) => [
    type.name,
    type,
  ]),
);
