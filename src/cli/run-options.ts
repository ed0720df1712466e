/** The flags of `run`, checked and with their defaults. */
import type { PoolOptions } from '../pool/options.js';
import type { WorkerKind } from '../worker/worker.js';
import type { FlagValues } from './command-line.js';
import { CommandError } from './exit-codes.js';
import { durationFlag, parseJobs, sizeFlag, wholeFlag, wordFlag } from './flag-parsers.js';
import { parseHalt } from './halt.js';
import type { HaltRule } from './halt.js';
import { INPUT_FORMATS } from './inputs/file.js';
import type { InputFormat } from './inputs/file.js';
import type { ResumeMode } from './joblog.js';
import { PROGRESS_MODES } from './progress-reporter.js';
import type { ProgressMode } from './progress-reporter.js';

export interface RunOptions {
  readonly worker: WorkerKind;
  /** Most workers at once; 1 for `async`. */
  readonly jobs: number;
  readonly concurrency: number;
  readonly retries: number;
  readonly timeoutMs: number | undefined;
  readonly deadlineMs: number | undefined;
  readonly files: readonly string[];
  readonly format: InputFormat | undefined;
  readonly nul: boolean;
  readonly keepOrder: boolean;
  readonly values: boolean;
  readonly tag: boolean;
  /** Folder for the files of the outcomes. */
  readonly results: string | undefined;
  readonly memfreeBytes: number | undefined;
  /** Whether the exit code counts the failed inputs. */
  readonly countsFailures: boolean;
  readonly halt: HaltRule | undefined;
  readonly joblog: string | undefined;
  readonly resume: ResumeMode;
  readonly dryRun: boolean;
  readonly progress: ProgressMode;
  readonly quiet: boolean;
  readonly shutdownMs: number;
}

export const SHUTDOWN_MS_DEFAULT = 25_000;
const ASYNC_CONCURRENCY_DEFAULT = 64;
const WORKER_KINDS: readonly WorkerKind[] = ['thread', 'process', 'async'];

/** @throws CommandError naming the flag or variable, what was expected and what came */
export function parseRunOptions(flags: FlagValues, cpus: number): RunOptions {
  const haltText = flags.text('halt');
  const quiet = flags.on('quiet');
  return {
    ...parseSize(flags, cpus),
    retries: wholeFlag(flags, 'retries', 0) ?? 0,
    timeoutMs: durationFlag(flags, 'timeout'),
    deadlineMs: durationFlag(flags, 'deadline'),
    files: flags.list('input'),
    format: wordFlag(flags, 'input-format', INPUT_FORMATS),
    nul: flags.on('null'),
    keepOrder: flags.on('keep-order'),
    values: flags.on('values') || flags.on('tag'),
    tag: flags.on('tag'),
    results: flags.text('results'),
    memfreeBytes: sizeFlag(flags, 'memfree'),
    countsFailures: wordFlag(flags, 'exit-code', ['simple', 'count']) === 'count',
    halt: haltText === undefined ? undefined : parseHalt(flags.origin('halt'), haltText),
    joblog: flags.text('joblog'),
    resume: parseResume(flags),
    dryRun: flags.on('dry-run'),
    progress: quiet ? 'none' : (wordFlag(flags, 'progress', PROGRESS_MODES) ?? 'bar'),
    quiet,
    shutdownMs: durationFlag(flags, 'shutdown-timeout') ?? SHUTDOWN_MS_DEFAULT,
  };
}

/** For `async` there is one worker, the event loop: a plain number of jobs is how many inputs it may have at once. */
function parseSize(flags: FlagValues, cpus: number): Pick<RunOptions, 'worker' | 'jobs' | 'concurrency'> {
  const worker = wordFlag(flags, 'worker', WORKER_KINDS) ?? 'thread';
  const text = flags.text('jobs');
  const jobs = parseJobs(flags.origin('jobs'), text ?? 'auto', cpus);
  const concurrency = wholeFlag(flags, 'concurrency', 1);
  if (worker !== 'async') return { worker, jobs, concurrency: concurrency ?? 1 };
  return { worker, jobs: 1, concurrency: concurrency ?? (text === undefined || text === 'auto' ? ASYNC_CONCURRENCY_DEFAULT : jobs) };
}

function parseResume(flags: FlagValues): ResumeMode {
  const mode = flags.on('resume-failed') ? 'resume-failed' : flags.on('resume') ? 'resume' : 'fresh';
  if (flags.on('resume') && flags.on('resume-failed')) {
    throw new CommandError(
      `${flags.origin('resume')} and ${flags.origin('resume-failed')} exclude each other: the first runs all that is not done, the second only what failed`,
    );
  }
  if (mode !== 'fresh' && flags.text('joblog') === undefined)
    throw new CommandError(`${flags.origin(mode)} needs --joblog FILE: the log says which inputs are done`);
  return mode;
}

/** The options of the pool that serves the run. */
export function poolOptions(options: RunOptions): PoolOptions {
  return {
    name: 'run',
    worker: options.worker,
    size: { min: 1, max: options.jobs },
    // So many jobs were asked for, however many cores there are.
    policy: 'queue-depth',
    concurrency: options.concurrency,
    queue: { max: Infinity },
    deadLetters: false,
    submitStack: false,
    ...(options.retries === 0 ? {} : { retry: { attempts: options.retries + 1 } }),
    ...(options.timeoutMs === undefined ? {} : { timeout: options.timeoutMs }),
  };
}
