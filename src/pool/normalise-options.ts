/** Checks the options of a pool and fills in the defaults, once, when the pool is made. */
import { resolve } from 'node:path';
import { OptionError } from '../errors.js';
import { normaliseBreaker } from '../policy/circuit-breaker.js';
import { normaliseHedge } from '../policy/hedge.js';
import { normaliseRetry } from '../policy/retry.js';
import { systemClock } from '../runtime/clock.js';
import type { Clock } from '../runtime/clock.js';
import { cpuLimit } from '../runtime/limits.js';
import { numberWithin, oneOf, ownOptions, wholeNumber } from '../runtime/own-options.js';
import { systemRandom } from '../runtime/random.js';
import type { Random } from '../runtime/random.js';
import { parseDuration, parseSize } from '../runtime/units.js';
import type { Duration, Size } from '../runtime/units.js';
import { DEFAULT_LEVELS } from '../queue/queued-task.js';
import type { Bulkhead } from '../queue/bulkhead.js';
import type { LevelOptions } from '../queue/queued-task.js';
import { placement } from '../scheduler/placement/placements.js';
import type { Placement } from '../scheduler/placement.js';
import { scalingPolicy } from '../scheduler/scaler/scaling-policies.js';
import type { ScalingPolicy } from '../scheduler/scaler/scaling-policy.js';
import { normaliseLimits } from '../task/worker-limits.js';
import type { Limits } from '../task/worker-limits.js';
import type { FunctionInfo } from '../transport/protocol.js';
import type { ErrorClass } from '../transport/error-record.js';
import type { RuntimeOptions, WorkerKind } from '../worker/worker.js';
import type { HostSource } from './host-readings.js';
import { bulkheads } from './bulkhead-options.js';
import { overloadSettings } from './overload-options.js';
import type { MemoryBudget } from './memory-budget.js';
import { OTHER_NAMES } from './other-names.js';
import type { OverloadSettings } from './overload-options.js';
import type { LevelInput, PoolOptions, PoolSize, QueueOptions, RecycleOptions, WhenFull } from './options.js';
import type { TaskSettings } from './task-settings.js';
import { watchdogSettings } from './watchdog-options.js';
import type { WatchdogSettings } from './watchdog-options.js';

/** The options of a pool with every default filled in; ms, bytes and counts are plain numbers. */
export interface PoolSettings {
  readonly name: string;
  readonly kind: WorkerKind;
  readonly size: SizeLimits;
  /** Tasks that may be in flight at once inside one worker; with `autoConcurrency` the most that ever may. */
  readonly concurrency: number;
  readonly autoConcurrency: boolean;
  /** Whether a plain call may be made within its submission: on the event loop only, and not where it stands in for workers that do not do so. */
  readonly callsAtOnce: boolean;
  readonly queue: QueueSettings;
  /** `undefined` for a pool without overload control. */
  readonly overload: OverloadSettings | undefined;
  readonly placement: Placement;
  readonly policy: ScalingPolicy;
  /** What holds for tasks that say nothing else. */
  readonly task: Omit<TaskSettings, 'owner'>;
  /** By name of a function or group. */
  readonly bulkheads: ReadonlyMap<string, Bulkhead>;
  readonly cancelGraceMs: number;
  /** The grace of a worker whose event loop is blocked. */
  readonly blockedGraceMs: number;
  readonly startTimeoutMs: number;
  readonly stopTimeoutMs: number;
  readonly healthIntervalMs: number;
  readonly healthTimeoutMs: number;
  readonly slowWorkers: 'report' | 'isolate' | 'ignore';
  /** `undefined`: nobody watches. */
  readonly watchdog: WatchdogSettings | undefined;
  readonly recycle: { readonly tasksMax: number; readonly ageMsMax: number; readonly heapBytesMax: number; readonly heapGrowthBytesMax: number };
  readonly deadLettersMax: number;
  readonly streamCredit: number;
  readonly submitStack: boolean | 'auto';
  readonly errorClasses: readonly ErrorClass[];
  readonly runtime: RuntimeOptions;
  readonly limits: Limits;
  readonly clock: Clock;
  readonly random: Random;
  /** Whoever wants to know of each execution and of what the module exports: a group of pools. */
  readonly watch?: PoolWatch;
  /** Memory that this pool shares with others. */
  readonly memoryBudget?: MemoryBudget;
  /** In place of the readings of this host: set by the simulator only. */
  readonly host?: HostSource & { readonly cores: number; cpuTimeUs(): number };
}

