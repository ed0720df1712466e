/** `millrace run <module> [function] [inputs...]`. */
import { resolve } from 'node:path';
import { createPool } from '../../index.js';
import type { Pool } from '../../pool/pool.js';
import { availableMemoryBytes, cpuLimit } from '../../runtime/limits.js';
import { parseCommandLine } from '../command-line.js';
import type { CommandLine } from '../command-line.js';
import { CommandError } from '../exit-codes.js';
import { commandHelp } from '../help.js';
import type { Host } from '../host.js';
import { countSources, findSources, readAll } from '../inputs/inputs.js';
import type { InputSource } from '../inputs/source.js';
import { exitCodeOf, Job } from '../job.js';
import type { AnyTasks, JobReport } from '../job.js';
import { JobLog, readHistory } from '../joblog.js';
import type { JobIdentity, Verdict } from '../joblog.js';
import { toJson } from '../json.js';
import { MemoryGate } from '../memory-gate.js';
import { Output } from '../output.js';
import { packageInfo } from '../package-info.js';
import { ResultFiles } from '../result-files.js';
import { recordFormat, taggedFormat, valueFormat } from '../results.js';
import { parseRunOptions, poolOptions } from '../run-options.js';
import type { RunOptions } from '../run-options.js';
import { RunSink } from '../run-sink.js';
import { Screen } from '../screen.js';
import { renderSummary } from '../summary.js';
import { chooseFunction, listFunctions, locateModule, namesFunction } from '../task-module.js';
import type { TaskModule } from '../task-module.js';
import { showLogs, watchJob } from '../watch-job.js';
import { workerExecArgv } from '../worker-flags.js';

/** Inputs held at once at least: short tasks must not wait for the next input to be read. */
const WINDOW_MIN = 128;

/** Resolves to the exit code. */
export async function runCommand(argv: readonly string[], host: Host): Promise<number> {
  const line = parseCommandLine('run', argv, host.env);
  if (line.flags.on('help')) return print(host, commandHelp('run'));
  if (line.flags.on('version')) return print(host, `${packageInfo().version}\n`);
  const options = parseRunOptions(line.flags, cpuLimit({ env: host.env }).cpus);
  const plan = await makePlan(line, options, host);
  return options.dryRun ? dryRun(plan, host) : execute(plan, argv, host);
}

async function print(host: Host, text: string): Promise<number> {
  const output = new Output(host.stdout, () => {});
  void output.write(text);
  await output.finish();
  return 0;
}

/** All that is settled before the first worker starts. */
interface Plan {
  readonly module: TaskModule;
  readonly functionName: string;
  readonly sources: readonly InputSource[];
  /** Whether an input is to be run. */
  readonly judge: (input: unknown) => Verdict;
  readonly options: RunOptions;
}

async function makePlan(line: CommandLine, options: RunOptions, host: Host): Promise<Plan> {
  const [specifier, first, ...rest] = line.positionals;
  if (specifier === undefined) throw new CommandError('run: expected a module, such as: millrace run ./tasks.js resize a.jpg b.jpg');
  const module = locateModule(specifier, host.cwd);
  const named = namesFunction(first, host.cwd);
  const words = named || first === undefined ? rest : [first, ...rest];
  const sources = await findSources({ words, groups: line.groups, files: options.files, format: options.format, nul: options.nul }, host);
  const functionName = chooseFunction(specifier, await listFunctions(module), named ? first : undefined);
  const identity = { module: module.name, function: functionName };
  return { module, functionName, sources, judge: await makeJudge(options, identity), options };
}

/** Without a log nothing is skipped, and inputs need no hash. */
async function makeJudge({ joblog, resume }: RunOptions, identity: JobIdentity): Promise<Plan['judge']> {
  if (joblog === undefined) return () => RUN;
  const history = await readHistory(joblog, resume, identity);
  return (input) => history.judge(input);
}

const RUN: Verdict = { run: true, hash: '', again: false };

