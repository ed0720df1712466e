/**
 * What is known of the module's task functions, and the settings that follow for each.
 *
 * Until the first worker is ready the pool knows nothing of the module: every name is taken, with the pool's own settings. Afterwards unknown
 * names are refused at once and the defaults of `defineTask` apply.
 */
import { OptionError } from '../errors.js';
import type { MillraceError } from '../errors.js';
import { normaliseBreaker } from '../policy/circuit-breaker.js';
import type { BreakerPlan } from '../policy/circuit-breaker.js';
import { normaliseHedge } from '../policy/hedge.js';
import { normaliseRetry } from '../policy/retry.js';
import { isAbortSignal } from '../runtime/abort-signal.js';
import { ownOptions } from '../runtime/own-options.js';
import { parseDuration } from '../runtime/units.js';
import type { Bulkhead } from '../queue/bulkhead.js';
import type { LevelOptions } from '../queue/queued-task.js';
import type { TaskDefaults, TaskOptions } from '../task/types.js';
import { unknownFunctionError } from '../task/unknown-function.js';
import type { FunctionInfo } from '../transport/protocol.js';
import { declaredBulkhead } from './bulkhead-options.js';
import { levelIndex } from './normalise-options.js';
import type { TaskSettings } from './task-settings.js';
import { transferList } from './transfer-list.js';

/** Options of one call, checked: `undefined` fields fall back to the function's, then the pool's. */
export interface GivenOptions {
  readonly level: number | undefined;
  readonly timeoutMs: number | undefined;
  readonly deadlineMs: number | undefined;
  readonly retry: TaskOptions['retry'];
  readonly hedge: TaskOptions['hedge'];
  readonly delayMs: number;
  readonly signal: AbortSignal | undefined;
  readonly idempotencyKey: string | undefined;
  readonly correlationId: string | undefined;
  readonly affinityKey: string | undefined;
  readonly transfer: readonly object[] | undefined;
}

const TASK_OPTIONS: readonly (keyof TaskOptions)[] = [
  'priority',
  'signal',
  'timeout',
  'deadline',
  'delay',
  'retry',
  'hedge',
  'idempotencyKey',
  'correlationId',
  'affinityKey',
  'transfer',
];
const DEFAULTS: readonly (keyof TaskDefaults)[] = ['class', 'priority', 'timeout', 'deadline', 'retry', 'hedge', 'breaker', 'bulkhead'];

export class TaskFunctions {
  readonly #base: TaskSettings;
  readonly #onLearned: ((functions: readonly FunctionInfo[]) => void) | undefined;
  readonly #levels: readonly LevelOptions[];
  readonly #settings = new Map<string, TaskSettings>();
  readonly #plain = new Map<string, TaskSettings>();
  /** Those of the pool's options, and those that functions declare. */
  readonly #bulkheads: Map<string, Bulkhead>;
  /** Changes with what is known of the functions. */
  version = 0;
  #countsErrors: boolean;
  #known: Map<string, FunctionInfo> | undefined;

  /** @param onLearned told what the module exports, each time a worker tells */
  constructor(
    base: TaskSettings,
    levels: readonly LevelOptions[],
    bulkheads: ReadonlyMap<string, Bulkhead>,
    onLearned?: (functions: readonly FunctionInfo[]) => void,
  ) {
    this.#onLearned = onLearned;
    this.#base = base;
    this.#bulkheads = new Map(bulkheads);
    this.#levels = levels;
    this.#countsErrors = countsErrors(base.breaker);
    for (const name of bulkheads.keys()) this.#settings.set(name, this.#undeclared(name));
  }

