/** One JSON value a line. */
import { shorten } from '../format.js';
import { readLines } from './lines.js';
import { InputError } from './source.js';
import type { Bytes } from './source.js';

export async function* readNdjson(name: string, bytes: Bytes): AsyncGenerator<unknown, void, undefined> {
  for await (const { text, number } of readLines(name, bytes, false)) {
    if (text.trim() !== '') yield parseLine(name, text, number);
  }
}

function parseLine(name: string, text: string, number: number): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new InputError(name, number, `is not JSON: ${shorten(text, 80)} (${(error as Error).message})`, { cause: error });
  }
}
