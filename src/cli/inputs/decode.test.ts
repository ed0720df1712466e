import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodeUtf8 } from './decode.js';

async function* chunks(...parts: (string | number[])[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield typeof part === 'string' ? Buffer.from(part) : Uint8Array.from(part);
}

async function text(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  let all = '';
  for await (const part of decodeUtf8('x.txt', bytes)) all += part;
  return all;
}

test('characters may be cut anywhere, and the byte order mark goes', async () => {
  const bytes = [...Buffer.from('\ufeffgröße 😀\n')];
  assert.equal(await text(chunks(...bytes.map((byte) => [byte]))), 'größe 😀\n');
});

test('bytes that are no UTF-8 are an error with the place, not a replacement', async () => {
  await assert.rejects(text(chunks('a\nb\n', [0xff, 0x41])), /x\.txt: is not UTF-8 text \(at or after line 3\)/);
  await assert.rejects(text(chunks([0xf0, 0x9f])), /not UTF-8/);
});
