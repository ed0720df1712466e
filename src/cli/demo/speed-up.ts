/** The measured speed-up: one sample of files on one worker and on all, in turn. */
import { formatBytes, formatDuration, plural } from '../format.js';
import { runStage } from './stage.js';
import type { StageContext } from './stage.js';
import { totalBytes } from './corpus.js';
import type { CorpusFile } from './corpus.js';

const ROUNDS = 3;

export interface SpeedUp {
  readonly files: readonly CorpusFile[];
  /** How often each round went through the files. */
  readonly passes: number;
  readonly workers: number;
  /** Time of each round, in the order they were run. */
  readonly oneMs: readonly number[];
  readonly allMs: readonly number[];
}

/** A short round tells little: few files are gone through more than once. */
const PASSES_MAX = 20;

/** Interleaved, so that whatever else the machine does falls on both alike; workers are started before the clock. */
export async function measureSpeedUp(files: readonly CorpusFile[], bytesWanted: number, workers: number, context: StageContext): Promise<SpeedUp> {
  const passes = Math.min(PASSES_MAX, Math.max(1, Math.round(bytesWanted / totalBytes(files))));
  const work = Array.from({ length: passes }, () => files).flat();
  const oneMs: number[] = [];
  const allMs: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    oneMs.push(await timeStage(work, 1, context));
    allMs.push(await timeStage(work, workers, context));
  }
  return { files, passes, workers, oneMs, allMs };
}

async function timeStage(files: readonly CorpusFile[], size: number, context: StageContext): Promise<number> {
  const { elapsedMs } = await runStage({ files, size, warm: true, onFile: () => {} }, context);
  return elapsedMs;
}

/** `speed-up 1.93x with 2 workers: the same 412 files (9.8 MB) took 4.1s, 4.2s, 4.1s on 1 worker, 2.1s, 2.2s, 2.1s on 2, measured in turn`. */
export function describeSpeedUp({ files, passes, workers, oneMs, allMs }: SpeedUp): string {
  const list = (times: readonly number[]): string => times.map((ms) => formatDuration(ms)).join(', ');
  const size = `${formatBytes(totalBytes(files))}${passes === 1 ? '' : `, ${passes} times over`}`;
  const ratio = (median(oneMs) / median(allMs)).toFixed(2);
  return `speed-up ${ratio}x with ${workers} workers: the same ${plural(files.length, 'file')} (${size}) took ${list(oneMs)} on 1 worker, ${list(allMs)} on ${workers}, measured in turn`;
}

function median(times: readonly number[]): number {
  const sorted = [...times].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] as number;
}
