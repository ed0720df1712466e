/** One input a line. */
import { InputError } from './source.js';
import { decodeUtf8 } from './decode.js';
import type { Bytes } from './source.js';

/** Longest line, in UTF-16 code units: a file without line ends must not fill the memory. */
export const LINE_LENGTH_MAX: number = 64 * 1_024 * 1_024;

export interface Line {
  readonly text: string;
  /** From 1, empty lines counted. */
  readonly number: number;
}

/** The lines that are not empty, without their ends (LF or CRLF; NUL with `nul`). The last one needs no end. */
export async function* readLines(name: string, bytes: Bytes, nul: boolean): AsyncGenerator<Line, void, undefined> {
  const end = nul ? '\0' : '\n';
  let rest = '';
  let number = 1;
  for await (const chunk of decodeUtf8(name, bytes)) {
    let start = 0;
    for (let at = chunk.indexOf(end); at !== -1; at = chunk.indexOf(end, start)) {
      const text = lineText(rest + chunk.slice(start, at), nul);
      if (text !== '') yield { text, number };
      rest = '';
      number += 1;
      start = at + 1;
    }
    rest += start === 0 ? chunk : chunk.slice(start);
    if (rest.length > LINE_LENGTH_MAX) throw new InputError(name, number, `is longer than ${LINE_LENGTH_MAX} characters${nul ? ' without a NUL' : ''}`);
  }
  const text = lineText(rest, nul);
  if (text !== '') yield { text, number };
}

function lineText(text: string, nul: boolean): string {
  return !nul && text.endsWith('\r') ? text.slice(0, -1) : text;
}
