/** Durations and sizes as users write them. */
import { OptionError } from '../errors.js';

/** Milliseconds, or a number with a unit: `'250ms'`, `'30s'`, `'5m'`, `'2h'`, `'1d'`. */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`;

/** Bytes, or a number with a unit (powers of 1024): `'64kb'`, `'512mb'`, `'2gb'`. */
export type Size = number | `${number}${'b' | 'kb' | 'mb' | 'gb' | 'B' | 'KB' | 'MB' | 'GB'}`;

const DURATION_UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const SIZE_UNITS: Readonly<Record<string, number>> = { b: 1, kb: 1_024, mb: 1_024 ** 2, gb: 1_024 ** 3 };

/** Parses a duration to ms; throws an OptionError that names `option`. `Infinity` is allowed where `allowInfinity` says so. */
export function parseDuration(option: string, value: unknown, allowInfinity = false): number {
  return parse(option, value, DURATION_UNITS, "a duration: a number of ms >= 0 or a string such as '250ms', '30s', '5m'", allowInfinity);
}

/** Parses a size to bytes; throws an OptionError that names `option`. */
export function parseSize(option: string, value: unknown, allowInfinity = false): number {
  return parse(option, value, SIZE_UNITS, "a size: a number of bytes >= 0 or a string such as '64kb', '512mb'", allowInfinity);
}

function parse(option: string, value: unknown, units: Readonly<Record<string, number>>, expected: string, allowInfinity: boolean): number {
  if (typeof value === 'number') {
    if (value >= 0 && (allowInfinity || value !== Infinity)) return value;
    throw new OptionError(option, expected, value);
  }
  if (typeof value === 'string') {
    const match = /^\s*(\d+(?:\.\d+)?)\s*([a-z]+)\s*$/i.exec(value);
    const unit = match === null ? '' : (match[2] as string).toLowerCase();
    const amount = match !== null && Object.hasOwn(units, unit) ? Number(match[1]) * (units[unit] as number) : Infinity;
    if (amount !== Infinity) return amount;
  }
  throw new OptionError(option, expected, value);
}
