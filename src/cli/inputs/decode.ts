import { InputError } from './source.js';
import type { Bytes } from './source.js';

/** Decodes UTF-8 chunk by chunk, without the byte order mark; bytes that are no UTF-8 are an error, never replaced. */
export async function* decodeUtf8(name: string, bytes: Bytes): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let line = 1;
  const decode = (chunk?: Uint8Array): string => {
    try {
      return chunk === undefined ? decoder.decode() : decoder.decode(chunk, { stream: true });
    } catch (error) {
      throw new InputError(name, undefined, `is not UTF-8 text (at or after line ${line})`, { cause: error });
    }
  };
  for await (const chunk of bytes) {
    const text = decode(chunk);
    if (text !== '') yield text;
    line += countLineFeeds(text);
  }
  const rest = decode();
  if (rest !== '') yield rest;
}

function countLineFeeds(text: string): number {
  let count = 0;
  for (let at = text.indexOf('\n'); at !== -1; at = text.indexOf('\n', at + 1)) count += 1;
  return count;
}