export interface PoolWatch {
  ran(taskName: string, runMs: number): void;
  learned(functions: readonly FunctionInfo[]): void;
}

export interface SizeLimits {
  readonly min: number;
  readonly max: number;
}

export interface QueueSettings {
  readonly max: number;
  readonly bytesMax: number;
  /** `Infinity` for none. */
  readonly waitMsMax: number;
  readonly whenFull: WhenFull;
  readonly levels: readonly LevelOptions[];
  readonly highWaterMark: number;
  readonly lowWaterMark: number;
}

const WORKERS_MAX = 4_096;
/** A worker has 4,096 slots; some are left for broadcasts and for attempts that were told to stop. */
const CONCURRENCY_MAX = 2_048;
const AUTO_CONCURRENCY_MAX = 1_024;
const POOL_OPTIONS: readonly (keyof PoolOptions)[] = [
  'name',
  'worker',
  'size',
  'concurrency',
  'queue',
  'overload',
  'placement',
  'policy',
  'timeout',
  'deadline',
  'retry',
  'hedge',
  'breaker',
  'bulkheads',
  'priority',
  'cancelGrace',
  'startTimeout',
  'stopTimeout',
  'healthInterval',
  'healthTimeout',
  'slowWorkers',
  'watchdog',
  'recycle',
  'deadLetters',
  'streamCredit',
  'submitStack',
  'errors',
  'workerData',
  'env',
  'argv',
  'execArgv',
  'resourceLimits',
  'limits',
  'cwd',
  'clock',
  'random',
];

const CANCEL_GRACE_MS = 500;
/** Code that blocks the event loop and asks whether it is cancelled has seen it by then (P). */
const BLOCKED_GRACE_MS = 25;

/** @throws OptionError naming the option, what was expected and what came */
export function normaliseOptions(input: PoolOptions | undefined): PoolSettings {
  const options = ownOptions<PoolOptions>('options', input, POOL_OPTIONS, OTHER_NAMES);
  const kind = workerKind(options.worker);
  const queue = queueSettings(options.queue);
  const size = sizeLimits('size', options.size, kind);
  return {
    name: poolName(options.name),
    kind,
    size,
    concurrency: concurrency(options.concurrency, kind),
    autoConcurrency: options.concurrency === 'auto',
    callsAtOnce: kind === 'async' && options.concurrency !== 'auto', // that one looks once a turn
    queue,
    overload: overloadSettings(options.overload, queue.levels),
    placement: placement('placement', options.placement ?? 'least-loaded'),
    policy: scalingPolicy('policy', options.policy ?? (size.min === size.max ? 'fixed' : 'queue-depth')),
    task: {
      level: levelIndex('priority', options.priority ?? defaultLevel(queue.levels), queue.levels),
      timeoutMs: options.timeout === undefined ? Infinity : parseDuration('timeout', options.timeout, true),
      deadlineMs: options.deadline === undefined ? Infinity : parseDuration('deadline', options.deadline, true),
      retry: normaliseRetry('retry', options.retry),
      hedge: normaliseHedge('hedge', options.hedge),
      breaker: normaliseBreaker('breaker', options.breaker),
      bulkhead: undefined,
    },
    bulkheads: bulkheads(options.bulkheads),
    cancelGraceMs: parseDuration('cancelGrace', options.cancelGrace ?? CANCEL_GRACE_MS),
    blockedGraceMs: parseDuration('cancelGrace', options.cancelGrace ?? BLOCKED_GRACE_MS),
    startTimeoutMs: parseDuration('startTimeout', options.startTimeout ?? 30_000),
    stopTimeoutMs: parseDuration('stopTimeout', options.stopTimeout ?? 5_000),
    healthIntervalMs: parseDuration('healthInterval', options.healthInterval ?? 30_000, true),
    healthTimeoutMs: parseDuration('healthTimeout', options.healthTimeout ?? 10_000),
    slowWorkers: oneOf('slowWorkers', options.slowWorkers ?? 'report', ['report', 'isolate', 'ignore']),
    watchdog: watchdogSettings(options.watchdog),
    recycle: recycleLimits(options.recycle),
    deadLettersMax: deadLettersMax(options),
    streamCredit: wholeNumber('streamCredit', options.streamCredit ?? 16, 1, 65_536),
    submitStack: options.submitStack === undefined ? 'auto' : submitStack(options.submitStack),
    errorClasses: errorClasses(options.errors),
    runtime: runtimeOptions(options, kind),
    limits: poolLimits(options.limits, kind),
    clock: options.clock === undefined ? systemClock : clock(options.clock),
    random: options.random === undefined ? systemRandom : random(options.random),
  };
}

