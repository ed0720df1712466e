import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileSource, stdinSource } from './file.js';
import type { InputFormat } from './file.js';
import type { InputSource } from './source.js';

let folder = '';
before(() => (folder = mkdtempSync(join(tmpdir(), 'millrace-file-'))));
after(() => rmSync(folder, { recursive: true }));

function source(name: string, content: string, format?: InputFormat, nul = false): InputSource {
  writeFileSync(join(folder, name), content);
  return fileSource(name, join(folder, name), { format, nul });
}

async function read(from: InputSource): Promise<unknown[]> {
  const all: unknown[] = [];
  for await (const value of from.open()) all.push(value);
  return all;
}

describe('fileSource', () => {
  const cases: readonly (readonly [string, string, InputFormat | undefined, unknown[]])[] = [
    ['a.txt', 'x\n\ny\n', undefined, ['x', 'y']],
    ['a.ndjson', '1\n \n{"a":2}\n', undefined, [1, { a: 2 }]],
    ['a.jsonl', '1\n', undefined, [1]],
    ['a.JSON', '[1,2,3]', undefined, [1, 2, 3]],
    ['a.csv', 'h\n1\n"2\n3"\n', undefined, [{ h: '1' }, { h: '2\n3' }]],
    ['a.list', 'x\n', undefined, ['x']],
    ['a.data', '{"a":1}\n', 'ndjson', [{ a: 1 }]],
  ];
  for (const [name, content, format, values] of cases) {
    test(`${name} is read by its ending${format === undefined ? '' : ` or as ${format}`}, and counted`, async () => {
      const from = source(name, content, format);
      assert.deepEqual(await read(from), values);
      assert.equal(await from.count(), values.length);
    });
  }

  test('a bad file is reported by reading it, not by counting it', async () => {
    const from = source('bad.json', '{');
    assert.equal(await from.count(), undefined);
    await assert.rejects(read(from), /bad\.json, line 1: is not JSON/);
    await assert.rejects(read(fileSource('gone.txt', join(folder, 'gone.txt'), { format: undefined, nul: false })), /gone\.txt: cannot be read \(ENOENT\)/);
  });

  test('lines may end with NUL', async () => assert.deepEqual(await read(source('n.txt', 'a\nb\0c', undefined, true)), ['a\nb', 'c']));
});

test('stdin is lines unless a format is named, and cannot be counted', async () => {
  async function* bytes(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('1\n2\n');
  }
  assert.deepEqual(await read(stdinSource(bytes(), { format: undefined, nul: false })), ['1', '2']);
  assert.deepEqual(await read(stdinSource(bytes(), { format: 'ndjson', nul: false })), [1, 2]);
  assert.equal(await stdinSource(bytes(), { format: undefined, nul: false }).count(), undefined);
});
