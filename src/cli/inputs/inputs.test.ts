import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { countSources, findSources, readAll } from './inputs.js';
import type { InputRequest } from './inputs.js';

let folder = '';
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'millrace-inputs-'));
  for (const name of ['a.jpg', 'b.jpg', 'c[1].jpg']) writeFileSync(join(folder, name), '');
  writeFileSync(join(folder, 'list.txt'), 'l1\nl2\n');
  writeFileSync(join(folder, 'rows.json'), '[{"id":1}]');
});
after(() => rmSync(folder, { recursive: true }));

async function inputs(request: Partial<InputRequest>, isTTY = true): Promise<{ values: unknown[]; total: number | undefined }> {
  async function* stdin(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('s1\ns2\n');
  }
  const host = { cwd: folder, stdin: Object.assign(stdin(), { isTTY }) };
  const sources = await findSources({ words: [], groups: [], files: [], format: undefined, nul: false, ...request }, host);
  const total = await countSources(sources);
  const values: unknown[] = [];
  for await (const value of readAll(sources)) values.push(value);
  return { values, total };
}

describe('findSources', () => {
  test('words, globs, groups and files come in this order', async () => {
    const { values, total } = await inputs({
      words: ['w', '[ab].jpg'],
      groups: [
        { kind: 'inputs', values: ['*', 'x'] },
        { kind: 'files', values: ['list.txt'] },
      ],
      files: ['rows.json'],
    });
    assert.deepEqual(values, ['w', 'a.jpg', 'b.jpg', '*', 'x', 'l1', 'l2', { id: 1 }]);
    assert.equal(total, 8);
  });

  test('a word with wildcards that is a file is that file', async () => assert.deepEqual((await inputs({ words: ['c[1].jpg'] })).values, ['c[1].jpg']));

  test('stdin is read when nothing else is named and it is no terminal, or for -', async () => {
    assert.deepEqual(await inputs({}, false), { values: ['s1', 's2'], total: undefined });
    assert.deepEqual((await inputs({ words: ['-', 'x'] })).values, ['s1', 's2', 'x']);
    assert.deepEqual((await inputs({ files: ['-'] })).values, ['s1', 's2']);
    assert.deepEqual((await inputs({ words: ['x'] }, false)).values, ['x']);
  });

  test('what cannot be found is refused before anything runs', async () => {
    await assert.rejects(inputs({}), /no inputs: name them after the function/);
    await assert.rejects(inputs({ words: ['*.png'] }), /\*\.png: no file matches/);
    await assert.rejects(inputs({ files: ['gone.csv'] }), /gone\.csv: there is no such file of inputs/);
    await assert.rejects(inputs({ words: ['-'], files: ['-'] }), /named twice/);
  });
});