/** Reads `size` and checks it against nothing but itself; used by `resize` too. */
export function sizeLimits(option: string, size: PoolSize | undefined, kind: WorkerKind, current?: SizeLimits): SizeLimits {
  if (typeof size === 'number') {
    const fixed = wholeNumber(option, size, 1, WORKERS_MAX);
    return { min: fixed, max: fixed };
  }
  if (size !== undefined && (typeof size !== 'object' || size === null || Array.isArray(size)))
    throw new OptionError(option, 'a whole number >= 1 or an object { min, max }', size);
  const own = ownOptions<{ min: number; max: number }>(option, size, ['min', 'max']);
  const maxGiven = own.max === undefined ? undefined : wholeNumber(`${option}.max`, own.max, 1, WORKERS_MAX);
  const minGiven = own.min === undefined ? undefined : wholeNumber(`${option}.min`, own.min, 0, WORKERS_MAX);
  const max = maxGiven ?? Math.max(minGiven ?? 0, current?.max ?? (kind === 'async' ? 1 : cpuLimit().cpus));
  const min = minGiven ?? Math.min(max, current?.min ?? 1);
  if (min > max) throw new OptionError(`${option}.min`, `at most ${option}.max (${max})`, min);
  return { min, max };
}

/** The index of a level by its name. */
export function levelIndex(option: string, name: unknown, levels: readonly LevelOptions[]): number {
  const index = levels.findIndex((level) => level.name === name);
  if (index === -1) throw new OptionError(option, `one of ${levels.map((level) => `'${level.name}'`).join(', ')}`, name);
  return index;
}

function workerKind(given: unknown): WorkerKind {
  const kind = oneOf('worker', given ?? 'thread', ['async', 'thread', 'process']);
  if (kind === 'process' && ('bun' in process.versions || 'deno' in process.versions)) {
    const why = 'bun' in process.versions ? 'A child of Bun cannot read from an inherited pipe' : 'Deno leaves a child behind that does not end by itself';
    throw new OptionError('worker', "'async' or 'thread' on this runtime", kind, `${why}; use threads, or run the program with Node`);
  }
  return kind;
}

function concurrency(given: PoolOptions['concurrency'], kind: WorkerKind): number {
  if (given === 'auto') return AUTO_CONCURRENCY_MAX;
  if (typeof given === 'string') throw new OptionError('concurrency', "a whole number >= 1 or 'auto'", given);
  return wholeNumber('concurrency', given ?? (kind === 'async' ? 64 : 1), 1, CONCURRENCY_MAX);
}

function defaultLevel(levels: readonly LevelOptions[]): string {
  return (levels.find((level) => level.name === 'normal') ?? (levels[levels.length >> 1] as LevelOptions)).name;
}

function poolName(name: unknown): string {
  if (name === undefined) return 'pool';
  if (typeof name === 'string' && /^[\w.:-]{1,64}$/.test(name)) return name;
  throw new OptionError('name', 'a string of 1 to 64 letters, digits, or . _ : -', name);
}

