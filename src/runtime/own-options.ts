import { OptionError } from '../errors.js';

/**
 * A defensive copy of an options object: own enumerable properties only, on a null prototype, unknown names refused. What a polluted
 * `Object.prototype` carries is never taken for an option.
 *
 * @param otherNames what else users may call an option -> what it is called here
 */
export function ownOptions<T extends object>(
  option: string,
  value: unknown,
  names: readonly string[],
  otherNames: ReadonlyMap<string, string> = NO_OTHERS,
): Partial<T> {
  if (value === undefined) return Object.create(null) as Partial<T>;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new OptionError(option, 'an object', value);
  const copy: Record<string, unknown> = Object.create(null);
  for (const key of Object.keys(value)) {
    if (!names.includes(key)) {
      throw new OptionError(
        `${option}.${key}`,
        `one of ${names.join(', ')}`,
        (value as Record<string, unknown>)[key],
        `There is no option ${JSON.stringify(key)}${suggestion(key, names, otherNames)}`,
      );
    }
    const own = (value as Record<string, unknown>)[key];
    if (own !== undefined) copy[key] = own;
  }
  return copy as Partial<T>;
}

const NO_OTHERS: ReadonlyMap<string, string> = new Map();

function suggestion(key: string, names: readonly string[], otherNames: ReadonlyMap<string, string>): string {
  const near = otherNames.get(key) ?? nearest(key, names);
  return near === undefined ? '' : `; did you mean ${near}?`;
}

/** The name most like `key`, when one is near enough to be a slip of the keyboard. */
export function nearest(key: string, names: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(key.length / 3)) + 1;
  for (const name of names) {
    const distance = editDistance(key.toLowerCase(), name.toLowerCase());
    if (distance < bestDistance) {
      best = name;
      bestDistance = distance;
    }
  }
  return best;
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      next.push(Math.min((row[j] as number) + 1, (next[j - 1] as number) + 1, (row[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length] as number;
}

/** Checks a whole number in [min, max]. */
export function wholeNumber(option: string, value: unknown, min: number, max: number = Number.MAX_SAFE_INTEGER, allowInfinity = false): number {
  if (typeof value === 'number' && (Number.isInteger(value) || (allowInfinity && value === Infinity)) && value >= min && (value <= max || value === Infinity))
    return value;
  const range = max === Number.MAX_SAFE_INTEGER ? `>= ${min}` : `from ${min} to ${max}`;
  throw new OptionError(option, `a whole number ${range}${allowInfinity ? ' or Infinity' : ''}`, value);
}

/** Checks a number in [min, max]. */
export function numberWithin(option: string, value: unknown, min: number, max: number): number {
  if (typeof value === 'number' && value >= min && value <= max) return value;
  throw new OptionError(option, `a number from ${min} to ${max}`, value);
}

/** Checks one of a few words. */
export function oneOf<T extends string>(option: string, value: unknown, words: readonly T[]): T {
  if (typeof value === 'string' && (words as readonly string[]).includes(value)) return value as T;
  throw new OptionError(option, `one of ${words.map((word) => `'${word}'`).join(', ')}`, value);
}
