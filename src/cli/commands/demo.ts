/**
 * `millrace demo [folder]`: the main job on real files.
 *
 *     calibrate      1 worker, about a second     how many bytes a second
 *     compress       1 to N workers               as many files as fit the time, growing while it runs
 *     speed-up       1 worker, N, 1, N, 1, N      the same files each time
 */
import { existsSync, statSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { cpuLimit } from '../../runtime/limits.js';
import { seededRandom } from '../../runtime/random.js';
import { parseCommandLine } from '../command-line.js';
import type { FlagValues } from '../command-line.js';
import { findCorpus, FILE_BYTES_MAX, sampleOrder, takeBytes, totalBytes } from '../demo/corpus.js';
import type { CorpusFile } from '../demo/corpus.js';
import { describeSpeedUp, measureSpeedUp } from '../demo/speed-up.js';
import { runStage, StageEnded } from '../demo/stage.js';
import type { StageContext } from '../demo/stage.js';
import { Totals } from '../demo/totals.js';
import { CommandError, EXIT } from '../exit-codes.js';
import { durationFlag, parseJobs, wholeFlag, wordFlag } from '../flag-parsers.js';
import { formatBytes, formatCount, formatDuration, formatRate, plural } from '../format.js';
import { commandHelp } from '../help.js';
import type { Host } from '../host.js';
import { packageInfo } from '../package-info.js';
import { PROGRESS_MODES } from '../progress-reporter.js';
import { SHUTDOWN_MS_DEFAULT } from '../run-options.js';
import { Screen } from '../screen.js';

const DURATION_MS_DEFAULT = 20_000;
/** Shares of the duration: a look at the speed before, and one round on one worker after. */
const CALIBRATION_SHARE = 0.06;
const ROUND_SHARE = 0.15;

/** Resolves to the exit code. */
export async function demoCommand(argv: readonly string[], host: Host): Promise<number> {
  const { flags, positionals, groups } = parseCommandLine('demo', argv, host.env);
  if (flags.on('help') || flags.on('version')) {
    host.stdout.write(flags.on('help') ? commandHelp('demo') : `${packageInfo().version}\n`, () => {});
    return EXIT.ok;
  }
  if (positionals.length > 1 || groups.length > 0) throw new CommandError('demo: expected one folder at most');
  const folder = corpusFolder(positionals[0], host.cwd);
  const screen = new Screen(host.stderr, host.env);
  const context = {
    host,
    screen,
    progress: wordFlag(flags, 'progress', PROGRESS_MODES) ?? 'bar',
    shutdownMs: durationFlag(flags, 'shutdown-timeout') ?? SHUTDOWN_MS_DEFAULT,
  };
  try {
    return await showDemo(folder, parsePlan(flags, host), context);
  } catch (error) {
    if (error instanceof StageEnded) return error.exitCode;
    throw error;
  }
}

interface DemoPlan {
  readonly jobs: number;
  readonly durationMs: number;
  readonly seed: number;
}

function parsePlan(flags: FlagValues, host: Host): DemoPlan {
  return {
    jobs: parseJobs(flags.origin('jobs'), flags.text('jobs') ?? 'auto', cpuLimit({ env: host.env }).cpus),
    durationMs: durationFlag(flags, 'duration') ?? DURATION_MS_DEFAULT,
    seed: wholeFlag(flags, 'seed', 0) ?? 1,
  };
}

/** The folder that was named; else the dependencies of this project, or those of the one it is installed in. */
function corpusFolder(named: string | undefined, cwd: string): string {
  if (named !== undefined) {
    const folder = resolve(cwd, named);
    if (!existsSync(folder) || !statSync(folder).isDirectory()) throw new CommandError(`${named}: there is no such folder`);
    return folder;
  }
  const { root } = packageInfo();
  const project = basename(dirname(root)) === 'node_modules' ? cwd : root;
  return [join(project, 'node_modules'), join(cwd, 'node_modules')].find((folder) => existsSync(folder)) ?? cwd;
}

async function showDemo(folder: string, plan: DemoPlan, context: StageContext): Promise<number> {
  const { screen, host } = context;
  const say = (line: string): void => screen.print(line);
  say(`millrace ${packageInfo().version}  demo: gzip, brotli and sha-256 of every file below ${relative(host.cwd, folder) || '.'}`);
  const corpus = await findCorpus(folder);
  if (corpus.files.length === 0) throw new CommandError(`${folder}: holds no files to compress; name another folder: millrace demo <folder>`);
  const left = corpus.tooLarge === 0 ? '' : `, ${plural(corpus.tooLarge, 'file')} over ${formatBytes(FILE_BYTES_MAX)} left out`;
  say(`found ${plural(corpus.files.length, 'file')}${corpus.cut ? ' (and stopped looking)' : ''}, ${formatBytes(corpus.bytes)}${left}`);
  const ordered = sampleOrder(corpus.files, seededRandom(plan.seed));
  const bytesPerMs = await calibrate(ordered, plan, context);
  const files = takeBytes(ordered, bytesPerMs * plan.durationMs * plan.jobs);
  say(describeChoice(files, ordered, bytesPerMs, plan));
  const totals = new Totals();
  const failed = await compressFiles(files, plan.jobs, totals, context);
  say(`\n${totals.table()}\nsizes after compression as a share of the size before; ms/file as the worker saw it\n`);
  if (plan.jobs === 1) say('one CPU to use: no speed-up to measure');
  else say(await speedUp(files, totals, plan, context));
  return failed > 0 ? EXIT.failed : EXIT.ok;
}

/** One worker's round is to take its share of the time, at the speed the main part had. */
async function speedUp(files: readonly CorpusFile[], totals: Totals, plan: DemoPlan, context: StageContext): Promise<string> {
  const { bytes, ms } = totals.all;
  const bytesWanted = (bytes / Math.max(1, ms)) * plan.durationMs * ROUND_SHARE;
  return describeSpeedUp(await measureSpeedUp(takeBytes(files, bytesWanted), bytesWanted, plan.jobs, context));
}

/** Bytes a ms one worker gets through, on the first files of the sample. */
async function calibrate(ordered: readonly CorpusFile[], plan: DemoPlan, context: StageContext): Promise<number> {
  let bytes = 0;
  const { elapsedMs } = await runStage(
    { files: ordered, size: 1, limitMs: plan.durationMs * CALIBRATION_SHARE, warm: true, onFile: (_, result) => (bytes += result.bytes) },
    { ...context, progress: 'none' },
  );
  return Math.max(1, bytes / Math.max(1, elapsedMs));
}

function describeChoice(files: readonly CorpusFile[], ordered: readonly CorpusFile[], bytesPerMs: number, { jobs, durationMs, seed }: DemoPlan): string {
  const speed = `one worker does ${formatBytes(bytesPerMs * 1_000)}/s`;
  const all = files.length === ordered.length;
  const choice = all
    ? 'taking all of them'
    : `taking ${formatCount(files.length)} (${formatBytes(totalBytes(files))}, chosen at random with seed ${seed}) to fill about ${formatDuration(durationMs)}`;
  return `${speed}: ${choice}, on ${jobs === 1 ? '1 worker' : `1 to ${jobs} workers`}`;
}

/** The main part; resolves to the number of files that failed. */
async function compressFiles(files: readonly CorpusFile[], jobs: number, totals: Totals, context: StageContext): Promise<number> {
  const report = await runStage(
    {
      files,
      size: { min: 1, max: jobs },
      onPool: (pool) => void pool.on('scaled', ({ from, to, reason }) => context.screen.print(`scaled from ${from} to ${plural(to, 'worker')}: ${reason}`)),
      onFile: ({ kind }, result) => totals.add(kind, result),
    },
    context,
  );
  const done = report.ok + report.failed;
  context.screen.print(
    `${formatCount(report.ok)} ok, ${formatCount(report.failed)} failed in ${formatDuration(report.elapsedMs)}, ${formatRate((done * 1_000) / report.elapsedMs)}, up to ${plural(report.workersMax, 'thread worker')}`,
  );
  return report.failed;
}
