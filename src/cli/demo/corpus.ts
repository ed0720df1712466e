/** Real files to work on: what lies below a folder, in an order in which every beginning is a fair sample. */
import { readdir, stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import type { Random } from '../../runtime/random.js';

export interface CorpusFile {
  readonly path: string;
  readonly bytes: number;
  /** Its ending, such as `.js`. */
  readonly kind: string;
}

export interface Corpus {
  readonly files: readonly CorpusFile[];
  readonly bytes: number;
  /** Files left out because they are larger than {@link FILE_BYTES_MAX}. */
  readonly tooLarge: number;
  /** Whether the walk ended at {@link FILES_MAX}. */
  readonly cut: boolean;
}

/** One file that keeps one worker for seconds would say nothing of the pool. */
export const FILE_BYTES_MAX: number = 4 * 1_024 * 1_024;
/** Looking at more files than this takes longer than the demo wants. */
export const FILES_MAX = 50_000;
const STATS_AT_ONCE = 64;

/** The files below `folder`, links not followed, empty ones left out. */
export async function findCorpus(folder: string): Promise<Corpus> {
  const { paths, cut } = await findPaths(folder);
  const files: CorpusFile[] = [];
  let tooLarge = 0;
  for (let start = 0; start < paths.length; start += STATS_AT_ONCE) {
    const sized = await Promise.all(paths.slice(start, start + STATS_AT_ONCE).map(async (path) => ({ path, bytes: await sizeOf(path) })));
    for (const { path, bytes } of sized) {
      if (bytes > FILE_BYTES_MAX) tooLarge += 1;
      else if (bytes > 0) files.push({ path, bytes, kind: extname(path).toLowerCase() || '(none)' });
    }
  }
  return { files, bytes: totalBytes(files), tooLarge, cut };
}

async function findPaths(folder: string): Promise<{ paths: string[]; cut: boolean }> {
  const paths: string[] = [];
  const folders = [folder];
  for (let current = folders.pop(); current !== undefined; current = folders.pop()) {
    const entries = await readdir(current, { withFileTypes: true }).catch(() => []);
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      if (entry.isDirectory()) folders.push(join(current, entry.name));
      else if (entry.isFile()) paths.push(join(current, entry.name));
      if (paths.length === FILES_MAX) return { paths, cut: true };
    }
  }
  return { paths, cut: false };
}

async function sizeOf(path: string): Promise<number> {
  return stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}

export function totalBytes(files: readonly CorpusFile[]): number {
  return files.reduce((sum, { bytes }) => sum + bytes, 0);
}

/** The files in random order, but one of each kind first, so that no kind is missed. */
export function sampleOrder(files: readonly CorpusFile[], random: Random): CorpusFile[] {
  const shuffled = [...files];
  for (let at = shuffled.length - 1; at > 0; at -= 1) {
    const other = Math.floor(random() * (at + 1));
    [shuffled[at], shuffled[other]] = [shuffled[other] as CorpusFile, shuffled[at] as CorpusFile];
  }
  const seen = new Set<string>();
  const isFirst = shuffled.map(({ kind }) => !seen.has(kind) && seen.add(kind) === seen);
  return [...shuffled.filter((_, at) => isFirst[at]), ...shuffled.filter((_, at) => isFirst[at] !== true)];
}

/** The first files that together hold at most `bytesMax`; at least one. */
export function takeBytes(files: readonly CorpusFile[], bytesMax: number): CorpusFile[] {
  let bytes = 0;
  const end = files.findIndex((file) => (bytes += file.bytes) > bytesMax);
  return files.slice(0, end === -1 ? files.length : Math.max(1, end));
}
