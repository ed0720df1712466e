/**
 * The files of `--results DIR`, a folder for each input under its number:
 *
 *     DIR/7/input.json
 *     DIR/7/value.txt | value.bin | value.json      what it returned: a string, bytes, anything else; none for undefined
 *     DIR/7/values.ndjson                           what a generator yielded, a line each
 *     DIR/7/error.json                              what it threw
 *
 * A folder holds the last outcome alone: what an earlier run left in it is removed.
 */
import { appendFile, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CommandError } from './exit-codes.js';
import { errorRecord, toJson } from './json.js';
import type { NumberedInput } from './results.js';

export class ResultFiles {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Makes the folder of an input, with the input in it. */
  async begin(of: NumberedInput): Promise<void> {
    await this.#try(async (folder) => {
      await rm(folder, { recursive: true, force: true });
      await mkdir(folder, { recursive: true });
      await writeFile(join(folder, 'input.json'), `${toJson(of.input)}\n`);
    }, of);
  }

  async value(of: NumberedInput, value: unknown): Promise<void> {
    if (value === undefined) return;
    await this.#try((folder) => {
      if (typeof value === 'string') return writeFile(join(folder, 'value.txt'), value);
      if (value instanceof Uint8Array) return writeFile(join(folder, 'value.bin'), value);
      return writeFile(join(folder, 'value.json'), `${toJson(value)}\n`);
    }, of);
  }

  async yielded(of: NumberedInput, value: unknown): Promise<void> {
    await this.#try((folder) => appendFile(join(folder, 'values.ndjson'), `${toJson(value)}\n`), of);
  }

  async error(of: NumberedInput, thrown: unknown): Promise<void> {
    await this.#try((folder) => writeFile(join(folder, 'error.json'), `${toJson(errorRecord(thrown))}\n`), of);
  }

  async #try(write: (folder: string) => Promise<void>, { index }: NumberedInput): Promise<void> {
    const folder = join(this.#folder, String(index));
    try {
      await write(folder);
    } catch (error) {
      throw new CommandError(`${folder}: the result cannot be written (${(error as Error).message})`, { cause: error });
    }
  }
}