function queueSettings(input: QueueOptions | undefined): QueueSettings {
  const own = ownOptions<QueueOptions>('queue', input, ['max', 'maxBytes', 'maxWait', 'whenFull', 'levels', 'highWaterMark', 'lowWaterMark']);
  const highWaterMark = numberWithin('queue.highWaterMark', own.highWaterMark ?? 0.8, 0, 1);
  return {
    max: wholeNumber('queue.max', own.max ?? 10_000, 0, undefined, true),
    bytesMax: own.maxBytes === undefined ? Infinity : parseSize('queue.maxBytes', own.maxBytes, true),
    waitMsMax: own.maxWait === undefined ? Infinity : parseDuration('queue.maxWait', own.maxWait, true),
    whenFull: oneOf('queue.whenFull', own.whenFull ?? 'reject', ['reject', 'wait', 'shed-lowest', 'drop-oldest', 'caller-runs', 'dead-letter']),
    levels: levels(own.levels),
    highWaterMark,
    lowWaterMark: numberWithin('queue.lowWaterMark', own.lowWaterMark ?? Math.min(0.5, highWaterMark), 0, highWaterMark),
  };
}

function levels(input: QueueOptions['levels']): readonly LevelOptions[] {
  if (input === undefined) return DEFAULT_LEVELS;
  if (typeof input !== 'object' || input === null) throw new OptionError('queue.levels', "an object such as { urgent: 0, normal: '1s' }", input);
  const result = Object.keys(input).map((name) => level(name, input[name] as LevelInput));
  if (result.length === 0 || result.length > 16) throw new OptionError('queue.levels', '1 to 16 levels', input);
  result.forEach((each, index) => {
    if (index > 0 && each.headStartMs < (result[index - 1] as LevelOptions).headStartMs) {
      throw new OptionError(`queue.levels.${each.name}`, 'a head start not less than that of the level before it', each.headStartMs);
    }
  });
  return result;
}

function level(name: string, input: LevelInput): LevelOptions {
  const option = `queue.levels.${name}`;
  if (typeof input !== 'object') return { name, headStartMs: parseDuration(option, input), max: Infinity, bytesMax: Infinity };
  const own = ownOptions<{ headStart: Duration; max: number; maxBytes: Size; maxWait: Duration }>(option, input, ['headStart', 'max', 'maxBytes', 'maxWait']);
  return {
    name,
    headStartMs: parseDuration(`${option}.headStart`, own.headStart),
    max: own.max === undefined ? Infinity : wholeNumber(`${option}.max`, own.max, 0, undefined, true),
    bytesMax: own.maxBytes === undefined ? Infinity : parseSize(`${option}.maxBytes`, own.maxBytes, true),
    ...(own.maxWait === undefined ? undefined : { waitMsMax: parseDuration(`${option}.maxWait`, own.maxWait, true) }),
  };
}

function recycleLimits(input: RecycleOptions | undefined): PoolSettings['recycle'] {
  const own = ownOptions<RecycleOptions>('recycle', input, ['afterTasks', 'afterAge', 'afterHeap', 'afterGrowth']);
  return {
    tasksMax: own.afterTasks === undefined ? Infinity : wholeNumber('recycle.afterTasks', own.afterTasks, 1),
    ageMsMax: own.afterAge === undefined ? Infinity : parseDuration('recycle.afterAge', own.afterAge, true),
    heapBytesMax: own.afterHeap === undefined ? 0 : parseSize('recycle.afterHeap', own.afterHeap),
    heapGrowthBytesMax: own.afterGrowth === undefined ? 0 : parseSize('recycle.afterGrowth', own.afterGrowth),
  };
}

/** A module may be served by workers of any kind; a pool has one, and is told what cannot be. */
function poolLimits(input: unknown, kind: WorkerKind): Limits {
  const limits = normaliseLimits('limits', input);
  if (kind === 'async' && input !== undefined) throw new OptionError('limits', 'none for workers on the event loop, which share all there is', input);
  for (const [name, value] of [
    ['cpuTime', limits.cpuTimeS],
    ['openFiles', limits.openFiles],
  ] as const) {
    if (kind !== 'process' && value !== undefined) throw new OptionError(`limits.${name}`, `none for ${kind} workers`, value, "Use worker: 'process'");
  }
  return limits;
}

