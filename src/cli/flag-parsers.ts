/** Values of flags, from text; every error names the flag or the environment variable, what was expected and what came. */
import { parseDuration, parseSize } from '../runtime/units.js';
import { CommandError } from './exit-codes.js';
import type { FlagValues } from './command-line.js';

/** `4`, `50%`, `+2`, `-1` or `auto`, as a number of workers >= 1. `option` is named in the error. */
export function parseJobs(option: string, text: string, cpus: number): number {
  if (text === 'auto') return cpus;
  const match = /^([+-]?)(\d+)(%?)$/.exec(text);
  const number = Number(match?.[2]);
  const [sign, percent] = [match?.[1], match?.[3] === '%'];
  if (match === null || number > 100_000 || (percent && sign !== '') || (sign === '' && number === 0)) {
    throw new CommandError(`${option}: expected a number of workers >= 1, a share of the CPUs such as 50%, +N, -N or auto, got ${JSON.stringify(text)}`);
  }
  if (percent) return Math.max(1, Math.round((cpus * number) / 100));
  return sign === '' ? number : Math.max(1, sign === '+' ? cpus + number : cpus - number);
}

/** A whole number >= `min`. */
export function wholeFlag(flags: FlagValues, name: string, min: number): number | undefined {
  const text = flags.text(name);
  if (text === undefined) return undefined;
  if (!/^\d{1,9}$/.test(text) || Number(text) < min)
    throw new CommandError(`${flags.origin(name)}: expected a whole number >= ${min}, got ${JSON.stringify(text)}`);
  return Number(text);
}

/** A duration in ms: `10s`, `500ms`, or a plain number of ms. */
export function durationFlag(flags: FlagValues, name: string): number | undefined {
  const text = flags.text(name);
  if (text === undefined) return undefined;
  try {
    return parseDuration(flags.origin(name), /^\s*\d+(\.\d+)?\s*$/.test(text) ? Number(text) : text);
  } catch (error) {
    throw new CommandError((error as Error).message, { cause: error });
  }
}

/** A size in bytes: `512mb`, `2gb`, or a plain number of bytes. */
export function sizeFlag(flags: FlagValues, name: string): number | undefined {
  const text = flags.text(name);
  if (text === undefined) return undefined;
  try {
    return parseSize(flags.origin(name), /^\s*\d+\s*$/.test(text) ? Number(text) : text);
  } catch (error) {
    throw new CommandError((error as Error).message, { cause: error });
  }
}

/** One of a few words. */
export function wordFlag<T extends string>(flags: FlagValues, name: string, words: readonly T[]): T | undefined {
  const text = flags.text(name);
  if (text === undefined || (words as readonly string[]).includes(text)) return text as T | undefined;
  throw new CommandError(`${flags.origin(name)}: expected one of ${words.join(', ')}, got ${JSON.stringify(text)}`);
}
