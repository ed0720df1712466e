import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../../runtime/fixtures/fast-check.js';
import { LINE_LENGTH_MAX, readLines } from './lines.js';
import type { Line } from './lines.js';

async function* chunks(parts: Iterable<string>): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield Buffer.from(part);
}

async function lines(parts: Iterable<string>, nul = false): Promise<Line[]> {
  const all: Line[] = [];
  for await (const line of readLines('x', chunks(parts), nul)) all.push(line);
  return all;
}

const texts = async (parts: Iterable<string>, nul = false): Promise<string[]> => (await lines(parts, nul)).map(({ text }) => text);

test('lines end with LF or CRLF, the last one with nothing, and empty ones are left out', async () => {
  assert.deepEqual(await texts(['a\nb\r\n\r\n\nc d ']), ['a', 'b', 'c d ']);
  assert.deepEqual(await texts([]), []);
});

test('numbers count the empty lines', async () =>
  assert.deepEqual(await lines(['a\n\n', 'b']), [
    { text: 'a', number: 1 },
    { text: 'b', number: 3 },
  ]));

test('with NUL, newlines and carriage returns are part of the text', async () => assert.deepEqual(await texts(['a\nb\r\0c\0\0'], true), ['a\nb\r', 'c']));

test('the chunks make no difference', async () => {
  const part = fc.string({ unit: fc.constantFrom('a', '\n', '\r', '\0', 'ü') });
  await fc.assert(
    fc.asyncProperty(fc.array(part), fc.boolean(), async (parts, nul) => assert.deepEqual(await lines(parts, nul), await lines([parts.join('')], nul))),
  );
});

test('a line without end does not fill the memory', async () => {
  function* endless(): Generator<string> {
    for (;;) yield 'x'.repeat(1_048_576);
  }
  await assert.rejects(lines(endless()), new RegExp(`x, line 1: is longer than ${LINE_LENGTH_MAX} characters`));
});
