/** All inputs of a run: which sources the command line names, and their values one after another. */
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { CommandError } from '../exit-codes.js';
import { expandGlob, hasMagic } from '../glob.js';
import type { InputGroup } from '../command-line.js';
import { fileSource, stdinSource } from './file.js';
import type { FormatOptions } from './file.js';
import { literalSource } from './source.js';
import type { Bytes, InputSource } from './source.js';

export interface InputRequest extends FormatOptions {
  /** Words and globs after the function's name; `-` is stdin. */
  readonly words: readonly string[];
  readonly groups: readonly InputGroup[];
  /** Values of `--input`; `-` is stdin. */
  readonly files: readonly string[];
}

/** What the inputs depend on outside the command line. */
export interface InputHost {
  readonly cwd: string;
  readonly stdin: Bytes & { readonly isTTY?: boolean };
}

/**
 * The sources in the order they are run: words and globs, `:::` and `::::` groups, `--input` files, stdin.
 *
 * @throws CommandError when a glob or file matches nothing, or when there is no input at all
 */
export async function findSources(request: InputRequest, host: InputHost): Promise<readonly InputSource[]> {
  const sources: InputSource[] = [];
  const path = (file: string): InputSource => namedFile(file, request, host);
  let stdinUsed = false;
  const stdin = (): InputSource => {
    if (stdinUsed) throw new CommandError('stdin (-) is named twice as an input');
    stdinUsed = true;
    return stdinSource(host.stdin, request);
  };
  for (const word of request.words) sources.push(word === '-' ? stdin() : await wordSource(word, host));
  for (const { kind, values } of request.groups) {
    if (kind === 'inputs') sources.push(literalSource(':::', values));
    else for (const file of values) sources.push(file === '-' ? stdin() : path(file));
  }
  for (const file of request.files) sources.push(file === '-' ? stdin() : path(file));
  if (sources.length > 0) return sources;
  if (host.stdin.isTTY === true)
    throw new CommandError('no inputs: name them after the function or after :::, or use --input FILE, or pipe lines to stdin (- reads what you type)');
  return [stdin()];
}

function namedFile(file: string, options: FormatOptions, host: InputHost): InputSource {
  if (!existsSync(resolve(host.cwd, file))) throw new CommandError(`${file}: there is no such file of inputs`);
  return fileSource(file, resolve(host.cwd, file), options);
}

/** A word that names a file as it is (a shell may have expanded it) or has no wildcards is an input itself. */
async function wordSource(word: string, host: InputHost): Promise<InputSource> {
  if (!hasMagic(word) || existsSync(resolve(host.cwd, word))) return literalSource(word, [word]);
  const matches = await expandGlob(word, host.cwd);
  if (matches.length === 0) throw new CommandError(`${word}: no file matches; a text with wildcards that is no glob goes after :::`);
  return literalSource(word, matches);
}

/** The values of all sources, one source after another. */
export async function* readAll(sources: readonly InputSource[]): AsyncGenerator<unknown, void, undefined> {
  for (const source of sources) yield* source.open();
}

/** The number of all inputs, `undefined` when one source cannot tell. */
export async function countSources(sources: readonly InputSource[]): Promise<number | undefined> {
  let total = 0;
  for (const source of sources) {
    const count = await source.count();
    if (count === undefined) return undefined;
    total += count;
  }
  return total;
}
