/** The option `overload`, checked and filled in. */
import { OptionError } from '../errors.js';
import type { LevelOptions } from '../queue/queued-task.js';
import { numberWithin, ownOptions } from '../runtime/own-options.js';
import { parseDuration } from '../runtime/units.js';
import type { OverloadOptions } from './options.js';

/** What governs the overload control of a pool that has one. */
export interface OverloadSettings {
  /** Longest wait that is no overload; `undefined` follows the tasks. */
  readonly targetMs: number | undefined;
  /** How long the wait must be above it; `undefined` follows the tasks. */
  readonly intervalMs: number | undefined;
  /** By level: whether tasks that have waited too long are given up. */
  readonly interactive: readonly boolean[];
  readonly newestFirst: boolean;
  /** 0 for no priority threshold. */
  readonly refuseMax: number;
  /** `Infinity` for no watch over memory. */
  readonly memoryShareMax: number;
}

const NAMES: readonly (keyof OverloadOptions)[] = ['target', 'interval', 'interactive', 'newestFirst', 'refuseMax', 'memory'];
const REFUSE_MAX = 0.99;
const MEMORY_SHARE_MAX = 0.9;

/** `undefined` for a pool that has no overload control. */
export function overloadSettings(input: 'off' | 'adaptive' | OverloadOptions | undefined, levels: readonly LevelOptions[]): OverloadSettings | undefined {
  if (input === undefined || input === 'off') return undefined;
  if (input !== 'adaptive' && (typeof input !== 'object' || input === null || Array.isArray(input)))
    throw new OptionError('overload', "'off', 'adaptive' or an object such as { interactive: ['high'] }", input);
  const own = ownOptions<OverloadOptions>('overload', input === 'adaptive' ? undefined : input, NAMES);
  return {
    targetMs: own.target === undefined ? undefined : parseDuration('overload.target', own.target),
    intervalMs: own.interval === undefined ? undefined : parseDuration('overload.interval', own.interval),
    interactive: interactive(own.interactive, levels),
    newestFirst: flag('overload.newestFirst', own.newestFirst ?? false),
    refuseMax: numberWithin('overload.refuseMax', own.refuseMax ?? REFUSE_MAX, 0, 1),
    memoryShareMax: own.memory === false ? Infinity : numberWithin('overload.memory', own.memory ?? MEMORY_SHARE_MAX, 0, 1),
  };
}

function interactive(names: unknown, levels: readonly LevelOptions[]): readonly boolean[] {
  const given = names ?? [];
  if (!Array.isArray(given)) throw new OptionError('overload.interactive', 'an array of names of levels', names);
  const known = levels.map((level) => level.name);
  for (const name of given) if (!known.includes(name)) throw new OptionError('overload.interactive', `names among ${known.join(', ')}`, name);
  return known.map((name) => given.includes(name));
}

function flag(option: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  throw new OptionError(option, 'true or false', value);
}