/** Prints the inputs a run would take, and runs nothing. */
async function dryRun({ module, functionName, sources, judge, options }: Plan, host: Host): Promise<number> {
  const screen = new Screen(host.stderr, host.env);
  let closed = false;
  const output = new Output(host.stdout, () => (closed = true));
  let index = 0;
  let count = 0;
  for await (const input of readAll(sources)) {
    if (closed) break;
    if (judge(input).run) {
      await output.write(`{"index":${index},"input":${toJson(input)}}\n`);
      count += 1;
    }
    index += 1;
  }
  await output.finish();
  if (!options.quiet)
    screen.print(`dry run: ${functionName} of ${module.name} would run for ${count} of ${index} inputs on up to ${options.jobs} ${options.worker} workers`);
  return 0;
}

async function execute(plan: Plan, argv: readonly string[], host: Host): Promise<number> {
  const { module, functionName, options } = plan;
  const screen = new Screen(host.stderr, host.env);
  const say = (line: string): void => (options.quiet ? undefined : screen.print(line));
  if (options.worker === 'async') await import('../entry/stdout-to-stderr.js');
  const pool = createPool<AnyTasks>(module.url, { ...poolOptions(options), execArgv: workerExecArgv(options.worker, host.execArgv) });
  showLogs(pool, screen, options.quiet);
  const log = options.joblog === undefined ? undefined : await JobLog.open(options.joblog, options.resume, { module: module.name, function: functionName });
  const output = new Output(host.stdout, (error) => outputClosed(error, job, screen), host.stdout.isTTY === true ? () => screen.status('') : undefined);
  const format = options.tag ? taggedFormat : options.values ? valueFormat : recordFormat;
  const files = options.results === undefined ? undefined : new ResultFiles(resolve(host.cwd, options.results));
  const sink = new RunSink(output, log, format, files, options.values ? (line) => screen.print(line) : () => {});
  const job = new Job(pool, {
    functionName,
    inputs: readAll(plan.sources),
    total: options.progress === 'none' ? Promise.resolve(undefined) : countSources(plan.sources),
    keepOrder: options.keepOrder,
    window: Math.max(WINDOW_MIN, 2 * options.jobs * options.concurrency),
    judge: plan.judge,
    sink,
    halt: options.halt,
    deadlineMs: options.deadlineMs,
    clock: host.clock,
  });
  say(`millrace ${packageInfo().version}  ${functionName} of ${module.name}  ${describeSize(options)}`);
  const gate = options.memfreeBytes === undefined ? undefined : memoryGate(pool, job, options.memfreeBytes, host, say);
  gate?.start();
  const report = await watchJob(job, screen, host, options);
  gate?.stop();
  await output.finish();
  await log?.close();
  if (report.cause?.kind !== 'output') conclude(report, plan, sink, argv, screen);
  return exitCodeOf(report, options.countsFailures);
}

/** A reader that has left has seen enough; any other trouble with stdout is said. */
function outputClosed(error: NodeJS.ErrnoException, job: Job, screen: Screen): void {
  if (error.code !== 'EPIPE') screen.print(`millrace: stdout cannot be written (${error.message})`);
  job.terminate({ kind: 'output' });
}

function memoryGate(pool: Pool<AnyTasks>, job: Job, freeBytesMin: number, host: Host, say: (line: string) => void): MemoryGate {
  return new MemoryGate(pool, { freeBytesMin, freeBytes: availableMemoryBytes, mayResume: () => !job.isEnding, say, clock: host.clock });
}

function conclude(report: JobReport, { options }: Plan, sink: RunSink, argv: readonly string[], screen: Screen): void {
  if (report.error !== undefined) screen.print(`millrace: ${describeError(report.error)}`);
  if (options.quiet) return;
  const failures = options.values ? [] : sink.failures;
  for (const line of renderSummary(report, {
    argv: ['run', ...argv],
    worker: options.worker,
    joblog: options.joblog,
    halt: options.halt,
    deadlineMs: options.deadlineMs,
    failures,
  }))
    screen.print(line);
}

function describeError(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function describeSize({ worker, jobs, concurrency }: RunOptions): string {
  if (worker === 'async') return `on the event loop, ${concurrency} at once`;
  const each = concurrency === 1 ? '' : `, ${concurrency} inputs at once in each`;
  return jobs === 1 ? `1 ${worker} worker${each}` : `1 to ${jobs} ${worker} workers${each}`;
}
