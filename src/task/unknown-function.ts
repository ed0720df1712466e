import { MillraceError } from '../errors.js';
import { nearest } from '../runtime/own-options.js';

const NAMES_LISTED_MAX = 20;

/** The error for a name the task module does not export: lists what it does export and guesses what was meant. */
export function unknownFunctionError(name: string, known: readonly string[]): MillraceError {
  const near = nearest(name, known);
  const shown = `${known.slice(0, NAMES_LISTED_MAX).join(', ')}${known.length > NAMES_LISTED_MAX ? ', …' : ''}`;
  const exported = known.length === 0 ? 'it exports no functions' : `it exports ${shown}`;
  const guess = near === undefined ? '' : `. Did you mean ${near}?`;
  return new MillraceError('ERR_UNKNOWN_FUNCTION', `the task module exports no function ${JSON.stringify(name)}; ${exported}${guess}`);
}
