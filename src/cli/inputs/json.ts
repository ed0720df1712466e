/** A JSON array; each element is an input. The only format that is read as a whole. */
import { describeValue } from '../../errors.js';
import { decodeUtf8 } from './decode.js';
import { jsonErrorOffset } from './json-error-offset.js';
import { InputError } from './source.js';
import type { Bytes } from './source.js';

export async function readJsonArray(name: string, bytes: Bytes): Promise<readonly unknown[]> {
  const parts: string[] = [];
  for await (const part of decodeUtf8(name, bytes)) parts.push(part);
  const value = parse(name, parts.join(''));
  if (!Array.isArray(value))
    throw new InputError(name, undefined, `expected an array of inputs, got ${describeValue(value)}; for one value a line use the format ndjson`);
  return value;
}

function parse(name: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const line = text.slice(0, jsonErrorOffset(text)).split('\n').length;
    throw new InputError(name, line, `is not JSON: ${(error as Error).message}`, { cause: error });
  }
}
