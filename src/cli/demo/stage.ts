/** One stage of the demo: the same job as `run`, over files. */
import { createPool } from '../../index.js';
import type { Pool } from '../../pool/pool.js';
import type { CompressedFile } from '../demo-tasks.js';
import { CommandError } from '../exit-codes.js';
import type { Host } from '../host.js';
import { exitCodeOf, Job } from '../job.js';
import type { AnyTasks, JobReport } from '../job.js';
import type { ProgressMode } from '../progress-reporter.js';
import type { Screen } from '../screen.js';
import { watchJob } from '../watch-job.js';
import type { CorpusFile } from './corpus.js';

export interface StageContext {
  readonly host: Host;
  readonly screen: Screen;
  readonly progress: ProgressMode;
  readonly shutdownMs: number;
}

export interface Stage {
  readonly files: readonly CorpusFile[];
  readonly size: number | { readonly min: number; readonly max: number };
  /** Takes no more files after this long. */
  readonly limitMs?: number;
  /** Whether all workers must be ready before the clock starts. */
  readonly warm?: boolean;
  readonly onPool?: (pool: Pool<AnyTasks>) => void;
  readonly onFile: (file: CorpusFile, result: CompressedFile) => void;
}

/** The stage was ended by a signal or its workers do not run: the demo has nothing more to show. */
export class StageEnded extends Error {
  readonly exitCode: number;

  constructor(exitCode: number) {
    super('the demo was stopped');
    this.exitCode = exitCode;
  }
}

/** Runs the stage; files that cannot be read are counted as failed. */
export async function runStage(stage: Stage, context: StageContext): Promise<JobReport> {
  const { host, screen } = context;
  const pool = createPool<AnyTasks>(new URL('../demo-tasks.js', import.meta.url), {
    name: 'demo',
    size: stage.size,
    queue: { max: Infinity },
    submitStack: false,
  });
  stage.onPool?.(pool);
  if (stage.warm === true) await allReady(pool);
  const job = new Job(pool, {
    functionName: 'compress',
    inputs: filePaths(stage, host.clock.now() + (stage.limitMs ?? Infinity), host),
    total: Promise.resolve(stage.limitMs === undefined ? stage.files.length : undefined),
    keepOrder: false,
    window: stage.limitMs === undefined ? 128 : 4,
    judge: () => ({ run: true, hash: '', again: false }),
    sink: { completed: ({ index }, value) => stage.onFile(stage.files[index] as CorpusFile, value as CompressedFile), failed: () => {} },
    halt: undefined,
    deadlineMs: undefined,
    clock: host.clock,
  });
  const report = await watchJob(job, screen, host, { progress: context.progress, quiet: false, shutdownMs: context.shutdownMs });
  if (report.cause?.kind === 'worker') throw new CommandError(String(report.error), { exitCode: exitCodeOf(report) });
  if (report.cause !== undefined) throw new StageEnded(exitCodeOf(report));
  return report;
}

async function* filePaths(stage: Stage, untilMs: number, { clock }: Host): AsyncGenerator<string, void, undefined> {
  for (const { path } of stage.files) {
    if (clock.now() >= untilMs) return;
    yield path;
  }
}

/** Resolves when as many workers are ready as the pool wants. */
async function allReady(pool: Pool<AnyTasks>): Promise<void> {
  await pool.ready();
  while (pool.stats().workers.starting > 0) await new Promise<void>((resolve) => pool.once('workerReady', () => resolve()).once('workerExit', () => resolve()));
}
