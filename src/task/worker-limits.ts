/** The limits of one worker, checked and in plain numbers. They come from the pool and from the module. */
import { OptionError } from '../errors.js';
import { ownOptions, wholeNumber } from '../runtime/own-options.js';
import { parseDuration, parseSize } from '../runtime/units.js';
import type { MemoryLimits, WorkerLimits } from './types.js';

/** `undefined` for each limit that is not set. */
export interface Limits {
  readonly memorySoftBytes: number | undefined;
  readonly memoryHardBytes: number | undefined;
  readonly cpuTimeS: number | undefined;
  readonly openFiles: number | undefined;
  readonly priority: number | undefined;
  readonly cpus: readonly number[] | 'spread' | undefined;
}

/** Fewer, and the runtime itself cannot work. */
const OPEN_FILES_MIN = 64;
const CPU_MAX = 8_191;

/** @throws OptionError naming the field, what was expected and what came */
export function normaliseLimits(option: string, input: unknown): Limits {
  const own = ownOptions<WorkerLimits>(option, input, ['memory', 'cpuTime', 'openFiles', 'priority', 'cpus']);
  const memory = ownOptions<MemoryLimits>(`${option}.memory`, own.memory, ['soft', 'hard']);
  const soft = memory.soft === undefined ? undefined : parseSize(`${option}.memory.soft`, memory.soft);
  const hard = memory.hard === undefined ? undefined : parseSize(`${option}.memory.hard`, memory.hard);
  if (soft !== undefined && hard !== undefined && soft > hard) throw new OptionError(`${option}.memory.soft`, `at most ${option}.memory.hard`, memory.soft);
  return {
    memorySoftBytes: soft,
    memoryHardBytes: hard,
    cpuTimeS: own.cpuTime === undefined ? undefined : Math.max(1, Math.ceil(parseDuration(`${option}.cpuTime`, own.cpuTime) / 1_000)),
    openFiles: own.openFiles === undefined ? undefined : wholeNumber(`${option}.openFiles`, own.openFiles, OPEN_FILES_MIN),
    priority: own.priority === undefined ? undefined : wholeNumber(`${option}.priority`, own.priority, -20, 19),
    cpus: own.cpus === undefined ? undefined : cpuList(`${option}.cpus`, own.cpus),
  };
}

/** Those of `first` where it has any, else those of `second`. */
export function mergeLimits(first: Limits, second: Limits): Limits {
  return {
    memorySoftBytes: first.memorySoftBytes ?? second.memorySoftBytes,
    memoryHardBytes: first.memoryHardBytes ?? second.memoryHardBytes,
    cpuTimeS: first.cpuTimeS ?? second.cpuTimeS,
    openFiles: first.openFiles ?? second.openFiles,
    priority: first.priority ?? second.priority,
    cpus: first.cpus ?? second.cpus,
  };
}

function cpuList(option: string, value: unknown): readonly number[] | 'spread' {
  if (value === 'spread') return value;
  if (!Array.isArray(value) || value.length === 0) throw new OptionError(option, "a list of CPU numbers or 'spread'", value);
  return value.map((cpu, index) => wholeNumber(`${option}[${index}]`, cpu, 0, CPU_MAX));
}
