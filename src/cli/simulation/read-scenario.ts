/** The scenario of `millrace simulate`: a file, flags, or a file with some of it overridden by flags. Pure but for `read`. */
import { parseTrace, traceDurationMs } from '../../simulator/door.js';
import type { Scenario, TimeModel, TraceModel } from '../../simulator/door.js';
import type { FlagValues } from '../command-line.js';
import { CommandError } from '../exit-codes.js';
import { durationFlag, wholeFlag } from '../flag-parsers.js';

const DURATION_MS_DEFAULT = 600_000;
const SERVICE_MS_DEFAULT = 20;
const SIGMA_DEFAULT = 0.5;

/**
 * @param read returns the text of a file by the path the user wrote
 * @throws CommandError when there is no traffic, or a flag or the file cannot be understood
 */
export function readScenario(path: string | undefined, flags: FlagValues, read: (path: string) => string): Scenario {
  const base = path === undefined ? {} : parseFile(path, read(path));
  const trace = traceOf(flags, read);
  const rate = numberFlag(flags, 'rate');
  if (trace !== undefined && rate !== undefined)
    throw new CommandError(`${flags.origin('trace')} and ${flags.origin('rate')} exclude each other: both say when tasks arrive`);
  const arrivals = trace ?? (rate === undefined ? base.arrivals : { kind: 'poisson' as const, ratePerS: rate });
  if (arrivals === undefined) throw new CommandError('simulate: expected a scenario file, --rate N or --trace FILE: without one nothing arrives');
  const durationMs = durationFlag(flags, 'duration') ?? (trace === undefined ? base.durationMs : traceDurationMs(trace)) ?? DURATION_MS_DEFAULT;
  const waitTargetMs = durationFlag(flags, 'wait-target');
  return {
    name: trace === undefined ? 'traffic' : (flags.text('trace') as string),
    ...base,
    arrivals,
    durationMs,
    ...(waitTargetMs === undefined ? {} : { waitTargetMs }),
    tasks: tasksOf(base, flags),
    host: hostOf(base, flags),
    pool: poolOf(base, flags),
  };
}

function parseFile(path: string, text: string): Partial<Scenario> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Partial<Scenario>;
  } catch (error) {
    throw new CommandError(`${path}: is no JSON: ${(error as Error).message}`, { cause: error });
  }
  throw new CommandError(`${path}: expected an object with durationMs, arrivals and tasks`);
}

function traceOf(flags: FlagValues, read: (path: string) => string): TraceModel | undefined {
  const path = flags.text('trace');
  if (path === undefined) return undefined;
  const trace = { ...parseTrace(read(path), path), speed: numberFlag(flags, 'speed') ?? 1 };
  const scale = numberFlag(flags, 'scale');
  if (scale === undefined) return trace;
  if (trace.kind === 'stamps') throw new CommandError(`${flags.origin('scale')} needs a trace of counts; ${path} has instants`);
  return { ...trace, scale };
}

function tasksOf(base: Partial<Scenario>, flags: FlagValues): NonNullable<Scenario['tasks']> {
  const [cpuMs, ioMs] = [durationFlag(flags, 'service'), durationFlag(flags, 'io')];
  if (cpuMs === undefined && ioMs === undefined) return base.tasks ?? [{ cpu: spread(SERVICE_MS_DEFAULT) }];
  return [{ ...(cpuMs === undefined ? {} : { cpu: spread(cpuMs) }), ...(ioMs === undefined ? {} : { io: spread(ioMs) }) }];
}

/** Times as they usually are: a tail to the right. */
function spread(meanMs: number): TimeModel {
  return { kind: 'lognormal', meanMs, sigma: SIGMA_DEFAULT };
}

function hostOf(base: Partial<Scenario>, flags: FlagValues): NonNullable<Scenario['host']> {
  const [cores, bootMs] = [wholeFlag(flags, 'cores', 1), durationFlag(flags, 'boot')];
  const boot: TimeModel | undefined = bootMs === undefined ? base.host?.boot : { kind: 'lognormal', meanMs: bootMs, sigma: 0.3 };
  return {
    ...base.host,
    ...(cores === undefined ? {} : { cores }),
    ...(boot === undefined ? {} : { boot }),
  };
}

function poolOf(base: Partial<Scenario>, flags: FlagValues): NonNullable<Scenario['pool']> {
  const [min, max, concurrency] = [wholeFlag(flags, 'min', 0), wholeFlag(flags, 'max', 1), wholeFlag(flags, 'concurrency', 1)];
  const given = typeof base.pool?.size === 'number' ? { min: base.pool.size, max: base.pool.size } : base.pool?.size;
  const size =
    min === undefined && max === undefined ? (base.pool?.size ?? { min: 1, max: 256 }) : { min: min ?? given?.min ?? 1, max: max ?? given?.max ?? 256 };
  return { queue: { max: Infinity }, ...base.pool, size, ...(concurrency === undefined ? {} : { concurrency }) };
}

/** A number > 0. */
function numberFlag(flags: FlagValues, name: string): number | undefined {
  const text = flags.text(name);
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!/^\d+(\.\d+)?$/.test(text) || value <= 0) throw new CommandError(`${flags.origin(name)}: expected a number > 0, got ${JSON.stringify(text)}`);
  return value;
}