function deadLettersMax(options: Partial<PoolOptions>): number {
  const given = options.deadLetters;
  if (given === false) return 0;
  if (given !== undefined) return wholeNumber('deadLetters', given, 0);
  return options.retry !== undefined || options.queue?.whenFull === 'dead-letter' ? 1_000 : 0;
}

function submitStack(value: unknown): boolean | 'auto' {
  if (typeof value === 'boolean' || value === 'auto') return value;
  throw new OptionError('submitStack', "true, false or 'auto'", value);
}

function errorClasses(value: unknown): readonly ErrorClass[] {
  if (value === undefined) return [];
  if (Array.isArray(value) && value.every((each) => typeof each === 'function' && each.prototype instanceof Error)) return [...(value as ErrorClass[])];
  throw new OptionError('errors', 'an array of classes that extend Error', value);
}

function runtimeOptions(options: Partial<PoolOptions>, kind: WorkerKind): RuntimeOptions {
  return {
    env: options.env === undefined ? undefined : environment(options.env),
    argv: strings('argv', options.argv) ?? [],
    execArgv: strings('execArgv', options.execArgv),
    resourceLimits: options.resourceLimits === undefined ? undefined : resourceLimits(options.resourceLimits, kind),
    cwd: options.cwd === undefined ? undefined : folder(options.cwd, kind),
    workerData: options.workerData,
  };
}

/** Only a process has a folder of its own: elsewhere relative paths would lead somewhere else than they seem to. */
function folder(value: unknown, kind: WorkerKind): string {
  const path = text('cwd', value);
  if (kind === 'process' || resolve(path) === process.cwd()) return path;
  throw new OptionError('cwd', `none for ${kind} workers, which share the folder of this process`, path, "Use worker: 'process'");
}

/** A process that lost its limit in silence would be missed only when it is needed. */
function resourceLimits(value: unknown, kind: WorkerKind): NonNullable<RuntimeOptions['resourceLimits']> {
  if (kind === 'process')
    throw new OptionError('resourceLimits', 'none for process workers', value, "Use limits: { memory }, or execArgv: ['--max-old-space-size=512']");
  const own = ownOptions<Record<string, number>>('resourceLimits', value, [
    'maxOldGenerationSizeMb',
    'maxYoungGenerationSizeMb',
    'codeRangeSizeMb',
    'stackSizeMb',
  ]);
  for (const [name, megabytes] of Object.entries(own)) numberWithin(`resourceLimits.${name}`, megabytes, 0, Number.MAX_SAFE_INTEGER);
  return { ...own };
}

function clock(value: unknown): Clock {
  const { now, setTimer, defer } = (value ?? {}) as Partial<Record<keyof Clock, unknown>>;
  if ([now, setTimer, defer].every((method) => typeof method === 'function')) return value as Clock;
  throw new OptionError('clock', 'an object with now, setTimer and defer', value);
}

function random(value: unknown): Random {
  if (typeof value === 'function') return value as Random;
  throw new OptionError('random', 'a function that returns a number in [0, 1)', value);
}

function environment(value: unknown): Record<string, string | undefined> {
  if (typeof value !== 'object' || value === null) throw new OptionError('env', 'an object of strings', value);
  const copy: Record<string, string | undefined> = Object.create(null);
  for (const [name, each] of Object.entries(value)) {
    if (each !== undefined && typeof each !== 'string') throw new OptionError(`env.${name}`, 'a string', each);
    copy[name] = each;
  }
  return copy;
}

function strings(option: string, value: unknown): readonly string[] | undefined {
  if (value === undefined) return undefined;
  if (Array.isArray(value) && value.every((each) => typeof each === 'string')) return [...(value as string[])];
  throw new OptionError(option, 'an array of strings', value);
}

function text(option: string, value: unknown): string {
  if (typeof value === 'string' && value !== '') return value;
  throw new OptionError(option, 'a non-empty string', value);
}
