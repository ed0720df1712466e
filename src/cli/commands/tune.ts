/** `millrace tune <module> [function] [inputs...]`: which workers, and how many, on this machine. */
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { cpuLimit } from '../../runtime/limits.js';
import type { WorkerKind } from '../../worker/worker.js';
import { parseCommandLine } from '../command-line.js';
import type { CommandLine } from '../command-line.js';
import { CommandError, EXIT } from '../exit-codes.js';
import { durationFlag, parseJobs, wordFlag } from '../flag-parsers.js';
import { formatLatency, formatRate } from '../format.js';
import { commandHelp } from '../help.js';
import type { Host } from '../host.js';
import { findSources, readAll } from '../inputs/inputs.js';
import { packageInfo } from '../package-info.js';
import { Screen } from '../screen.js';
import { chooseFunction, listFunctions, locateModule, namesFunction } from '../task-module.js';
import { curveSvg, curveTable } from '../tune/draw.js';
import { measureOn } from '../tune/measure.js';
import { recommend, saturate } from '../tune/saturation.js';
import type { Measure, Saturation } from '../tune/saturation.js';
import { workerExecArgv } from '../worker-flags.js';

const DURATION_MS_DEFAULT = 1_000;
const KINDS: readonly WorkerKind[] = ['async', 'thread', 'process'];
/** More inputs than this are not needed to measure one function. */
const INPUTS_MAX = 10_000;
const ASYNC_AT_ONCE_MAX = 256;

interface TunePlan {
  readonly specifier: string;
  readonly functionName: string;
  readonly kinds: readonly WorkerKind[];
  readonly atOnceMax: (kind: WorkerKind) => number;
  readonly measure: Measure;
}

/** Resolves to the exit code. */
export async function tuneCommand(argv: readonly string[], host: Host): Promise<number> {
  const line = parseCommandLine('tune', argv, host.env);
  if (line.flags.on('help') || line.flags.on('version')) {
    await write(host, line.flags.on('help') ? commandHelp('tune') : `${packageInfo().version}\n`);
    return EXIT.ok;
  }
  const { cpus } = cpuLimit({ env: host.env });
  const screen = new Screen(host.stderr, host.env);
  // What tasks print must not mix with the result.
  await import('../entry/stdout-to-stderr.js');
  const plan = await makePlan(line, cpus, host);
  screen.print(
    `millrace ${packageInfo().version}  measuring ${plan.functionName} of ${plan.specifier} on ${cpus} CPUs; anything else that runs now is measured with it`,
  );
  const all = await measureAll(plan, screen);
  const { kind, options, reasons } = recommend(all, cpus);
  const paste = `createPool(new URL(${JSON.stringify(relativeUrl(plan.specifier))}, import.meta.url), ${options});`;
  await write(host, `${curveTable(all)}\n\n${kind}, because\n${reasons.map((reason) => `  - ${reason}`).join('\n')}\n\n  ${paste}\n`);
  const svg = line.flags.text('svg');
  if (svg !== undefined) writeFileSync(resolve(host.cwd, svg), curveSvg(plan.functionName, all));
  return EXIT.ok;
}

async function makePlan(line: CommandLine, cpus: number, host: Host): Promise<TunePlan> {
  const { flags, groups, positionals } = line;
  const [specifier, first, ...rest] = positionals;
  if (specifier === undefined) throw new CommandError('tune: expected a module, such as: millrace tune ./tasks.js resize a.jpg');
  const module = locateModule(specifier, host.cwd);
  const named = namesFunction(first, host.cwd);
  const words = named || first === undefined ? rest : [first, ...rest];
  const request = { words, groups, files: flags.list('input'), format: undefined, nul: false };
  const functionName = chooseFunction(specifier, await listFunctions(module), named ? first : undefined);
  const inputs: unknown[] = [];
  if (words.length + groups.length + request.files.length > 0) {
    for await (const input of readAll(await findSources(request, host))) if (inputs.push(input) === INPUTS_MAX) break;
  }
  const kind = wordFlag(flags, 'worker', KINDS);
  const jobs = flags.text('jobs');
  const workersMax = jobs === undefined ? 4 * cpus : parseJobs(flags.origin('jobs'), jobs, cpus);
  const durationMs = durationFlag(flags, 'duration') ?? DURATION_MS_DEFAULT;
  const execArgv = (of: WorkerKind): string[] => workerExecArgv(of, host.execArgv) ?? [];
  return {
    specifier,
    functionName,
    kinds: kind === undefined ? KINDS : [kind],
    atOnceMax: (of) => (of === 'async' && jobs === undefined ? ASYNC_AT_ONCE_MAX : workersMax),
    measure: measureOn({ url: module.url, functionName, inputs, durationMs, clock: host.clock, execArgv }),
  };
}

async function measureAll({ kinds, measure, atOnceMax, functionName }: TunePlan, screen: Screen): Promise<Saturation[]> {
  const all: Saturation[] = [];
  const shown: Measure = async (kind, atOnce) => {
    screen.status(`${kind}: ${atOnce} at once…`);
    const point = await measure(kind, atOnce);
    screen.print(`${kind}: ${atOnce} at once, ${formatRate(point.throughputPerS)}, p99 ${formatLatency(point.latencyP99Ms)}`);
    return point;
  };
  try {
    for (const kind of kinds) all.push(await saturate(kind, shown, atOnceMax(kind)));
  } catch (error) {
    throw new CommandError(`${functionName}: a task failed while it was measured: ${(error as Error).message}`, { exitCode: EXIT.failed, cause: error });
  } finally {
    screen.status('');
  }
  return all;
}

function relativeUrl(specifier: string): string {
  return specifier.startsWith('.') || specifier.includes(':') || specifier.startsWith('/') ? specifier : `./${specifier}`;
}

function write(host: Host, text: string): Promise<void> {
  return new Promise((done) => host.stdout.write(text, () => done()));
}