  bulkheads(): readonly Bulkhead[] {
    return [...this.#bulkheads.values()];
  }

  get hasBulkheads(): boolean {
    return this.#bulkheads.size > 0;
  }

  /** Whether some function has a breaker that counts its errors. */
  get countsErrors(): boolean {
    return this.#countsErrors;
  }

  /** Whether the first worker has told the names. */
  get learned(): boolean {
    return this.#known !== undefined;
  }

  /** Takes the names and defaults a worker reported; returns whether any function has defaults of its own. Throws an OptionError when they are bad. */
  learn(functions: readonly FunctionInfo[]): boolean {
    const settings = new Map<string, TaskSettings>();
    for (const info of functions) settings.set(info.name, this.#merge(info.name, info.options as TaskDefaults | undefined));
    this.#known = new Map(functions.map((info) => [info.name, info]));
    this.version += 1;
    this.#settings.clear();
    this.#plain.clear();
    for (const [name, each] of settings) {
      this.#settings.set(name, each);
      if (isPlain(each, this.#base.level)) this.#plain.set(name, each);
      this.#countsErrors ||= countsErrors(each.breaker);
    }
    this.#onLearned?.(functions);
    return functions.some((info) => info.options !== undefined);
  }

  /** The settings of a plain call of `name`. One map look-up. */
  of(name: string): TaskSettings {
    return this.#settings.get(name) ?? this.#base;
  }

  /** The same if the function is known and nothing of them asks for anything: no limits, retries or second attempts, no bulkhead, and the usual level. */
  plain(name: string): TaskSettings | undefined {
    return this.#plain.get(name);
  }

  /** The settings of a call with options of its own. */
  with(name: string, given: GivenOptions): TaskSettings {
    const base = this.of(name);
    const { level, timeoutMs, deadlineMs, retry, hedge } = given;
    if (level === undefined && timeoutMs === undefined && deadlineMs === undefined && retry === undefined && hedge === undefined) return base;
    return {
      owner: base.owner,
      level: level ?? base.level,
      timeoutMs: timeoutMs ?? base.timeoutMs,
      deadlineMs: deadlineMs ?? base.deadlineMs,
      retry: retry === undefined ? base.retry : normaliseRetry('retry', retry),
      hedge: hedge === undefined ? base.hedge : normaliseHedge('hedge', hedge),
      breaker: base.breaker,
      bulkhead: base.bulkhead,
    };
  }

  /** The error for a name the module does not export; `undefined` while it may exist. */
  unknown(name: string): MillraceError | undefined {
    const known = this.#known;
    return known === undefined || known.has(name) ? undefined : unknownFunctionError(name, [...known.keys()]);
  }

  /** Checks the options of a call. */
  check(options: TaskOptions | undefined): GivenOptions {
    const own = ownOptions<TaskOptions>('options', options, TASK_OPTIONS);
    if (own.signal !== undefined && !isAbortSignal(own.signal)) throw new OptionError('options.signal', 'an AbortSignal', own.signal);
    if (own.retry !== undefined) normaliseRetry('options.retry', own.retry);
    normaliseHedge('options.hedge', own.hedge);
    return {
      level: own.priority === undefined ? undefined : levelIndex('options.priority', own.priority, this.#levels),
      timeoutMs: own.timeout === undefined ? undefined : parseDuration('options.timeout', own.timeout, true),
      deadlineMs: own.deadline === undefined ? undefined : parseDuration('options.deadline', own.deadline, true),
      retry: own.retry,
      hedge: own.hedge,
      delayMs: own.delay === undefined ? 0 : parseDuration('options.delay', own.delay),
      signal: own.signal,
      idempotencyKey: key('options.idempotencyKey', own.idempotencyKey),
      correlationId: key('options.correlationId', own.correlationId),
      affinityKey: key('options.affinityKey', own.affinityKey),
      transfer: transferList(own.transfer),
    };
  }

  /** The settings of a function that says nothing of itself. */
  #undeclared(name: string): TaskSettings {
    const bulkhead = this.#bulkheads.get(name);
    return bulkhead === undefined ? this.#base : { ...this.#base, bulkhead };
  }

  #merge(name: string, defaults: TaskDefaults | undefined): TaskSettings {
    if (defaults === undefined) return this.#undeclared(name);
    const option = (field: string): string => `defineTask(${name}).${field}`;
    const own = ownOptions<TaskDefaults>(`defineTask(${name})`, defaults, DEFAULTS);
    return {
      owner: this.#base.owner,
      level: own.priority === undefined ? this.#base.level : levelIndex(option('priority'), own.priority, this.#levels),
      timeoutMs: own.timeout === undefined ? this.#base.timeoutMs : parseDuration(option('timeout'), own.timeout, true),
      deadlineMs: own.deadline === undefined ? this.#base.deadlineMs : parseDuration(option('deadline'), own.deadline, true),
      retry: own.retry === undefined ? this.#base.retry : normaliseRetry(option('retry'), own.retry),
      hedge: own.hedge === undefined ? this.#base.hedge : normaliseHedge(option('hedge'), own.hedge),
      breaker: own.breaker === undefined ? this.#base.breaker : normaliseBreaker(option('breaker'), own.breaker),
      bulkhead: own.bulkhead === undefined ? this.#bulkheads.get(name) : declaredBulkhead(option('bulkhead'), name, own.bulkhead, this.#bulkheads),
    };
  }
}

function isPlain({ level, timeoutMs, deadlineMs, retry, hedge, bulkhead }: TaskSettings, usualLevel: number): boolean {
  const isLimited = timeoutMs !== Infinity || deadlineMs !== Infinity || bulkhead !== undefined;
  return !isLimited && level === usualLevel && retry.attempts === 1 && hedge === undefined;
}

function countsErrors(breaker: BreakerPlan | undefined): boolean {
  return breaker !== undefined && breaker.errorRate !== Infinity;
}

function key(option: string, value: unknown): string | undefined {
  if (value === undefined || (typeof value === 'string' && value !== '')) return value;
  throw new OptionError(option, 'a non-empty string', value);
}
