/** Inputs from a file or from stdin, in one of the formats. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { extname } from 'node:path';
import { readCsv, readCsvRecords } from './csv.js';
import { readJsonArray } from './json.js';
import { readLines } from './lines.js';
import { readNdjson } from './ndjson.js';
import { InputError } from './source.js';
import type { Bytes, InputSource } from './source.js';

export type InputFormat = 'lines' | 'ndjson' | 'json' | 'csv';

export const INPUT_FORMATS: readonly InputFormat[] = ['lines', 'ndjson', 'json', 'csv'];

/** Files up to this size are read once more beforehand to count their inputs; larger ones are streams of unknown length. */
const COUNT_BYTES_MAX = 64 * 1_024 * 1_024;

const FORMAT_BY_ENDING: Readonly<Record<string, InputFormat>> = { '.txt': 'lines', '.ndjson': 'ndjson', '.jsonl': 'ndjson', '.json': 'json', '.csv': 'csv' };

export interface FormatOptions {
  /** For stdin and for files whose ending says nothing. Default lines. */
  readonly format: InputFormat | undefined;
  /** Lines end with NUL. */
  readonly nul: boolean;
}

/** Inputs from the file at `path`, which the user wrote as `name`. */
export function fileSource(name: string, path: string, options: FormatOptions): InputSource {
  const format = FORMAT_BY_ENDING[extname(path).toLowerCase()] ?? options.format ?? 'lines';
  if (format === 'json') return jsonSource(name, path);
  return {
    name,
    open: () => decode(name, readFile(name, path), format, options.nul),
    count: () => countFile(path, format, options.nul),
  };
}

/** A JSON array is read as a whole anyway, so it is read once for both questions. */
function jsonSource(name: string, path: string): InputSource {
  let values: Promise<readonly unknown[]> | undefined;
  const read = (): Promise<readonly unknown[]> => (values ??= readJsonArray(name, readFile(name, path)));
  return {
    name,
    open: async function* open() {
      yield* await read();
    },
    count: () =>
      read().then(
        ({ length }) => length,
        () => undefined,
      ),
  };
}

/** Inputs from stdin; it can be read once. */
export function stdinSource(stdin: Bytes, options: FormatOptions): InputSource {
  return { name: 'stdin', open: () => decode('stdin', stdin, options.format ?? 'lines', options.nul), count: () => Promise.resolve(undefined) };
}

async function* decode(name: string, bytes: Bytes, format: InputFormat, nul: boolean): AsyncGenerator<unknown, void, undefined> {
  if (format === 'ndjson') yield* readNdjson(name, bytes);
  else if (format === 'csv') yield* readCsv(name, bytes);
  else if (format === 'json') yield* await readJsonArray(name, bytes);
  else for await (const { text } of readLines(name, bytes, nul)) yield text;
}

async function* readFile(name: string, path: string): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    for await (const chunk of createReadStream(path)) yield chunk as Uint8Array;
  } catch (error) {
    throw new InputError(name, undefined, `cannot be read (${(error as NodeJS.ErrnoException).code ?? (error as Error).message})`, { cause: error });
  }
}

/** Counting is for the progress bar only: whatever is wrong with the file is reported by the run itself. */
async function countFile(path: string, format: InputFormat, nul: boolean): Promise<number | undefined> {
  try {
    const stats = await stat(path);
    if (!stats.isFile() || stats.size > COUNT_BYTES_MAX) return undefined;
    if (format === 'csv') return Math.max(0, (await countAll(readCsvRecords(path, readFile(path, path)))) - 1);
    return await countAll(nonBlank(path, format, nul));
  } catch {
    return undefined;
  }
}

async function* nonBlank(path: string, format: InputFormat, nul: boolean): AsyncGenerator<string, void, undefined> {
  for await (const { text } of readLines(path, readFile(path, path), nul && format === 'lines')) {
    if (format === 'lines' || text.trim() !== '') yield text;
  }
}

async function countAll(items: AsyncIterable<unknown>): Promise<number> {
  let count = 0;
  // oxlint-disable-next-line no-unused-vars -- only their number is wanted
  for await (const _ of items) count += 1;
  return count;
}
