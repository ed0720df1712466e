/** Bulkheads as the options of pools and functions say them. */
import { OptionError } from '../errors.js';
import { Bulkhead } from '../queue/bulkhead.js';
import { ownOptions, wholeNumber } from '../runtime/own-options.js';
import type { BulkheadOptions, TaskDefaults } from '../task/types.js';

type Declared = Exclude<TaskDefaults['bulkhead'], number | undefined>;

/** @throws OptionError */
export function bulkheads(given: Readonly<Record<string, number | BulkheadOptions>> | undefined): ReadonlyMap<string, Bulkhead> {
  if (given === undefined) return new Map();
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw new OptionError('bulkheads', 'an object such as { resize: 2, pdf: { max: 1, queue: 10 } }', given);
  return new Map(Object.keys(given).map((name) => [name, bulkhead(`bulkheads.${name}`, name, given[name] as number | BulkheadOptions)]));
}

/**
 * The bulkhead that a function declares: its own, or its group's. What the pool's options say of that name goes before, then what was declared first.
 *
 * @param known bulkheads by name; a new one is added
 * @throws OptionError
 */
export function declaredBulkhead(option: string, functionName: string, given: number | Declared, known: Map<string, Bulkhead>): Bulkhead {
  const own = typeof given === 'number' ? { max: given } : ownOptions<Declared>(option, given, ['max', 'queue', 'group']);
  const { group = functionName, ...bounds }: Declared = own;
  if (typeof group !== 'string' || group === '') throw new OptionError(`${option}.group`, 'a non-empty string', group);
  const made = known.get(group) ?? bulkhead(option, group, bounds);
  known.set(group, made);
  return made;
}

function bulkhead(option: string, name: string, given: number | Partial<BulkheadOptions>): Bulkhead {
  if (typeof given === 'number') return new Bulkhead(name, wholeNumber(option, given, 1), Infinity);
  const { max, queue } = ownOptions<BulkheadOptions>(option, given, ['max', 'queue']);
  return new Bulkhead(name, wholeNumber(`${option}.max`, max, 1), queue === undefined ? Infinity : wholeNumber(`${option}.queue`, queue, 0));
}
